"""The jitter that is reported of a stream, whichever way its packets take, while clocks wrap and are set."""

import pytest
from aiortc import rtcrtpreceiver

from core.media import compat, socket_clock
from core.media.compat import ReceiveStatistics, forward_receiver, tap_receiver
from core.media.guard import Guard, Tally
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES
from tests.media.lines import WRAP, Clocks, Line, packet


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    for module in (compat, socket_clock, rtcrtpreceiver):
        monkeypatch.setattr(module, "time", clocks)
    return clocks


def wired(bridge: str) -> Line:
    line, guard = Line(), Guard("faults", Tally())
    if bridge == "forward":
        forward_receiver(line.receiver, lambda _: None, guard, Tally())
    else:
        tap_receiver(line.receiver, lambda _: None, guard, decode=bridge == "relay")
    return line


@pytest.mark.parametrize("bridge", ["forward", "tap", "relay"])
async def test_neither_a_wrap_of_the_timestamp_nor_a_wall_clock_that_is_set_is_jitter(
    bridge: str, clocks: Clocks
) -> None:
    line = wired(bridge)
    begin = WRAP - 25 * FRAME_SAMPLES
    for number in range(100):
        await line.take(packet(number, begin + number * FRAME_SAMPLES))
        assert 1000 * (await line.inbound()).jitter / CLOCK_RATE < 0.1, number
        clocks.pass_by(FRAME_S)
        if number == 50:
            clocks.wall_s -= 3_600.0
    assert begin + 100 * FRAME_SAMPLES > WRAP
    assert line.is_forwarded == (bridge == "forward")
    stats = await line.inbound()
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
