"""The server in figures, for whoever watches many servers: no call, no person, no word is in here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.model.call import CallState
from core.model.health import PartState
from core.model.quality import AlertKind


@dataclass(frozen=True, slots=True)
class Distribution:
    """Many lengths of time, counted by how long they were."""

    bounds_s: tuple[float, ...]
    """Upper bounds, rising; what is longer than the last is in `count` alone."""
    counts: tuple[int, ...]
    """For each bound how many were not longer."""
    count: int = 0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class MediaFigures:
    """The media process's last second."""

    legs: int
    cpu_pct: float
    """In percent of one core."""
    loop_lag_p50_ms: float
    loop_lag_p99_ms: float


@dataclass(frozen=True, slots=True)
class SpeechFigures:
    """How speech recognition on this machine keeps up."""

    waiting_finals: int
    """Utterances that wait for their final text, those that are being recognised not among them."""
    oldest_s: float
    """Seconds since the end of the speech that waits longest for its final text; 0 where none waits."""
    skipped_interims: int
    """Interim texts that were left out for the load."""


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """All of it as of one moment. What counts, counts since the server started."""

    calls: Mapping[CallState, int]
    """Running ones by their state."""
    scores: Mapping[str, tuple[float, ...]]
    """`mos`, `rtt_ms`, `jitter_ms` and `loss_pct`: the latest of each leg and direction of the running calls."""
    alerts: Mapping[AlertKind, int]
    """Open ones of the running calls."""
    dropped: Mapping[str, int]
    """By queue: what all calls share, and what the running ones dropped of theirs."""
    parts: Mapping[str, PartState]
    media: MediaFigures | None
    """None until the media process has reported."""
    speech: SpeechFigures | None = None
    """None where a service recognises."""
    waits: Mapping[str, Distribution] = field(default_factory=dict)
    """`end_of_speech_to_final` and `end_of_speech_to_summary`."""
    failures: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By part (`assist`, `guidance`) and the error's name."""
    repeated: int = 0
    """Seconds of browsers' figures that came again and were left out; nothing is missing for it."""
