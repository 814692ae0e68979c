"""The jitter that is reported of a stream, whichever way its packets take, while clocks wrap and are set."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, rtcrtpreceiver
from aiortc.rtp import RtpPacket
from pylibsrtp import Policy, Session

from core.media import compat
from core.media.compat import ReceiveStatistics, forward_receiver, tap_receiver
from core.media.guard import Guard, Tally
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES
from core.media.rtp_header import write_packet

WRAP = 1 << 32
SSRC = 7


class Clocks:
    """Stands where modules have `time`: the wall clock can be set without the monotonic one."""

    def __init__(self) -> None:
        self.monotonic_s = 1_000.0
        self.wall_s = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.monotonic_s

    def time(self) -> float:
        return self.wall_s

    def pass_by(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_s += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    for module in (compat, rtcrtpreceiver):
        monkeypatch.setattr(module, "time", clocks)
    return clocks


def packet(number: int, timestamp: int) -> RtpPacket:
    return RtpPacket(
        payload_type=111, sequence_number=number, timestamp=timestamp % WRAP, ssrc=SSRC, payload=b"\xf8\xff\xfe"
    )


class Transport:
    """As much of a DTLS transport as a receiver and the forwarding of its datagrams look at."""

    state = "connected"
    _stats_id = "transport"

    def __init__(self) -> None:
        keys = bytes(range(30))
        self._rx_srtp = Session(Policy(key=keys, ssrc_type=Policy.SSRC_ANY_INBOUND))
        self.far_end = Session(Policy(key=keys, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self.protocol = SimpleNamespace(datagram_received=None)
        self.transport = SimpleNamespace(_connection=SimpleNamespace(_protocols=[self.protocol]))

    def _get_stats(self) -> dict[str, object]:
        return {}


class Line:
    """A receiver that is wired like that of a bridge."""

    def __init__(self, bridge: str) -> None:
        self.transport = Transport()
        self.receiver = RTCRtpReceiver("audio", cast(Any, self.transport))
        self.guard = Guard("faults", Tally())
        if bridge == "forward":
            forward_receiver(self.receiver, lambda _: None, self.guard, Tally())
        else:
            tap_receiver(self.receiver, lambda _: None, self.guard, decode=bridge == "relay")
        private = cast(Any, self.receiver)
        private._enabled = True
        private._RTCRtpReceiver__codecs[111] = RTCRtpCodecParameters("audio/opus", CLOCK_RATE, 2, 111)

    async def take(self, packet: RtpPacket) -> None:
        if self.transport.protocol.datagram_received is None:
            await self.receiver._handle_rtp_packet(packet, arrival_time_ms=0)
            return
        plain = write_packet(111, packet.sequence_number, packet.timestamp, SSRC, packet.payload, marker=False)
        self.transport.protocol.datagram_received(self.transport.far_end.protect(plain), ("127.0.0.1", 9))

    async def jitter_ms(self) -> float:
        (stats,) = [s for s in (await self.receiver.getStats()).values() if s.type == "inbound-rtp"]
        return 1000 * float(stats.jitter) / CLOCK_RATE


@pytest.mark.parametrize("bridge", ["forward", "tap", "relay"])
async def test_neither_a_wrap_of_the_timestamp_nor_a_wall_clock_that_is_set_is_jitter(
    bridge: str, clocks: Clocks
) -> None:
    line = Line(bridge)
    begin = WRAP - 25 * FRAME_SAMPLES
    for number in range(100):
        await line.take(packet(number, begin + number * FRAME_SAMPLES))
        assert await line.jitter_ms() < 0.1, number
        clocks.pass_by(FRAME_S)
        if number == 50:
            clocks.wall_s -= 3_600.0
    assert begin + 100 * FRAME_SAMPLES > WRAP
    assert (line.transport.protocol.datagram_received is not None) == (bridge == "forward")
    (stats,) = [s for s in (await line.receiver.getStats()).values() if s.type == "inbound-rtp"]
    assert (stats.packetsReceived, stats.packetsLost) == (100, 0)
    (kept,) = getattr(line.receiver, compat._STREAMS).values()
    assert isinstance(kept, ReceiveStatistics), "it is what receiver reports are made from"


def test_the_jitter_is_that_of_rfc_3550_in_clock_units() -> None:
    """Packets that are 5 ms early and late by turns are 10 ms apart from each other."""
    statistics = ReceiveStatistics(CLOCK_RATE)
    expected = 0.0
    for number in range(200):
        statistics.add_arrived(
            packet(number, WRAP - 50_000 + number * FRAME_SAMPLES), 500.0 + number * FRAME_S + 0.005 * (-1) ** number
        )
        if number:
            expected += (0.010 * CLOCK_RATE - expected) / 16
        assert statistics.jitter == pytest.approx(expected, abs=1.5)
    assert statistics.jitter == pytest.approx(0.010 * CLOCK_RATE, abs=1.5)


def test_overtaken_packets_and_jumps_count_as_they_do_for_aiortc(clocks: Clocks) -> None:
    ours, theirs = ReceiveStatistics(CLOCK_RATE), rtcrtpreceiver.StreamStatistics(CLOCK_RATE)
    # Two lost, one overtaken, one of the same moment, and a source that begins elsewhere.
    places = [(1, 1), (2, 2), (5, 5), (4, 4), (6, 6), (7, 6), (8, 9_000), (9, 9_001)]
    for number, place in places:
        clocks.pass_by(0.023)
        for statistics in (ours, theirs):
            statistics.add(packet(number, place * FRAME_SAMPLES))
        assert ours.jitter == pytest.approx(theirs.jitter, abs=2)
    assert (ours.packets_received, ours.packets_lost) == (theirs.packets_received, theirs.packets_lost) == (8, 1)
    assert ours.max_seq == theirs.max_seq == 9
