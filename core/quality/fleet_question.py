"""Questions over many calls, and their answers."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.call import CallId


class Metric(StrEnum):
    """A figure that calls are compared by."""

    MOS = "mos"
    JITTER = "jitter_ms"
    LOSS = "loss_pct"
    RTT = "rtt_ms"
    JITTER_BUFFER = "jitter_buffer_ms"
    CONCEALED = "concealed_pct"
    SET_UP = "set_up_s"
    FINAL = "final_s"
    SUMMARY = "summary_s"

    @property
    def is_better_high(self) -> bool:
        """Whether more of it is better; of the others less is."""
        return self is Metric.MOS

    @property
    def is_of_streams(self) -> bool:
        """Whether it belongs to one direction of a leg."""
        return self not in (Metric.SET_UP, Metric.FINAL, Metric.SUMMARY)

    @property
    def has_seconds(self) -> bool:
        """Whether sample files hold it second by second; a score is made of samples of both directions."""
        return self.is_of_streams and self is not Metric.MOS


class Group(StrEnum):
    """What figures are told apart by."""

    DAY = "day"
    """The reader's."""
    HOUR = "hour"
    """Of the reader's day, 0 to 23."""
    PARTICIPANT = "participant"
    BROWSER = "browser"
    NETWORK = "network"
    PATH = "path"
    LANGUAGE = "language"


class Counted(StrEnum):
    """What counts once."""

    CONNECTION = "connection"
    """Each direction of a leg with its mean; each leg with its set-up; each turn."""
    SECOND = "second"
    """Each second that was measured: long calls weigh more."""


class Measured(StrEnum):
    """Whose measurements."""

    SERVER = "server"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class FleetFilter:
    """Which calls, and what of them. An empty text is no condition."""

    since: float | None = None
    """Seconds since the Unix epoch; a call belongs to the moment at which it was made."""
    until: float | None = None
    """Exclusive."""
    language: str = ""
    participant: str = ""
    """The name, in full. With it, `browser` and `network` only that one's legs are looked at."""
    browser: str = ""
    network: str = ""
    origin: str = ""
    without: tuple[str, ...] = ()
    """Origins that are left out."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure over several calls: of 100, `p50` have half no worse, `p95` 95, `p99` 99."""

    key: str
    """Of the group; empty for all together, and for what nobody told."""
    calls: int
    count: int
    """How many values: connections, turns or seconds."""
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie between two borders, the lower one included."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the values of a figure spread. What lies beyond the last border is counted in the last bin."""

    bins: tuple[Bin, ...]
    count: int


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of a list. Figures are those of its worst connection; None where there is none."""

    call_id: CallId
    created_at: float
    length_s: float
    people: tuple[str, ...]
    language: str
    origin: str
    mos: float | None
    jitter_ms: float | None
    """Of nineteen of twenty seconds."""
    lost_pct: float | None
    rtt_ms: float | None
    trouble_s: float
    """How long alerts were open, added up."""
    alerts: tuple[str, ...]
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallLines:
    """A stretch of a list of calls."""

    lines: tuple[CallLine, ...]
    total: int


class IssueSource(StrEnum):
    """Who says that something was wrong."""

    ALERT = "alert"
    CAUSE = "cause"


@dataclass(frozen=True, slots=True)
class IssueLine:
    """One kind of trouble over several calls."""

    source: IssueSource
    kind: str
    calls: int
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What there is to choose from in a period."""

    participants: tuple[str, ...]
    browsers: tuple[str, ...]
    networks: tuple[str, ...]
    languages: tuple[str, ...]
    origins: tuple[str, ...]
    calls: int


class Verdict(StrEnum):
    """What a difference between two groups of calls is worth."""

    BETTER = "better"
    """The second group is, and chance alone would hardly do that."""
    WORSE = "worse"
    UNCLEAR = "unclear"
    """Chance alone could be behind it."""
    TOO_FEW = "too_few"
    """Too few calls to say anything."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two groups of calls; each call counts once, with the mean of its connections or turns."""

    metric: Metric
    calls: tuple[int, int]
    p50: tuple[float | None, float | None]
    p95: tuple[float | None, float | None]
    change: float | None
    """Of the median, from the first group to the second."""
    low: float | None
    """The lower end of the 95 % interval of `change`."""
    high: float | None
    verdict: Verdict
