"""What a file tells of a call that was not ours: a browser's dump, or samples that were taken along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.model.call import LegId
from core.model.leg_facts import LegFacts
from core.model.sample import RtpSample
from core.model.snapshot import Note


class ImportKind(StrEnum):
    """Kinds of files that can be read."""

    WEBRTC_INTERNALS = "webrtc_internals"
    """What chrome://webrtc-internals saves as a dump: one JSON object."""
    RTCSTATS = "rtcstats"
    """The RTCStats dump that newer ones save, too: a JSON array a line."""
    SAMPLES = "samples"
    """Parquet of ours."""


class LeftOut(StrEnum):
    """What a file holds and nobody looks at."""

    VIDEO = "video"
    """Video streams."""
    SILENT_CONNECTIONS = "silent_connections"
    """Connections without a figure about sound."""
    SAMPLES = "samples"
    """Figures beyond as many as are read of one file."""
    UNTIMED_EVENTS = "untimed_events"
    """Events whose time is written in a way that cannot be read."""


@dataclass(frozen=True, slots=True)
class ImportedCall:
    """One file. A leg is one connection of the browser, seen from it: `inbound` is what it sends.

    Times are on a clock of the file's own, which begins with the first thing that it tells.
    """

    name: str
    """The file's name, without folders."""
    kind: ImportKind
    samples: tuple[RtpSample, ...]
    """In the order of their times."""
    leg_facts: Mapping[LegId, LegFacts] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    begun_at: float | None = None
    """When its clock begins, in seconds since the Unix epoch; None where the file does not tell."""
    browser: str = ""
    """Family and major version of the browser that wrote it; empty where it does not tell."""
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)

    @property
    def end_s(self) -> float:
        """The time of its last figure."""
        return self.samples[-1].at_s if self.samples else 0.0
