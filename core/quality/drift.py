"""How a browser's jitter buffer grows: a robust line through its mean delay over the last minutes.

The browser's own counter `jitterBufferDelay` sums the waiting of every sample of sound and rises for ever; the mean
delay of each second is its difference by that of `jitterBufferEmittedCount`. A slope of that mean is the drift.
"""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from statistics import median

import numpy as np
import numpy.typing as npt

from core.model.call import LegId
from core.model.quality import BufferDrift
from core.model.sample import Direction, RtpSample, Vantage

STEP_S = 10.0
"""The delays of so long are one point, their median: those of neighbouring seconds hang together, and an interval that
took them for independent would be too narrow."""
WINDOW_S = 300.0
SHORTEST_S = 60.0
"""Less says nothing."""
GROWTH_S = 120.0
"""A buffer that grows does so for at least so long."""
GROWTH_LIMIT = 10.0
"""ms a minute, from which on it grows."""
GROWTH_OVER = 2.0
"""ms a minute, below which it does no more."""
CLEAN_LOSS_PCT = 0.5
CLEAN_JITTER_MS = 20.0
"""A network with less of either asks for no longer buffer."""
Z95 = 1.959964
"""The standard normal distribution's quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope and its 95 % interval."""

    value: float
    low: float
    high: float


def theil_sen(x: npt.ArrayLike, y: npt.ArrayLike) -> Slope:
    """The median of the slopes of all pairs of points, of which there must be two with different `x`.

    The interval is Sen's (1968, Journal of the American Statistical Association 63, section 4): by the variance of
    Kendall's statistic without ties, n (n - 1) (2n + 5) / 18, so many of the slopes in their order lie outside of it.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    one, other = _pairs(len(xs))
    runs = xs[other] - xs[one]
    slopes = np.sort((ys[other] - ys[one])[runs != 0] / runs[runs != 0])
    n, count = len(xs), len(slopes)
    reach = Z95 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, round((count - reach) / 2) - 1)
    high = min(count - 1, round((count + reach) / 2))
    middle = float(slopes[(count - 1) // 2] + slopes[count // 2]) / 2
    return Slope(middle, float(slopes[low]), float(slopes[high]))


@lru_cache(maxsize=64)
def _pairs(points: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    return np.triu_indices(points, 1)


def growth(minutes: npt.NDArray[np.float64], delays_ms: npt.NDArray[np.float64]) -> float:
    """How fast a buffer grows over `GROWTH_S`, in ms a minute, from a point for every `STEP_S`.

    One that only stepped up once is no growing one: each half of the time must show it, too, and the interval must
    leave no doubt. Otherwise what is above `GROWTH_OVER` is not counted.
    """
    slope = theil_sen(minutes, delays_ms)
    if slope.value <= GROWTH_OVER:
        return slope.value
    half = len(minutes) // 2
    early, late = theil_sen(minutes[:half], delays_ms[:half]), theil_sen(minutes[half:], delays_ms[half:])
    is_growing = slope.low > GROWTH_OVER and min(early.value, late.value) > GROWTH_LIMIT / 2
    return slope.value if is_growing else min(slope.value, GROWTH_OVER)


class _Buffer:
    """One leg's jitter buffer."""

    def __init__(self, leg_id: LegId) -> None:
        self._leg_id = leg_id
        self._points: deque[tuple[float, float]] = deque(maxlen=round(WINDOW_S / STEP_S))
        self._step = 0
        self._delays: list[float] = []
        self.drift: BufferDrift | None = None

    def add(self, at_s: float, delay_ms: float) -> None:
        step = int(at_s // STEP_S)
        if step > self._step and self._delays:
            self._points.append(((self._step + 0.5) * STEP_S, median(self._delays)))
            self._delays = []
            self._fit()
        self._step = max(step, self._step)
        self._delays.append(delay_ms)

    def _fit(self) -> None:
        while self._points[-1][0] - self._points[0][0] > WINDOW_S:
            self._points.popleft()
        span_s = self._points[-1][0] - self._points[0][0] + STEP_S
        if span_s < SHORTEST_S or len(self._points) * STEP_S < span_s / 2:
            self.drift = None
            return
        at_s, delay_ms = zip(*self._points, strict=True)
        slope = theil_sen(np.array(at_s) / 60.0, delay_ms)
        self.drift = BufferDrift(self._leg_id, slope.value, slope.low, slope.high, span_s, delay_ms[-1])


class DriftWatch:
    """The drift of every leg whose browser tells of its jitter buffer; a leg is fitted anew every `STEP_S`.

    Samples come in the order of their times; one thread at a time.
    """

    def __init__(self) -> None:
        self._buffers: dict[LegId, _Buffer] = {}
        self._ended: dict[LegId, BufferDrift] = {}

    def add(self, sample: RtpSample) -> None:
        """Take the next sample of any kind."""
        if sample.vantage is not Vantage.BROWSER or sample.direction is not Direction.OUTBOUND:
            return
        if sample.jitter_buffer_ms is not None:
            buffer = self._buffers.setdefault(sample.leg_id, _Buffer(sample.leg_id))
            buffer.add(sample.at_s, sample.jitter_buffer_ms)

    def end_leg(self, leg_id: LegId) -> None:
        """A leg is over; idempotent."""
        buffer = self._buffers.pop(leg_id, None)
        if buffer is not None and buffer.drift is not None:
            self._ended[leg_id] = buffer.drift

    @property
    def drifts(self) -> tuple[BufferDrift, ...]:
        """Of each leg that goes on and has told for long enough."""
        return tuple(buffer.drift for buffer in self._buffers.values() if buffer.drift is not None)

    @property
    def final(self) -> tuple[BufferDrift, ...]:
        """The last one of each leg that has told for long enough, of those that are over, too."""
        return (*self._ended.values(), *self.drifts)
