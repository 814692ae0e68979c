"""Samples from the figures of a browser's connection: differences of what `getStats()` counts (W3C webrtc-stats).

The browser is the participant: what it sends is inbound, as the server would see it. Only sound is looked at.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from core.model.call import LegId
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.dump_events import EventLog
from core.quality.stat_series import StatSeries

SHORTEST_PERIOD_S = 0.75
"""Polls that come faster are taken together."""


@dataclass(slots=True)
class Connection:
    """One connection of a browser, as a dump tells of it."""

    id: str
    log: EventLog = field(default_factory=EventLog)
    reports: dict[str, StatSeries] = field(default_factory=dict)
    """By their ids."""

    def of_kind(self, *kinds: str) -> Iterator[StatSeries]:
        """The reports of some types that hold anything."""
        return (report for report in self.reports.values() if report.kind in kinds and report.times)

    @property
    def videos(self) -> int:
        """How many streams of pictures it has."""
        return sum(1 for report in self.of_kind("outbound-rtp", "inbound-rtp") if report.is_video)


@dataclass(frozen=True, slots=True)
class ConnectionSamples:
    """The samples of a connection; a leg for each pair of a sent and a received stream. Times: Unix epoch."""

    samples: tuple[RtpSample, ...]
    listeners: frozenset[LegId]
    """Legs that send no sound."""


def connection_samples(connection: Connection, leg_name: str) -> ConnectionSamples:
    """What a connection's figures say, in the order of their times. Pure; any thread."""
    sent = _audio(connection, "outbound-rtp")
    received = _audio(connection, "inbound-rtp")
    samples: list[RtpSample] = []
    listeners: set[LegId] = set()
    path = _Path(connection)
    for number in range(max(len(sent), len(received))):
        leg_id = LegId(leg_name if number == 0 else f"{leg_name}/{number + 1}")
        if number < len(sent):
            samples.extend(_sent(connection, sent[number], leg_id, path))
        else:
            listeners.add(leg_id)
        if number < len(received):
            samples.extend(_received(connection, received[number], leg_id, path))
    return ConnectionSamples(tuple(sorted(samples, key=lambda sample: sample.at_s)), frozenset(listeners))


def _audio(connection: Connection, kind: str) -> list[StatSeries]:
    """The streams of sound, those that began first before the others."""
    return sorted(
        (report for report in connection.of_kind(kind) if not report.is_video),
        key=lambda each: (each.times[0], each.id),
    )


def _periods(report: StatSeries) -> Iterator[tuple[int, int]]:
    """The polls between which differences are taken."""
    before = 0
    for index in range(1, len(report.times)):
        if report.times[index] - report.times[before] >= SHORTEST_PERIOD_S:
            yield before, index
            before = index


def _rise(report: StatSeries, name: str, before: int, now: int) -> float | None:
    """By how much a counter rose; None where it is missing, or began anew."""
    first, last = report.number(name, before), report.number(name, now)
    return None if first is None or last is None or last < first else last - first


def _ratio(part: float | None, whole: float | None, scale: float) -> float | None:
    return None if part is None or not whole else scale * part / whole


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000.0


def _dbfs(level: float | None) -> float | None:
    """A level of 0 to 1 in dBFS; silence is as low as an audio level of RFC 6464 can be."""
    return None if level is None else max(-127.0, 20.0 * math.log10(level)) if level > 0 else -127.0


@dataclass(slots=True)
class _FarReport:
    """What the far end last reported of what the browser sends."""

    key: tuple[float | None, ...] = ()
    sent: float = 0.0
    lost: float = 0.0


def _sent(connection: Connection, stream: StatSeries, leg_id: LegId, path: "_Path") -> Iterator[RtpSample]:
    far = _far_report(connection, stream)
    source = _source(connection, stream)
    last: _FarReport | None = None
    for before, now in _periods(stream):
        at = stream.times[now]
        packets, octets = (_rise(stream, name, before, now) for name in ("packetsSent", "bytesSent"))
        if packets is None or octets is None:
            continue
        lost = expected = jitter = rtt = None
        index = far.index_at(at) if far is not None else None
        if far is not None and index is not None:
            jitter = _milliseconds(far.number("jitter", index))
            rtt = _milliseconds(far.number("roundTripTime", index))
            reported = _FarReport(
                tuple(
                    far.number(name, index)
                    for name in ("roundTripTimeMeasurements", "totalRoundTripTime", "packetsLost", "jitter")
                ),
                stream.number("packetsSent", now) or 0.0,
                far.number("packetsLost", index) or 0.0,
            )
            if last is not None and reported.key != last.key:
                lost, expected = int(reported.lost - last.lost), int(reported.sent - last.sent)
            if last is None or reported.key != last.key:
                last = reported
        heard = source.index_at(at) if source is not None else None
        yield path.on(
            RtpSample(
                leg_id=leg_id,
                direction=Direction.INBOUND,
                vantage=Vantage.BROWSER,
                at_s=at,
                period_s=at - stream.times[before],
                packets=int(packets),
                octets=int(octets),
                lost=lost,
                expected=expected,
                jitter_ms=jitter,
                rtt_ms=path.rtt_ms(at) if rtt is None else rtt,
                level_dbfs=_dbfs(source.number("audioLevel", heard))
                if source is not None and heard is not None
                else None,
                packet_send_delay_ms=_ratio(_rise(stream, "totalPacketSendDelay", before, now), packets, 1000.0),
            )
        )


