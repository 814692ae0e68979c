"""Packets come back in order."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.packet import FRAME_SAMPLES, MediaPacket
from core.media.reorder import PATIENCE, Reorder


def packet(number: int, ssrc: int = 1) -> MediaPacket:
    return MediaPacket(ssrc, number % 2**16, (number * FRAME_SAMPLES) % 2**32, b"x", 0.0)


def numbers(packets: list[MediaPacket]) -> list[int]:
    return [p.sequence for p in packets]


@settings(deadline=None)
@given(start=st.integers(0, 2**16 - 1), seed=st.integers(0, 2**16))
def test_packets_that_are_a_little_out_of_order_all_come_out_in_order(start: int, seed: int) -> None:
    chance = random.Random(seed)
    sent = list(range(start + 1, start + 60))
    shuffled = [start, *sorted(sent, key=lambda n: n + chance.uniform(0, PATIENCE - 1))]
    reorder = Reorder()
    out = [n for number in shuffled for n in numbers(reorder.push(packet(number)))]
    assert out == [n % 2**16 for n in range(start, start + 60)]
    assert reorder.late == 0


@settings(deadline=None)
@given(lost=st.sets(st.integers(1, 40)), start=st.integers(0, 2**16 - 1))
def test_lost_packets_hold_nothing_up_for_long(lost: set[int], start: int) -> None:
    reorder = Reorder()
    out: list[int] = []
    for number in range(50):
        if number not in lost:
            out += numbers(reorder.push(packet(start + number)))
    assert out == [(start + n) % 2**16 for n in range(50) if n not in lost]


def test_a_packet_after_its_time_is_late_and_not_handed_on() -> None:
    reorder = Reorder()
    for number in (0, 2, 3, 4, 5):
        reorder.push(packet(number))
    assert reorder.push(packet(1)) == []
    assert reorder.push(packet(5)) == []
    assert reorder.late == 2


def test_a_new_stream_begins_anew_and_what_waited_comes_first() -> None:
    reorder = Reorder()
    reorder.push(packet(10))
    reorder.push(packet(12))
    assert numbers(reorder.push(packet(40_000))) == [12, 40_000]
    assert numbers(reorder.push(packet(3, ssrc=2))) == [3]
