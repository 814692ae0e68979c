"""When figures raise an alert and when they clear it: hysteresis, so that one bad second is none.

Rules and thresholds are those of `docs/quality-metrics.md` in the project's design; most are twilio-voice.js's.
"""

from collections import deque

from core.model.quality import AlertKind

RECENT = 5
"""Figures that are looked at."""
TO_RAISE = 3
"""So many of them beyond the limit raise an alert; none clears it."""
LOSS_RECENT = 7
LOSS_MEAN_RAISE_PCT = 3.0
RTT_LIMIT_MS = 400.0
JITTER_LIMIT_MS = 30.0
LOSS_LIMIT_PCT = 1.0
MOS_LIMIT = 3.5
CONCEALMENT_LIMIT_PCT = 3.0
CONCEALMENT_CLEAR_PCT = 1.0
CONCEALMENT_RECENT = 15


class Threshold:
    """Decides on one alert from one figure: raised by three of the last five beyond the limit, cleared by none."""

    def __init__(self, limit: float, is_floor: bool = False, kept: int = LOSS_RECENT) -> None:
        """`is_floor`: what lies below the limit is beyond it; `kept`: so many figures are remembered."""
        self.limit = limit
        self._is_floor = is_floor
        self._figures: deque[float] = deque(maxlen=kept)

    def add(self, figure: float) -> None:
        """Take the next figure. A missing one is not added: it says nothing."""
        self._figures.append(figure)

    @property
    def recent(self) -> tuple[float, ...]:
        """The figures that decide, oldest first."""
        return tuple(self._figures)[-RECENT:]

    def is_beyond(self, figure: float) -> bool:
        """Whether a figure is worse than the limit."""
        return figure < self.limit if self._is_floor else figure > self.limit

    def worse(self, one: float, other: float) -> float:
        """The worse of two figures."""
        return min(one, other) if self._is_floor else max(one, other)

    @property
    def raises(self) -> bool:
        """Whether the figures raise the alert."""
        return sum(map(self.is_beyond, self.recent)) >= TO_RAISE

    @property
    def clears(self) -> bool:
        """Whether they clear it."""
        return len(self.recent) == RECENT and not any(map(self.is_beyond, self.recent))

    @property
    def _mean(self) -> float:
        return sum(self._figures) / len(self._figures)

    @property
    def _is_full(self) -> bool:
        return len(self._figures) == self._figures.maxlen


class LossThreshold(Threshold):
    """Loss comes in bursts: a bad mean raises it, too, and only a good mean clears it."""

    @property
    def recent(self) -> tuple[float, ...]:
        """See `Threshold`."""
        return tuple(self._figures) if self._mean_is_bad else tuple(self._figures)[-RECENT:]

    @property
    def raises(self) -> bool:
        """See `Threshold`."""
        return self._mean_is_bad or sum(map(self.is_beyond, tuple(self._figures)[-RECENT:])) >= TO_RAISE

    @property
    def clears(self) -> bool:
        """See `Threshold`."""
        # Small losses can be three of five and yet little in the mean: they would raise it anew every other second.
        return len(self._figures) >= RECENT and self._mean < self.limit and not self.raises

    @property
    def _mean_is_bad(self) -> bool:
        return self._is_full and self._mean > LOSS_MEAN_RAISE_PCT


class ConcealmentThreshold(Threshold):
    """Sound that was made up: a bad mean over fifteen seconds raises it, and a mean that is good clears it."""

    @property
    def recent(self) -> tuple[float, ...]:
        """See `Threshold`."""
        return tuple(self._figures)

    @property
    def raises(self) -> bool:
        """See `Threshold`."""
        return self._is_full and self._mean > self.limit

    @property
    def clears(self) -> bool:
        """See `Threshold`."""
        return self._is_full and self._mean < CONCEALMENT_CLEAR_PCT


def threshold_of(kind: AlertKind) -> Threshold:
    """A new threshold for a kind of alert that one figure decides."""
    match kind:
        case AlertKind.HIGH_RTT:
            return Threshold(RTT_LIMIT_MS)
        case AlertKind.HIGH_JITTER:
            return Threshold(JITTER_LIMIT_MS)
        case AlertKind.PACKET_LOSS:
            return LossThreshold(LOSS_LIMIT_PCT)
        case AlertKind.CONCEALMENT:
            return ConcealmentThreshold(CONCEALMENT_LIMIT_PCT, kept=CONCEALMENT_RECENT)
        case _:
            return Threshold(MOS_LIMIT, is_floor=True)
