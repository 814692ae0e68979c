"""The alert about a jitter buffer that grows though the network is clean."""

from collections import deque
from statistics import fmean, median
from typing import NamedTuple

import numpy as np

from core.model.call import LegId
from core.model.quality import AlertKind
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alert_log import AlertKey, AlertLog
from core.quality.drift import (
    CLEAN_JITTER_MS,
    CLEAN_LOSS_PCT,
    GROWTH_LIMIT,
    GROWTH_OVER,
    GROWTH_S,
    STEP_S,
    growth,
)


class _Step(NamedTuple):
    """Ten seconds of one leg."""

    minutes: float
    delay_ms: float
    is_clean: bool


class _Growth:
    """The last two minutes of one leg."""

    def __init__(self) -> None:
        self._number = 0
        self._samples: list[RtpSample] = []
        self._steps: deque[_Step] = deque(maxlen=round(GROWTH_S / STEP_S))

    def add(self, sample: RtpSample) -> float | None:
        """Take a sample. Returns the growth in ms a minute whenever there is a new one."""
        number = int(sample.at_s // STEP_S)
        ended = bool(self._samples) and number > self._number
        if ended:
            self._close()
        self._number = max(number, self._number)
        self._samples.append(sample)
        return self._growth() if ended else None

    def _close(self) -> None:
        delays = [sample.jitter_buffer_ms for sample in self._samples if sample.jitter_buffer_ms is not None]
        jitters = [sample.jitter_ms for sample in self._samples if sample.jitter_ms is not None]
        lost = sum(sample.lost or 0 for sample in self._samples)
        expected = sum(sample.packets for sample in self._samples) + lost
        self._samples = []
        if delays:
            is_even = not jitters or fmean(jitters) < CLEAN_JITTER_MS
            is_whole = expected <= 0 or 100.0 * lost / expected < CLEAN_LOSS_PCT
            self._steps.append(_Step((self._number + 0.5) * STEP_S / 60.0, median(delays), is_even and is_whole))

    def _growth(self) -> float | None:
        first, last = self._steps[0], self._steps[-1]
        if len(self._steps) < GROWTH_S / STEP_S or (last.minutes - first.minutes) * 60.0 > GROWTH_S:
            return None
        if not all(step.is_clean for step in self._steps):
            return None
        return growth(np.array([step.minutes for step in self._steps]), np.array([s.delay_ms for s in self._steps]))


class GrowthWatch:
    """Judges what each browser tells of its jitter buffer."""

    def __init__(self, log: AlertLog) -> None:
        self._log = log
        self._legs: dict[LegId, _Growth] = {}

    def add(self, sample: RtpSample) -> None:
        """Take the next sample."""
        if sample.vantage is not Vantage.BROWSER or sample.jitter_buffer_ms is None:
            return
        grown = self._legs.setdefault(sample.leg_id, _Growth()).add(sample)
        key = AlertKey(sample.leg_id, AlertKind.JITTER_BUFFER_GROWTH, Direction.OUTBOUND, Vantage.BROWSER)
        if grown is None:
            return
        if grown > GROWTH_LIMIT:
            self._log.open(key, sample.at_s, GROWTH_LIMIT, (grown,))
            self._log.worsen(key, max(grown, self._log.worst(key)))
        elif grown < GROWTH_OVER:
            self._log.clear(key, sample.at_s)

    def end_leg(self, leg_id: LegId) -> None:
        """A leg is over; idempotent."""
        self._legs.pop(leg_id, None)
