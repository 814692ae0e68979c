"""aiortc's private parts are as core/media/compat.py needs them. When one of these fails, aiortc has changed there."""

import inspect
import logging
import time
from types import SimpleNamespace
from typing import Any, cast

import aioice
import pytest
from aiortc import RTCIceGatherer, RTCRtpReceiver, RTCRtpSender, rtcdtlstransport, rtcicetransport, rtcrtpsender
from aiortc.codecs.opus import OpusEncoder
from aiortc.rtcdtlstransport import State
from aiortc.rtp import RtpPacket
from pylibsrtp import Policy, Session

from core.media import compat
from core.media.address_range import PortRange
from core.media.compat import RtpOutlet, offered_lines, read_candidate, tap_problem, tap_receiver
from core.media.compat_ice import limit_addresses
from core.media.guard import Guard, Tally
from core.media.opus import opus_packet
from core.media.packet import FRAME_SAMPLES, MediaPacket
from core.media.rtp_header import ssrc_of

CHANGED = "aiortc has changed: see core/media/compat.py"


def test_packets_can_be_tapped() -> None:
    assert tap_problem() == "", CHANGED


def test_a_tap_that_does_not_fit_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "_HANDLER", "_gone")
    assert "_gone" in tap_problem()
    monkeypatch.setattr(compat, "_HANDLER", "_handle_disconnect")
    assert "coroutine" in tap_problem()
    monkeypatch.setattr(compat, "_HANDLER", "_handle_rtcp_packet")
    assert "arguments" in tap_problem()
    monkeypatch.undo()
    monkeypatch.setattr(compat, "_STREAMS", "_RTCRtpReceiver__gone")
    assert "__gone" in tap_problem()
    monkeypatch.undo()
    monkeypatch.setattr(compat, "_STATISTICS", ("self._jitter_q4 >> 4", "self._gone"))
    assert "StreamStatistics has no self._gone" in tap_problem()


def test_the_transport_asks_the_receiver_itself_for_each_packet() -> None:
    source = inspect.getsource(rtcdtlstransport.RTCDtlsTransport._handle_rtp_data)
    assert "await receiver._handle_rtp_packet(packet, arrival_time_ms=" in source, CHANGED


def test_the_sender_passes_encoded_packets_on() -> None:
    assert "self.__encoder.pack(data)" in inspect.getsource(rtcrtpsender.RTCRtpSender), CHANGED
    assert OpusEncoder().pack(opus_packet(b"payload", 12 * FRAME_SAMPLES)) == ([b"payload"], 12 * FRAME_SAMPLES), (
        CHANGED
    )


class Transport:
    state = "connected"
    _stats_id = "transport"

    def _get_stats(self) -> dict[str, object]:
        return {}


async def test_a_tapped_packet_is_counted_by_aiortc_and_an_exception_goes_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken: list[MediaPacket] = []

    def take(packet: MediaPacket) -> None:
        taken.append(packet)
        raise RuntimeError("a fault in the bridge")

    tally = Tally()
    receiver = RTCRtpReceiver("audio", Transport())
    with caplog.at_level(logging.ERROR):
        tap_receiver(receiver, take, Guard("packet_handler_errors", tally), decode=False)
        for number in (5, 6, 8):
            packet = RtpPacket(
                payload_type=96, sequence_number=number, timestamp=960 * number, ssrc=7, payload=b"\xf8\xff\xfe"
            )
            await receiver._handle_rtp_packet(packet, arrival_time_ms=0)
    (stats,) = [s for s in (await receiver.getStats()).values() if s.type == "inbound-rtp"]
    assert (stats.packetsReceived, stats.packetsLost) == (3, 1), CHANGED
    assert [(p.ssrc, p.sequence, p.timestamp, p.payload) for p in taken] == [
        (7, number, 960 * number, b"\xf8\xff\xfe") for number in (5, 6, 8)
    ]
    assert abs(taken[0].arrival_s - time.monotonic()) < 5
    assert tally.read() == {"packet_handler_errors": 3}
    assert len(caplog.records) == 1


def test_candidates_are_read_as_browsers_write_them() -> None:
    candidate = read_candidate(
        "candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0", "0", 0
    )
    assert (candidate.ip, candidate.port, candidate.sdpMid) == ("192.168.0.196", 46243, "0"), CHANGED


@pytest.mark.parametrize("rubbish", ["candidate:", "candidate:1 2", "x y z", "candidate:1 a udp b c d typ host"])
def test_rubbish_is_no_candidate(rubbish: str) -> None:
    with pytest.raises(ValueError, match="read"):
        read_candidate(rubbish, None, None)


def test_lines_of_an_offer_are_read() -> None:
    offer = (
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=rtpmap:97 VP8/90000\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
    )
    assert offered_lines(offer) == [("video", frozenset({"vp8"})), ("audio", frozenset({"opus", "pcmu"}))], CHANGED


