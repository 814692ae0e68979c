"""A call's figures: put on its clock, judged, shown and kept."""

from dataclasses import replace
from typing import Protocol

from core.calls.gaps import GapWatch
from core.calls.record import CallRecord
from core.calls.roster import Roster
from core.calls.services import CallServices
from core.model.call import CallState, ParticipantId
from core.model.sample import RtpSample
from core.quality.alerts import QualityWatch


class TellOf(Protocol):
    """Adds a line to the call's history."""

    def __call__(self, code: str, subject: str = "", at_s: float | None = None, until_s: float | None = None) -> None:
        """See `Note`."""


class Measuring:
    """What is measured in one call. Lives on the calls loop; only `CallSession` touches it."""

    def __init__(self, record: CallRecord, services: CallServices, roster: Roster, note: TellOf) -> None:
        self._record = record
        self._services = services
        self._roster = roster
        self._note = note
        self._samples: list[RtpSample] = []
        self._quality = QualityWatch()
        self._gaps = GapWatch()

    def measured(self, sample: RtpSample) -> None:
        """One second's figures of one leg, on the machine's monotonic clock; shown and kept with the next tick."""
        placed = replace(sample, at_s=sample.at_s - self._record.origin)
        self._samples.append(placed)
        owner = self._roster.participant(self._roster.leg(sample.leg_id).participant_id)
        if owner.role.speaks and (gap := self._gaps.add(owner.id, placed)):
            self._note("audio_missing", owner.name, gap.start_s, gap.end_s)

    def left(self, participant_id: ParticipantId) -> None:
        """Somebody left on purpose: what is not heard until they are back is no gap."""
        self._gaps.leave(participant_id)

    def tick(self) -> None:
        """Once a second, and when the call has ended: judge, show and keep what was measured since."""
        samples, self._samples = tuple(self._samples), []
        if samples:
            self._record.add_samples(samples)
            self._services.samples.keep(self._record.call.id, samples)
        for sample in samples:
            self._quality.add(sample)
        for leg_id in self._quality.legs - {leg.id for leg in self._roster.present_legs()}:
            self._quality.end_leg(leg_id)
        self._quality.tick(self._record.now_s())
        is_ended = self._record.call.state is CallState.ENDED
        self._record.set_quality(self._quality.final if is_ended else self._quality.quality)
