"""Stretches in which nothing arrived of somebody who is in the call: pure, from the samples. Calls loop."""

from dataclasses import dataclass

from core.model.call import ParticipantId
from core.model.sample import Direction, RtpSample, Vantage

SHORTEST_S = 1.0
"""A gap that is shorter cannot be told from a sample that came late."""


@dataclass(frozen=True, slots=True)
class Gap:
    """From the last packet before it to the first one after it, in seconds on the call's clock, to about a second."""

    start_s: float
    end_s: float


class GapWatch:
    """Finds gaps whichever way a voice comes back: on the same leg, or on a new one."""

    def __init__(self) -> None:
        self._heard_until_s: dict[ParticipantId, float] = {}

    def add(self, participant_id: ParticipantId, sample: RtpSample) -> Gap | None:
        """Take a sample on the call's clock. Returns the gap that it ends."""
        arrived = sample.direction is Direction.INBOUND and sample.vantage is Vantage.SERVER and sample.packets > 0
        if not arrived:
            return None
        begins_s = sample.at_s - sample.period_s
        former_s = self._heard_until_s.get(participant_id)
        self._heard_until_s[participant_id] = sample.at_s
        if former_s is None or begins_s - former_s < SHORTEST_S:
            return None
        return Gap(former_s, begins_s)

    def leave(self, participant_id: ParticipantId) -> None:
        """Somebody left on purpose: what is not heard until they are back is no gap."""
        self._heard_until_s.pop(participant_id, None)
