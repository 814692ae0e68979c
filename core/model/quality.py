"""How good a call sounds, judged from its samples: scores and alerts."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.call import LegId
from core.model.diagnosis import Diagnosis
from core.model.sample import Direction, Vantage


class Band(StrEnum):
    """What a mean opinion score means, best first."""

    EXCELLENT = "excellent"
    GREAT = "great"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Score:
    """An estimated mean opinion score of one leg and direction, with all that it was computed from."""

    leg_id: LegId
    direction: Direction
    at_s: float
    """The call's clock."""
    mos: float
    """1 (worst) to about 4.4."""
    band: Band
    rtt_ms: float
    jitter_ms: float
    loss_pct: float
    vantage: Vantage = Vantage.SERVER
    """Who measured."""
    estimated: frozenset[str] = frozenset()
    """Which of the figures above were not measured for this direction and moment: they hold from the other direction,
    or from the far end's last report. The rest is measured; where one is missing there is no score."""


class AlertKind(StrEnum):
    """What can be wrong with a leg's network, worst first."""

    NO_FRAMES = "no_frames"
    """Nothing has ever come from a leg that is connected."""
    NO_MEDIA = "no_media"
    ONE_WAY_AUDIO = "one_way_audio"
    ICE_DISCONNECTED = "ice_disconnected"
    """The browser has lost its path to the server."""
    DEAD_MICROPHONE = "dead_microphone"
    LOW_MOS = "low_mos"
    PACKET_LOSS = "packet_loss"
    CONCEALMENT = "concealment"
    """Much of the sound is made up, because nothing came in time."""
    HIGH_RTT = "high_rtt"
    HIGH_JITTER = "high_jitter"
    JITTER_BUFFER_GROWTH = "jitter_buffer_growth"
    """The jitter buffer grows though the network is clean."""
    PATH_FLAPPING = "path_flapping"
    SLOW_SET_UP = "slow_set_up"
    STATS_GAP = "stats_gap"


UNHEARD = frozenset({AlertKind.NO_FRAMES, AlertKind.NO_MEDIA, AlertKind.ONE_WAY_AUDIO, AlertKind.ICE_DISCONNECTED})
"""Somebody is not heard at all, or hears nobody: worse than any bad sound."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that was wrong for a while, or still is. Times are on the call's clock."""

    leg_id: LegId
    kind: AlertKind
    direction: Direction | None
    """None where it is about the leg as a whole."""
    raised_at_s: float
    limit: float
    """What the figures went beyond: ms, percent, points, or seconds without."""
    evidence: tuple[float, ...]
    """The figures that raised it, oldest first, in the limit's unit."""
    worst: float
    """The worst figure so far."""
    cleared_at_s: float | None = None
    """None while it goes on."""
    vantage: Vantage = Vantage.SERVER
    """Who measured what raised it."""

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.cleared_at_s is None


@dataclass(frozen=True, slots=True)
class BufferDrift:
    """How a browser's jitter buffer grows or shrinks: a robust slope of its mean delay over the last minutes."""

    leg_id: LegId
    slope_ms_per_min: float
    low_ms_per_min: float
    """The lower end of the slope's 95 % interval."""
    high_ms_per_min: float
    span_s: float
    """Over how long it was fitted."""
    delay_ms: float
    """The median delay of the last ten seconds."""


@dataclass(frozen=True, slots=True)
class CallQuality:
    """What the samples of a call say about it so far."""

    scores: tuple[Score, ...] = ()
    """The latest score of each leg, direction and vantage that has one; the mean ones when the call has ended."""
    alerts: tuple[Alert, ...] = ()
    """In the order in which they were raised."""
    drifts: tuple[BufferDrift, ...] = ()
    """Of each leg whose browser has told for long enough."""
    diagnoses: tuple[Diagnosis, ...] = ()
    """Worst first."""