def _received(connection: Connection, stream: StatSeries, leg_id: LegId, path: "_Path") -> Iterator[RtpSample]:
    # Before Chromium 89 the figures of the jitter buffer were told of the track, not of the stream.
    track = connection.reports.get(stream.text("trackId"))
    for before, now in _periods(stream):
        at = stream.times[now]
        packets, octets = (_rise(stream, name, before, now) for name in ("packetsReceived", "bytesReceived"))
        if packets is None or octets is None:
            continue
        lost_before, lost_now = stream.number("packetsLost", before), stream.number("packetsLost", now)
        buffered, start, end = stream, before, now
        if track is not None and "jitterBufferDelay" not in stream.values:
            first, last = track.index_at(stream.times[before]), track.index_at(at)
            if first is not None and last is not None:
                buffered, start, end = track, first, last
        emitted = _rise(buffered, "jitterBufferEmittedCount", start, end)
        played = _rise(buffered, "totalSamplesReceived", start, end)
        concealed = _rise(buffered, "concealedSamples", start, end)
        silent = _rise(buffered, "silentConcealedSamples", start, end) or 0.0
        slower, faster = (
            _rise(buffered, name, start, end)
            for name in ("insertedSamplesForDeceleration", "removedSamplesForAcceleration")
        )
        yield path.on(
            RtpSample(
                leg_id=leg_id,
                direction=Direction.OUTBOUND,
                vantage=Vantage.BROWSER,
                at_s=at,
                period_s=at - stream.times[before],
                packets=int(packets),
                octets=int(octets),
                lost=None if lost_before is None or lost_now is None else int(lost_now - lost_before),
                jitter_ms=_milliseconds(stream.number("jitter", now)),
                rtt_ms=path.rtt_ms(at),
                level_dbfs=_dbfs(buffered.number("audioLevel", end)),
                jitter_buffer_ms=_ratio(_rise(buffered, "jitterBufferDelay", start, end), emitted, 1000.0),
                jitter_buffer_target_ms=_ratio(_rise(buffered, "jitterBufferTargetDelay", start, end), emitted, 1000.0),
                jitter_buffer_total_s=buffered.number("jitterBufferDelay", end),
                concealed_pct=_ratio(None if concealed is None else max(0.0, concealed - silent), played, 100.0),
                stretched_pct=_ratio(None if slower is None or faster is None else slower + faster, played, 100.0),
            )
        )


def _far_report(connection: Connection, stream: StatSeries) -> StatSeries | None:
    """The far end's reports on a stream: they name it, or have its SSRC, or are the only ones."""
    reports = [report for report in connection.of_kind("remote-inbound-rtp") if not report.is_video]
    for report in reports:
        if report.text("localId") == stream.id:
            return report
        ssrc = report.number("ssrc", -1)
        if ssrc is not None and ssrc == stream.number("ssrc", -1):
            return report
    return reports[0] if len(reports) == 1 else None


def _source(connection: Connection, stream: StatSeries) -> StatSeries | None:
    """Where a stream's sound comes from: its source or, in old versions, its track."""
    for name in ("mediaSourceId", "trackId"):
        named = connection.reports.get(stream.text(name))
        if named is not None and named.times:
            return named
    sources = [report for report in connection.of_kind("media-source") if not report.is_video]
    return sources[0] if len(sources) == 1 else None


class _Path:
    """The pair of candidates in use, and the path's state, at any moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._transport = next(connection.of_kind("transport"), None)
        self._pairs = list(connection.of_kind("candidate-pair"))

    def rtt_ms(self, at: float) -> float | None:
        """The round-trip time of ICE's own checks."""
        pair = self._pair(at)
        index = pair.index_at(at) if pair is not None else None
        return (
            _milliseconds(pair.number("currentRoundTripTime", index))
            if pair is not None and index is not None
            else None
        )

    def on(self, sample: RtpSample) -> RtpSample:
        """A sample with what is known of the path at its time."""
        placed = replace(sample, path_state=self._connection.log.state_at(sample.at_s))
        pair = self._pair(sample.at_s)
        if pair is None:
            return placed
        index = pair.index_at(sample.at_s)
        local = self._connection.reports.get(pair.text("localCandidateId", index if index is not None else -1))
        remote = self._connection.reports.get(pair.text("remoteCandidateId", index if index is not None else -1))
        return replace(
            placed,
            local_candidate=_candidate_type(local),
            remote_candidate=_candidate_type(remote),
            path_transport=_transport(local),
            path_id=pair.id,
        )

    def _pair(self, at: float) -> StatSeries | None:
        if self._transport is not None and (index := self._transport.index_at(at)) is not None:
            chosen = self._connection.reports.get(self._transport.text("selectedCandidatePairId", index))
            if chosen is not None:
                return chosen
        for pair in self._pairs:
            index = pair.index_at(at)
            if index is None:
                continue
            if pair.flag("selected", index) or (
                pair.flag("nominated", index) and pair.text("state", index) == "succeeded"
            ):
                return pair
        return None


def _candidate_type(candidate: StatSeries | None) -> CandidateType | None:
    text = candidate.text("candidateType") if candidate is not None else ""
    # Older versions say what libwebrtc says.
    text = {"serverreflexive": "srflx", "peerreflexive": "prflx", "relayed": "relay"}.get(text, text)
    return CandidateType(text) if text in set(CandidateType) else None


def _transport(local: StatSeries | None) -> PathTransport | None:
    text = (local.text("relayProtocol") or local.text("protocol")) if local is not None else ""
    return PathTransport(text) if text in set(PathTransport) else None


def note_candidates(connection: Connection) -> None:
    """Tell the connection's log of the candidates that its figures name: a log that began late has not seen them."""
    for report in connection.of_kind("local-candidate", "remote-candidate"):
        kind, transport = _candidate_type(report), report.text("relayProtocol") or report.text("protocol")
        if kind is not None and transport:
            connection.log.add_candidate(f"{kind.value}/{transport}", report.kind == "local-candidate")
