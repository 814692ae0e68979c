"""Dumps of chrome://webrtc-internals as its versions write them, made from figures that a test states.

The forms are those of Chromium's own source (content/browser/webrtc/resources) at the versions named in `Form`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

BEGUN_MS = 1_795_896_000_000.0
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36"
)


class Form(StrEnum):
    """How the page wrote its dump."""

    NEWEST = "156"
    """Events with `timestamp`, `UserAgentData`, JSON configurations, a series of each report's own times."""
    STAMPED = "117"
    """A series of each report's own times; events with a clock of the user's."""
    TYPED = "96"
    """`statsType`, evenly spaced values, configurations and candidates that are no JSON."""
    OLD = "80"
    """Ids that begin with RTC, no `statsType`; the jitter buffer is the track's."""
    LEGACY = "legacy"
    """The getStats() from before the standard."""


@dataclass(frozen=True)
class Talk:
    """One connection that sends and receives sound."""

    seconds: int = 20
    name: str = "8-1"
    loss: float = 0.0
    """Share of the packets that are lost on the way to the browser."""
    jitter_s: float = 0.004
    rtt_s: float = 0.08
    buffer_s: float = 0.04
    buffer_growth_s: float = 0.0
    """By how much the jitter buffer's delay grows with each second."""
    is_listener: bool = False
    videos: int = 0
    relay: str = ""
    """`udp`, `tcp` or `tls`: by which transport the browser's relay is reached."""
    fails: bool = False
    """Whether no path is found: events, and no figures."""
    extra: dict[str, Any] = field(default_factory=dict)

    def reports(self, second: int) -> dict[str, dict[str, Any]]:
        """What getStats() says so many seconds after the beginning."""
        if self.fails:
            return {}
        count = 50 * second
        lost = round(count * self.loss)
        emitted = 960 * 50 * second
        delay = sum(self.buffer_s + self.buffer_growth_s * each for each in range(1, second + 1)) * 48_000
        local = {"type": "local-candidate", "candidateType": "relay" if self.relay else "host", "protocol": "udp"}
        if self.relay:
            local["relayProtocol"] = self.relay
        found: dict[str, dict[str, Any]] = {
            "IT01A1": {
                **{
                    "type": "inbound-rtp",
                    "kind": "audio",
                    "ssrc": 1,
                    "packetsReceived": count - lost,
                    "packetsLost": lost,
                },
                **{"bytesReceived": 60 * (count - lost), "jitter": self.jitter_s, "audioLevel": 0.1},
                **{"jitterBufferDelay": delay, "jitterBufferEmittedCount": emitted, "trackId": "track-in"},
                **{"jitterBufferTargetDelay": 0.03 * emitted, "totalSamplesReceived": emitted},
                **{"concealedSamples": lost * 960, "silentConcealedSamples": 0},
                **{"insertedSamplesForDeceleration": 0, "removedSamplesForAcceleration": 0},
            },
            "T01": {"type": "transport", "selectedCandidatePairId": "CP1", "dtlsState": "connected"},
            "CP1": {
                **{"type": "candidate-pair", "state": "succeeded", "nominated": True, "localCandidateId": "Ilocal"},
                **{"remoteCandidateId": "Iremote", "currentRoundTripTime": self.rtt_s},
            },
            "Ilocal": local,
            "Iremote": {"type": "remote-candidate", "candidateType": "srflx", "protocol": "udp"},
        }
        if not self.is_listener:
            found["OT01A2"] = {
                **{"type": "outbound-rtp", "kind": "audio", "ssrc": 2, "packetsSent": count, "bytesSent": 60 * count},
                **{"totalPacketSendDelay": 0.002 * count, "mediaSourceId": "SA1"},
            }
            found["SA1"] = {"type": "media-source", "kind": "audio", "audioLevel": 0.05 + 0.01 * (second % 3)}
            if second >= 5:
                told = 50 * (second // 5 * 5)
                found["RIA2"] = {
                    **{"type": "remote-inbound-rtp", "kind": "audio", "localId": "OT01A2", "ssrc": 2, "jitter": 0.003},
                    **{"packetsLost": round(told * self.loss), "roundTripTime": self.rtt_s},
                    **{"roundTripTimeMeasurements": second // 5},
                }
        for number in range(self.videos):
            found[f"IT01V{number}"] = {
                **{
                    "type": "inbound-rtp",
                    "kind": "video",
                    "packetsReceived": 90 * second,
                    "bytesReceived": 900 * second,
                },
                **{"jitter": 0.01, "framesDecoded": 30 * second},
            }
        return found

    def events(self, form: Form) -> Iterator[tuple[float, str, str]]:
        """Milliseconds since the beginning, type and value of each event."""
        on = "on" if form is Form.NEWEST else ""
        is_json = form in (Form.NEWEST, Form.STAMPED)
        offer = {"type": "offer", "sdp": "v=0\r\n"}
        yield 10.0, "setLocalDescription", json.dumps(offer) if is_json else "type: offer, sdp: v=0\r\n"
        candidate = "candidate:1 1 udp 2122194687 192.0.2.2 49906 typ host generation 0"
        value = json.dumps({"sdpMid": "0", "candidate": candidate})
        yield 40.0, f"{on}icecandidate", value if is_json else f"sdpMid: 0, sdpMLineIndex: 0, candidate: {candidate}"
        if self.relay:
            candidate = "candidate:2 1 udp 41819902 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0"
            scheme, transport = ("turns", "tcp") if self.relay == "tls" else ("turn", self.relay)
            url = f"{scheme}:turn.example:443?transport={transport}"
            value = json.dumps({"candidate": candidate, "url": url, "relayProtocol": self.relay})
            yield 60.0, f"{on}icecandidate", value if is_json else f"candidate: {candidate}, url: {url}"
        answer = {
            "type": "answer",
            "sdp": "v=0\r\na=candidate:3 1 udp 1 198.51.100.9 9 typ srflx raddr 0.0.0.0 rport 0\r\n",
        }
        text = f"type: answer, sdp: {answer['sdp']}"
        yield 110.0, "setRemoteDescription", json.dumps(answer) if is_json else text
        for at_ms, state in (
            (120.0, "checking"),
            (15_000.0 if self.fails else 410.0, "failed" if self.fails else "connected"),
        ):
            yield at_ms, f"{on}iceconnectionstatechange", f'"{state}"' if is_json else state
        if self.fails:
            yield 15_100.0, f"{on}icecandidateerror", json.dumps({"errorCode": 701, "url": "stun:stun.example"})


OLD_NAMES = {
    "IT01A1": "RTCInboundRTPAudioStream_1",
    "OT01A2": "RTCOutboundRTPAudioStream_2",
    "RIA2": "RTCRemoteInboundRtpAudioStream_2",
    "SA1": "RTCAudioSource_1",
    "T01": "RTCTransport_0_1",
    "CP1": "RTCIceCandidatePair_a_b",
    "Ilocal": "RTCIceCandidate_a",
    "Iremote": "RTCIceCandidate_b",
}
BUFFER = ("jitterBuffer", "concealed", "silentConcealed", "totalSamples", "inserted", "removed", "audioLevel")


def _old(reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Reports as they were before Chromium 89."""
    found: dict[str, dict[str, Any]] = {}
    for name, report in reports.items():
        told = {key: OLD_NAMES.get(value, value) if isinstance(value, str) else value for key, value in report.items()}
        if name == "IT01A1":
            track = {key: told.pop(key) for key in list(told) if key.startswith(BUFFER)}
            told["trackId"] = "RTCMediaStreamTrack_receiver_1"
            found["RTCMediaStreamTrack_receiver_1"] = {"type": "track", "kind": "audio", **track}
        found[OLD_NAMES.get(name, name)] = told
    return found


def _iso(at_ms: float) -> str:
    return datetime.fromtimestamp(at_ms / 1000.0, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_clock(at_ms: float, hours: float = 9.0) -> str:
    """A moment as `toLocaleString()` writes it in American English, in a time zone so many hours ahead."""
    moment = datetime.fromtimestamp(at_ms / 1000.0, timezone(timedelta(hours=hours)))
    return f"{moment.month}/{moment.day}/{moment.year}, {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def connection(talk: Talk, form: Form) -> dict[str, Any]:
    """One entry of `PeerConnections`."""
    series: dict[str, list[Any]] = {}
    kinds: dict[str, str] = {}
    stamps: dict[str, list[float]] = {}
    for second in range(1, talk.seconds + 1):
        reports = talk.reports(second)
        for name, report in (_old(reports) if form is Form.OLD else reports).items():
            at_ms = BEGUN_MS + 1000.0 * second
            told = {**report, **({"timestamp": at_ms} if form in (Form.NEWEST, Form.STAMPED) else {})}
            if form is Form.TYPED:
                told["[bytesReceived_in_bits/s]"] = 24_000
            for what, value in told.items():
                if what != "type":
                    series.setdefault(f"{name}-{what}", []).append(value)
                    stamps.setdefault(f"{name}-{what}", []).append(at_ms)
            for what in told:
                kinds[f"{name}-{what}"] = report["type"]
    stats = {
        name: {
            "startTime": _iso(stamps[name][0]),
            "endTime": _iso(stamps[name][-1]),
            **({} if form is Form.OLD else {"statsType": kinds[name]}),
            "values": json.dumps(values, separators=(",", ":")),
        }
        for name, values in series.items()
    }
    if form is Form.LEGACY:
        span = {"startTime": _iso(BEGUN_MS), "endTime": _iso(BEGUN_MS + 1000)}
        stats = {
            "Conn-audio-1-0-googRtt": {**span, "values": "[1,2]"},
            "ssrc_1_send-packetsSent": {**span, "values": "[1]"},
        }
    log = [
        {"timestamp": BEGUN_MS + at_ms, "type": kind, "value": value}
        if form is Form.NEWEST
        else {"time": user_clock(BEGUN_MS + at_ms), "type": kind, "value": value}
        for at_ms, kind, value in talk.events(form)
    ]
    servers = [{"urls": ["turns:turn.example:443"]}] if talk.relay else []
    text = f"{{ iceServers: [{'turns:turn.example:443' if talk.relay else ''}], iceTransportPolicy: all }}"
    configuration = json.dumps({"iceServers": servers}) if form in (Form.NEWEST, Form.STAMPED) else text
    return {
        **{"pid": 1, "constraints": "", "rtcConfiguration": configuration},
        **{"stats": stats, "updateLog": log, "url": "https://call.example/", **talk.extra},
    }


def internals(*talks: Talk, form: Form = Form.NEWEST) -> dict[str, Any]:
    """A whole dump."""
    version = "79" if form is Form.LEGACY else form.value
    brands = [{"brand": "Not:A-Brand", "version": "8"}, {"brand": "Google Chrome", "version": version}]
    audio = '{"noiseSuppression": {"exact": true}}' if form is Form.NEWEST else "{noiseSuppression: {exact: true}}"
    return {
        "getUserMedia": [{"audio": audio, "request_type": "getUserMedia"}],
        "PeerConnections": {talk.name: connection(talk, form) for talk in talks},
        "UserAgent": AGENT.format(version),
        **({"UserAgentData": {"brands": brands, "platform": "Windows"}} if form is Form.NEWEST else {}),
    }


def internals_bytes(*talks: Talk, form: Form = Form.NEWEST) -> bytes:
    """A whole dump as the page saves it."""
    return json.dumps(internals(*talks, form=form), indent=1).encode()


def rtcstats_bytes(*talks: Talk) -> bytes:
    """The same as lines of an RTCStats dump."""
    agent = {"userAgent": AGENT.format("156")}
    told: list[tuple[float, list[Any]]] = [(BEGUN_MS, ["create", None, agent])]
    audio = {"audio": {"noiseSuppression": True}}
    told.append((BEGUN_MS + 1, ["navigator.mediaDevices.getUserMedia", "8-0", audio, "id", "https://call.example/"]))
    for talk in talks:
        told += [(BEGUN_MS + at_ms, [kind, talk.name, value]) for at_ms, kind, value in talk.events(Form.NEWEST)]
        for second in range(1, talk.seconds + 1):
            at_ms = BEGUN_MS + 1000.0 * second
            reports = {name: {**each, "timestamp": at_ms} for name, each in talk.reports(second).items()}
            told.append((at_ms + 3, ["getStats", talk.name, reports]))
    lines, before = ["RTCStatsDump", '{"fileFormat":3}'], 0.0
    for at_ms, event in sorted(told, key=lambda each: each[0]):
        lines.append(json.dumps([*event, at_ms - before]))
        before = at_ms
    return "\n".join(lines).encode()
