"""What a client sends is impaired as it was asked for, and the server's own receiver finds just that."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from aiortc import RTCPeerConnection
from hypothesis import given
from hypothesis import strategies as st

from core.media.compat import divert_sender
from core.media.impairing import WAITING_LIMIT, ImpairedWire, ImpairOrder, decode_order, encode_order
from core.media.opus import SILENCE_PAYLOAD
from core.media.packet import MediaPacket
from core.media.rtp_header import read_packet, write_packet
from core.model.call import LegId
from core.model.errors import LegNotFound
from core.model.impairment import CLEAN, Impairment
from core.model.sample import Direction, RtpSample
from tests.fakes.clock import ManualClock
from tests.media.rig import CALL, Rig, media_rig, write_noise
from tests.media.test_controller import play_pair
from tests.support.namespace import namespace_marks

RTCP = b"\x80\xc8\x00\x06" + bytes(24)
impairments = st.builds(
    Impairment,
    loss_pct=st.floats(0, 30),
    jitter_ms=st.floats(0, 200),
    drift_ms_per_min=st.floats(-600, 600),
    is_microphone_dead=st.booleans(),
    is_blocked=st.booleans(),
)


class Wire:
    """An impaired wire on a clock of the test's, and what came out of it."""

    def __init__(self, impairment: Impairment) -> None:
        self.clock = ManualClock()
        self.out: list[bytes] = []
        self.wire = ImpairedWire(self._send, Random(5), self.clock.monotonic)
        self.wire.impairment = impairment

    async def _send(self, packet: bytes) -> None:
        self.out.append(packet)

    async def carry(self, count: int, apart_s: float = 0.02) -> None:
        for number in range(count):
            await self.wire.take(write_packet(96, number, number * 960, 7, b"a voice", marker=False))
            self.clock.advance(apart_s)

    async def arrived(self, seconds: float = 1.0) -> list[MediaPacket]:
        """What has come out once so much time has passed."""
        self.clock.advance(seconds)
        # Wakes the wire, which sleeps on a clock that does not know of this one.
        self.wire._news.set()
        while self.wire._waiting:  # noqa: ASYNC110 - it becomes empty within this loop
            await asyncio.sleep(0)
        await self.wire.close()
        return [read_packet(packet, 0.0) for packet in self.out]


async def test_without_an_impairment_every_packet_goes_out_at_once_and_unchanged() -> None:
    wire = Wire(CLEAN)
    await wire.carry(3)
    assert wire.out == [write_packet(96, number, number * 960, 7, b"a voice", marker=False) for number in range(3)]
    await wire.arrived()


async def test_as_many_packets_get_lost_as_was_asked_for() -> None:
    wire = Wire(Impairment(loss_pct=10))
    await wire.carry(5000)
    # Four standard deviations of a binomial count.
    assert len(await wire.arrived()) == pytest.approx(4500, abs=85)


async def test_packets_come_late_each_by_chance_and_none_is_lost() -> None:
    wire = Wire(Impairment(jitter_ms=100))
    await wire.carry(100)
    numbers = [packet.sequence for packet in await wire.arrived()]
    assert sorted(numbers) == list(range(100))
    assert numbers != sorted(numbers)
    assert max(abs(place - number) for place, number in enumerate(numbers)) <= 10, "later than twice the mean"


async def test_a_dead_microphone_sends_as_many_packets_of_silence() -> None:
    wire = Wire(Impairment(is_microphone_dead=True))
    await wire.carry(3)
    packets = await wire.arrived()
    assert [(packet.sequence, packet.timestamp, packet.payload) for packet in packets] == [
        (number, number * 960, SILENCE_PAYLOAD) for number in range(3)
    ]


async def test_a_blocked_side_sends_no_sound_but_its_reports_go_on() -> None:
    wire = Wire(Impairment(is_blocked=True))
    await wire.carry(3)
    await wire.wire.take(RTCP)
    await wire.wire.close()
    assert wire.out == [RTCP]


async def test_more_packets_than_can_wait_are_dropped_and_counted() -> None:
    wire = Wire(Impairment(jitter_ms=200))
    await wire.carry(WAITING_LIMIT + 3, apart_s=0.0)
    assert wire.wire.dropped == 3
    assert len(await wire.arrived()) == WAITING_LIMIT


async def test_what_is_still_on_its_way_when_it_is_clean_again_is_not_overtaken_for_nothing() -> None:
    wire = Wire(Impairment(jitter_ms=200))
    await wire.carry(1)
    wire.wire.impairment = CLEAN
    await wire.carry(1)
    assert len(await wire.arrived()) == 2


async def test_a_lost_connection_ends_nothing_but_the_packets() -> None:
    async def refuse(_: bytes) -> None:
        raise ConnectionError

    clock = ManualClock()
    wire = ImpairedWire(refuse, Random(5), clock.monotonic)
    wire.impairment = Impairment(jitter_ms=1)
    await wire.take(write_packet(96, 1, 960, 7, b"a voice", marker=False))
    clock.advance(1)
    wire._news.set()
    while wire._waiting:  # noqa: ASYNC110 - it becomes empty within this loop
        await asyncio.sleep(0)
    assert not wire._sending.done()
    await wire.close()


