"""What is behind the trouble of a call that goes on: diagnosed anew every few seconds from the latest minutes."""

from bisect import insort_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis
from core.model.leg_facts import LegFacts
from core.model.sample import Direction, RtpSample
from core.model.snapshot import Note
from core.quality.diagnosis import diagnose, worst_first

WINDOW_S = 180.0
"""The slowest cause shows within two minutes."""
EVERY_S = 5.0
SAME_S = 20.0
"""A cause that comes back within so long is the same trouble."""
KEPT = 60
"""Diagnoses of one call that are kept; beyond it the oldest that are over are forgotten."""
_Key = tuple[Cause, LegId | None, Direction | None]


class DiagnosisWatch:
    """Diagnoses one call. Nothing here reads a clock. One thread at a time.

    What is seen in the window replaces what was seen there before: a cause that later figures have taken back is gone.
    What lies before the window stays as it was.
    """

    def __init__(self) -> None:
        self._samples: list[RtpSample] = []
        self._due_s = 0.0
        self._diagnosed_s = 0.0
        self._known: tuple[Diagnosis, ...] = ()

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What is known by now, worst first."""
        return self._known

    def add(self, sample: RtpSample) -> None:
        """Take a sample; those of browsers may come late."""
        insort_right(self._samples, sample, key=_at_s)

    def tick(
        self, now_s: float, facts: Mapping[LegId, LegFacts], notes: Sequence[Note], *, is_over: bool = False
    ) -> None:
        """Diagnose, if it is time to, or if the call is over.

        Args:
            now_s: The time on the call's clock.
            facts: What is known of all its legs.
            notes: What it has noted, with what goes on and has no end yet.
            is_over: Whether it has ended.
        """
        if now_s < self._due_s and not is_over:
            return
        self._due_s = now_s + EVERY_S
        since_s = now_s - WINDOW_S
        self._samples = [sample for sample in self._samples if sample.at_s > since_s]
        found = diagnose(self._samples, facts, notes, now_s if is_over else None)
        self._known = worst_first(self._merged(found, since_s))[:KEPT]
        self._diagnosed_s = now_s

    def _merged(self, found: Sequence[Diagnosis], since_s: float) -> list[Diagnosis]:
        merged = list(found)
        for former in self._known:
            end_s = self._diagnosed_s if former.end_s is None else former.end_s
            same = next((i for i, each in enumerate(merged) if _is_same(former, end_s, each)), None)
            if same is not None:
                merged[same] = replace(merged[same], start_s=min(former.start_s, merged[same].start_s))
            elif former.start_s < since_s:
                merged.append(replace(former, end_s=end_s))
        return merged


def _at_s(sample: RtpSample) -> float:
    return sample.at_s


def _is_same(former: Diagnosis, end_s: float, found: Diagnosis) -> bool:
    key: _Key = (former.cause, former.leg_id, former.direction)
    return key == (found.cause, found.leg_id, found.direction) and found.start_s <= end_s + SAME_S
