"""The figures of `getStats()` of one connection over time, as dumps hold them: for each report its values in a row."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

WANTED = frozenset(
    "kind mediaType packetsSent bytesSent packetsReceived bytesReceived packetsLost jitter roundTripTime "
    "totalRoundTripTime roundTripTimeMeasurements jitterBufferDelay jitterBufferTargetDelay jitterBufferEmittedCount "
    "concealedSamples silentConcealedSamples totalSamplesReceived insertedSamplesForDeceleration "
    "removedSamplesForAcceleration totalPacketSendDelay audioLevel totalAudioEnergy totalSamplesDuration "
    "currentRoundTripTime nominated selected state selectedCandidatePairId localCandidateId remoteCandidateId "
    "candidateType protocol relayProtocol networkType localId ssrc mediaSourceId trackId".split()
)
"""The fields that anything here is computed from; the others, most of a dump, are passed over."""
KINDS = frozenset(
    {
        *("outbound-rtp", "inbound-rtp", "remote-inbound-rtp", "media-source", "track", "candidate-pair", "transport"),
        *("local-candidate", "remote-candidate", "candidate"),
    }
)
"""The types of reports that anything here is computed from."""
OLD_IDS: Sequence[tuple[str, str]] = (
    ("RTCRemoteInboundRtp", "remote-inbound-rtp"),
    ("RTCOutboundRTP", "outbound-rtp"),
    ("RTCInboundRTP", "inbound-rtp"),
    ("RTCAudioSource", "media-source"),
    ("RTCVideoSource", "media-source"),
    ("RTCMediaStreamTrack", "track"),
    ("RTCIceCandidatePair", "candidate-pair"),
    ("RTCTransport", "transport"),
    ("RTCIceCandidate_", "candidate"),
)
"""Dumps from before Chromium 89 do not name the type of a report; its id tells."""
NEAR_S = 0.3
"""Reports of one poll have times that are this close together."""
STALE_S = 12.0
"""A value that is older says nothing of now: far ends report every five seconds."""

GREATEST = 1e15
"""No counter of a browser comes near it; what is greater is damage."""
LONGEST_TEXT = 256
"""Characters of a text that is looked at: ids and words."""
EARLIEST, LATEST = 1e9, 4e9
"""Between 2001 and 2096, in seconds since the Unix epoch: any other time is damage."""

Value = float | str | bool | None


def figure(value: object) -> float | None:
    """A number that can be computed with; None for everything else, be it no number, not finite or absurdly great."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= GREATEST and math.isfinite(value) else None


def moment(milliseconds: object) -> float | None:
    """A time in milliseconds since the Unix epoch, in seconds; None for what is none."""
    told = figure(milliseconds)
    return None if told is None or not EARLIEST <= told / 1000.0 <= LATEST else told / 1000.0


def kept_value(value: object) -> Value:
    """A value as it is kept; None for what nothing here is computed from."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else None
    return value if isinstance(value, bool) else figure(value)


@dataclass(slots=True)
class StatSeries:
    """One report (one id of `getStats()`) over time."""

    id: str
    kind: str
    times: list[float] = field(default_factory=list)
    """Seconds since the Unix epoch, rising."""
    values: dict[str, list[Value]] = field(default_factory=dict)
    """By field; each list is as long as `times`."""

    def number(self, name: str, index: int) -> float | None:
        """A figure at one of the times; None where there is none."""
        column = self.values.get(name)
        return figure(column[index]) if column is not None else None

    def text(self, name: str, index: int = -1) -> str:
        """A text at one of the times (the last without one), or the last before it; empty where there is none."""
        column = self.values.get(name, [])
        end = len(column) if index < 0 else index + 1
        return next((value for value in reversed(column[:end]) if isinstance(value, str)), "")

    def flag(self, name: str, index: int) -> bool:
        """Whether something held at one of the times."""
        column = self.values.get(name)
        return column is not None and column[index] in (True, "true", 1)

    def index_at(self, at: float) -> int | None:
        """The last of the times that is not after `at`; None where there is none that is near enough."""
        index = bisect_right(self.times, at + NEAR_S) - 1
        return index if index >= 0 and at - self.times[index] <= STALE_S else None

    @property
    def is_video(self) -> bool:
        """Whether it is about pictures."""
        kind = self.text("kind") or self.text("mediaType")
        return kind == "video" or (not kind and "Video" in self.id)


def kind_of_id(report_id: str) -> str:
    """The type of a report of an old dump, by its id; empty where it does not tell."""
    return next((kind for prefix, kind in OLD_IDS if report_id.startswith(prefix)), "")
