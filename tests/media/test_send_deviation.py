"""Send deviation is the server's own doing, not that of a speaker's network."""

import asyncio
import socket
import time
from random import Random

import pytest

from core.media import bridge, compat, forward, relay, socket_clock, track
from core.media.forward import ForwardBridge
from core.media.guard import Tally
from core.media.opus import SILENCE_PAYLOAD
from core.media.pacer import Pacer
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.relay import SILENCE, RelayEar
from core.media.socket_clock import SocketClock
from core.media.tap import TapBridge
from core.model.call import LegId
from tests.media.lines import Clocks, Line, packet

SPEAKER, EAR = LegId("speaker"), LegId("ear")
STALL_S = 0.03


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    for module in (bridge, compat, forward, relay, socket_clock, track):
        monkeypatch.setattr(module, "time", clocks)
    return clocks


class Call:
    """Two legs on a bridge, one of which hears the other."""

    def __init__(self, kind: type[ForwardBridge] | type[TapBridge]) -> None:
        self.bridge = kind(Tally())
        self.speaker, self.ear = Line(), Line()
        for leg_id, line in ((SPEAKER, self.speaker), (EAR, self.ear)):
            self.bridge.attach(leg_id, line.transceiver, lambda _: None)
        self.bridge.set_sources(EAR, frozenset({SPEAKER}))
        self._track = self.ear.sender.track
        self._track.started = True
        self._is_queued = kind is TapBridge

    async def sent(self) -> None:
        """Let the sender take what was put for it, where it does."""
        if self._is_queued:
            await self._track.recv()

    def deviation(self) -> tuple[float, float]:
        figures = self.bridge.take_deviation(EAR)
        assert figures is not None
        return figures


@pytest.mark.parametrize("kind", [ForwardBridge, TapBridge])
async def test_the_jitter_of_a_speaker_s_network_is_no_send_deviation(
    kind: type[ForwardBridge] | type[TapBridge], clocks: Clocks
) -> None:
    call, chance, began_s = Call(kind), Random(1), clocks.monotonic()
    for number in range(50):
        clocks.pass_by(began_s + number * FRAME_S + chance.uniform(0.04, 0.058) - clocks.monotonic())
        await call.speaker.take(packet(number, number * FRAME_SAMPLES))
        await call.sent()
    assert (await call.speaker.inbound()).jitter > 0.002 * 48_000, "the network was uneven"
    assert max(call.deviation()) < 0.01
    await call.bridge.close()