@given(leg=st.text(min_size=1), impairment=impairments)
def test_an_order_is_read_as_it_was_written(leg: str, impairment: Impairment) -> None:
    line = encode_order(ImpairOrder(LegId(leg), impairment))
    assert line.count(b"\n") == 1
    assert decode_order(line) == ImpairOrder(LegId(leg), impairment)


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"rubbish\n", b'{"leg_id": "a"}\n', b'{"leg_id": "a", "impairment": {"loss_pct": 31}}\n'],
)
def test_rubbish_is_no_order(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_order(line)


@pytest.mark.parametrize("field", ["loss_pct", "jitter_ms", "drift_ms_per_min"])
@pytest.mark.parametrize("strength", [-601.0, 601.0, float("nan")])
def test_an_impairment_has_its_limits(field: str, strength: float) -> None:
    with pytest.raises(ValueError, match=field):
        Impairment(**{field: strength})


async def test_aiortc_sends_through_what_is_put_in_its_place() -> None:
    connection = RTCPeerConnection()
    sender = connection.addTransceiver("audio").sender
    usual = sender.transport._send_rtp
    given_away: list[object] = []

    def divert(send):
        given_away.append(send)
        return usual

    divert_sender(sender, divert)
    assert given_away == [usual]
    with pytest.raises(ConnectionError):
        await sender.transport._send_rtp(RTCP)
    await connection.close()


# Over a real connection


async def figures(rig: Rig, leg_id: str, count: int) -> Sequence[RtpSample]:
    """The server's next figures of what comes from a leg; the first second after a change is left out."""

    def found() -> list[RtpSample]:
        return [s for s in rig.of(RtpSample) if s.leg_id == leg_id and s.direction is Direction.INBOUND]

    seen = len(found()) + 1
    await rig.until(lambda: len(found()) >= seen + count, timeout_s=count + 15.0)
    return found()[seen : seen + count]


def per_second(samples: Sequence[RtpSample]) -> float:
    """Packets a second in all: on a busy machine one second has more of them than the next."""
    return sum(sample.packets for sample in samples) / sum(sample.period_s for sample in samples)


@pytest.mark.usefixtures("namespace")
class TestOverTheNetwork:
    pytestmark = namespace_marks()

    async def test_the_server_measures_what_was_done_to_one_side_and_nothing_on_the_other(self, tmp_path: Path) -> None:
        left, right = (write_noise(tmp_path / f"{seed}.wav", seed, seconds=120) for seed in (1, 2))
        async with media_rig() as rig:
            await play_pair(rig, left, right)

            async def impair(impairment: Impairment) -> None:
                await rig.media.impair(CALL, LegId("left"), impairment)

            await impair(Impairment(loss_pct=20, drift_ms_per_min=240))
            lossy = await figures(rig, "left", 10)
            lost = sum(s.lost or 0 for s in lossy) / sum((s.lost or 0) + s.packets for s in lossy)
            assert lost == pytest.approx(0.2, abs=0.08), "four standard deviations of 500 packets"

            await impair(Impairment(jitter_ms=150, drift_ms_per_min=240))
            jittery = await figures(rig, "left", 8)
            # Late ones are left out by RFC 3550's estimate: of delays up to 300 ms it makes 38.
            assert sum(s.jitter_ms or 0 for s in jittery[2:]) / len(jittery[2:]) == pytest.approx(38, abs=10)

            await impair(Impairment(is_microphone_dead=True, drift_ms_per_min=240))
            silent = await figures(rig, "left", 8)
            assert {s.level_dbfs for s in silent[2:]} == {-127.0}
            assert per_second(silent[2:]) > 40

            await impair(Impairment(is_blocked=True, drift_ms_per_min=240))
            blocked = await figures(rig, "left", 4)
            assert {s.octets for s in blocked[1:]} == {0}

            await impair(Impairment(drift_ms_per_min=240))
            drifting = await figures(rig, "left", 8)
            drift = drifting[-1].timestamp_drift_ms_per_min
            assert drift == pytest.approx(240, abs=30)

            other = [s for s in rig.of(RtpSample) if s.leg_id == "right" and s.direction is Direction.INBOUND]
            assert sum(s.lost or 0 for s in other) == 0
            assert abs(other[-1].timestamp_drift_ms_per_min or 0.0) < 10

            await impair(CLEAN)
            clean = await figures(rig, "left", 4)
            assert sum(s.lost or 0 for s in clean) == 0
            assert per_second(clean) > 40
            print(
                f"left: {100 * lost:.1f} % lost of 20, jitter {[round(s.jitter_ms or 0) for s in jittery]} ms, "
                f"drift {drift:.0f} of 240 ms/min"
            )

    async def test_where_nothing_plays_over_the_network_there_is_nothing_to_impair(self) -> None:
        async with media_rig() as rig:
            with pytest.raises(LegNotFound):
                await rig.media.impair(CALL, LegId("left"), CLEAN)