async def test_every_connection_is_made_by_the_class_that_is_put_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtcicetransport, "Connection", rtcicetransport.Connection)
    limit_addresses(PortRange(41000, 41009), "203.0.113.7")
    gatherer = RTCIceGatherer(iceServers=[])
    await gatherer.gather()
    candidates = gatherer.getLocalCandidates()
    try:
        own = {c.host for c in gatherer._connection._local_candidates}
        assert "203.0.113.7" not in own
        assert {c.ip for c in candidates} <= {"203.0.113.7"}, "aioice has changed: see core/media/compat.py"
        assert all(41000 <= c.port <= 41009 for c in candidates), "aioice has changed: see core/media/compat.py"
        assert len(gatherer._connection._protocols) == len(own)
    finally:
        await gatherer._connection.close()


def test_candidates_are_gathered_where_the_ports_are_limited() -> None:
    signature = list(inspect.signature(aioice.Connection.get_component_candidates).parameters)
    assert signature == ["self", "component", "addresses", "timeout"], "aioice has changed: see core/media/compat.py"
    source = inspect.getsource(aioice.Connection.gather_candidates)
    assert "self.get_component_candidates(component=component, addresses=addresses)" in source
    assert "self._protocols += host_protocols" in inspect.getsource(aioice.Connection.get_component_candidates)
    assert "self._connection.local_candidates" in inspect.getsource(RTCIceGatherer.getLocalCandidates), CHANGED


def test_stun_and_turn_servers_are_asked_as_aioice_asks_them() -> None:
    changed = "aioice has changed: see core/media/compat_ice.py"
    source = inspect.getsource(aioice.Connection.get_component_candidates)
    assert "server_reflexive_candidate(protocol, self.stun_server)" in source, changed
    wanted = list(inspect.signature(aioice.ice.relayed_candidate).parameters)
    assert [name for name in wanted if f"{name}=" not in source] == [], changed
    assert "self._protocols.append(relay_protocol)" in source, changed
    assert "_connection" in inspect.getsource(rtcicetransport.RTCIceTransport), changed
    assert {"host", "port", "type"} <= set(inspect.signature(aioice.Candidate).parameters), changed


def test_an_address_at_a_turn_server_is_given_up_as_aioice_does() -> None:
    source = inspect.getsource(aioice.turn.TurnTransport)
    assert "self.__close_task = asyncio.create_task(" in source, "aioice has changed: see core/media/compat_ice.py"
    assert "self.__inner_protocol = inner_protocol" in source, "aioice has changed: see core/media/compat_ice.py"


def test_what_arrives_through_a_relay_goes_the_way_of_every_datagram() -> None:
    """The forwarding bridge takes it there, and sends on the same transport."""
    source = inspect.getsource(aioice.turn.TurnClientMixin.datagram_received)
    assert "self.receiver.datagram_received(payload, peer_address)" in source, "aioice has changed"
    assert list(inspect.signature(aioice.turn.TurnTransport.sendto).parameters) == ["self", "data", "addr"]


class Wire:
    """A path that keeps what is sent on it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.transport = self

    def sendto(self, data: bytes, _addr: tuple[str, int]) -> None:
        self.sent.append(data)


def outlet_on(*paths: Wire) -> tuple[RtpOutlet, SimpleNamespace, Tally]:
    """An outlet with real keys, the pairs that ICE may nominate, and its tally."""
    keys = Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND)
    connection = SimpleNamespace(_nominated={})
    if paths:
        connection._nominated[1] = SimpleNamespace(protocol=paths[0], remote_addr=("127.0.0.1", 9))
    ice = SimpleNamespace(_connection=connection)
    dtls = SimpleNamespace(state="connected", _state=State.CONNECTED, _tx_srtp=Session(keys), transport=ice)
    sender = RTCRtpSender("audio", cast(Any, dtls))
    transceiver = SimpleNamespace(sender=sender, _codecs=[SimpleNamespace(payloadType=111)])
    tally = Tally()
    return RtpOutlet(cast(Any, transceiver), tally), connection, tally


async def test_packets_follow_the_path_that_is_nominated_now() -> None:
    first, second = Wire(), Wire()
    outlet, connection, _tally = outlet_on(first)
    assert outlet.send(0, 0, b"one", marker=True)
    connection._nominated[1] = SimpleNamespace(protocol=second, remote_addr=("127.0.0.1", 10))
    assert outlet.send(1, 960, b"two", marker=False)
    connection._nominated.clear()
    assert not outlet.send(2, 1920, b"three", marker=False)
    assert (len(first.sent), len(second.sent)) == (1, 1)
    assert ssrc_of(first.sent[0]) == ssrc_of(second.sent[0])


async def test_a_packet_that_would_count_as_a_repeated_one_is_left_out_and_counted() -> None:
    wire = Wire()
    outlet, _connection, tally = outlet_on(wire)
    for number in (0, 500, 499):
        assert outlet.send(number, number * FRAME_SAMPLES, b"sound", marker=False)
    for number in (499, 1):
        assert not outlet.send(number, number * FRAME_SAMPLES, b"sound", marker=False)
    assert len(wire.sent) == 3
    assert tally.read() == {"packets_too_late": 2}