@pytest.mark.parametrize("kind", [ForwardBridge, TapBridge])
async def test_what_packets_wait_in_the_server_is_send_deviation(
    kind: type[ForwardBridge] | type[TapBridge], clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the forwarding bridge also what they waited in the socket while the loop was busy elsewhere."""
    waited_s = 0.0
    monkeypatch.setattr(SocketClock, "arrival_s", lambda _: clocks.monotonic() - waited_s)
    call = Call(kind)
    for number in range(50):
        clocks.pass_by(FRAME_S)
        stall_s = STALL_S if number % 10 == 9 else 0.0
        if kind is ForwardBridge:
            waited_s = stall_s
        await call.speaker.take(packet(number, number * FRAME_SAMPLES))
        if kind is TapBridge:
            clocks.pass_by(stall_s)
        await call.sent()
    p50_ms, p99_ms = call.deviation()
    assert p50_ms == pytest.approx(0.0, abs=0.01)
    assert p99_ms == pytest.approx(1000 * STALL_S, abs=0.01)
    await call.bridge.close()


@pytest.mark.parametrize("kind", [ForwardBridge, TapBridge])
async def test_what_is_made_here_for_one_ear_is_measured_by_its_slots(
    kind: type[ForwardBridge] | type[TapBridge], clocks: Clocks
) -> None:
    """A persona's voice: a packet that is made late arrives as late as it is sent."""
    call = Call(kind)
    for number in range(50):
        clocks.pass_by(FRAME_S)
        late_s = STALL_S if number % 10 == 9 else 0.0
        clocks.monotonic_s += late_s
        call.bridge.inject(SPEAKER, MediaPacket(0, number, number * FRAME_SAMPLES, SILENCE_PAYLOAD, clocks.monotonic()))
        await call.sent()
        clocks.monotonic_s -= late_s
    p50_ms, p99_ms = call.deviation()
    assert p50_ms == pytest.approx(0.0, abs=0.01)
    assert p99_ms == pytest.approx(1000 * STALL_S, abs=0.01)
    await call.bridge.close()


async def test_slots_and_stays_of_one_period_are_not_compared_with_each_other(clocks: Clocks) -> None:
    """An ear that heard silence and now hears somebody whose packets stay 5 ms in the server."""
    outgoing = track.OutgoingTrack(Tally())
    for number in range(30):
        clocks.pass_by(FRAME_S)
        outgoing.note_sent(number * FRAME_SAMPLES, clocks.monotonic() - 0.005 if number >= 12 else None)
    assert outgoing.take_deviation() == pytest.approx((0.0, 0.0), abs=1e-6)


async def test_what_the_relay_passes_on_is_measured_from_when_it_was_decoded(clocks: Clocks) -> None:
    pacer = Pacer(Tally())
    ear = RelayEar(pacer, Tally())
    ear.track.started = True
    ear.set_voices(frozenset({SPEAKER}))
    for number in range(20):
        clocks.pass_by(FRAME_S + (0.015 if number % 2 else -0.015))
        ear.hear(SPEAKER, SILENCE, number * FRAME_SAMPLES, clocks.monotonic(), is_paced=False)
        await ear.track.recv()
    assert ear.track.take_deviation() == pytest.approx((0.0, 0.0), abs=1e-6)
    await pacer.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
        """When each arrived, and when it was read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._clock = SocketClock(transport)

    def datagram_received(self, _data: bytes, _addr: tuple[str, int]) -> None:
        self.came.put_nowait((self._clock.arrival_s(), time.monotonic()))


async def test_a_datagram_arrives_when_it_comes_not_when_the_loop_has_time_for_it() -> None:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Datagrams, local_addr=("127.0.0.1", 0)
    )
    address = transport.get_extra_info("sockname")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far_end:
        # The kernel notes arrivals from the first time on that it is asked.
        far_end.sendto(b"first", address)
        await asyncio.wait_for(protocol.came.get(), 5)
        sent_s: list[float] = []
        for _ in range(3):
            far_end.sendto(b"held up", address)
            sent_s.append(time.monotonic())
            time.sleep(0.05)  # noqa: ASYNC251 - the loop that has no time is what is tested
        came = [await asyncio.wait_for(protocol.came.get(), 5) for _ in sent_s]
    transport.close()
    assert came[0][1] - sent_s[0] > 0.14
    assert [arrival_s for arrival_s, _ in came] == pytest.approx(sent_s, abs=0.02)


def test_where_the_kernel_tells_nothing_a_datagram_arrives_when_it_is_read(clocks: Clocks) -> None:
    """As through a TURN server, whose transport has no socket to ask, and on other systems."""
    assert SocketClock(asyncio.BaseTransport()).arrival_s() == clocks.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        clock = SocketClock(asyncio.BaseTransport({"socket": closed}))
    assert clock.arrival_s() == clocks.monotonic()


@pytest.mark.parametrize("set_by_s", [-3_600.0, 3_600.0])
def test_a_wall_clock_that_is_set_while_a_datagram_waits_moves_no_arrival(clocks: Clocks, set_by_s: float) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        clock = SocketClock(asyncio.BaseTransport({"socket": own}))
        for _ in range(2):
            own.sendto(b"sound", own.getsockname())
            own.recv(100)
            clocks.wall_s = time.time() + set_by_s
            assert clock.arrival_s() == clocks.monotonic()
        clocks.wall_s = time.time() + 1.0
        assert clock.arrival_s() == pytest.approx(clocks.monotonic() - 1.0, abs=0.5), "it is asked"
