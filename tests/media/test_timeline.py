"""Outgoing timestamps are continuous, whatever the sources do."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES, signed_difference
from core.media.timeline import JUMP_S, Timeline


@settings(deadline=None)
@given(start=st.integers(0, 2**32 - 1), frames=st.lists(st.integers(1, 40), min_size=2, max_size=200))
def test_one_source_keeps_its_timestamps_plus_a_constant_also_where_they_wrap(start: int, frames: list[int]) -> None:
    timeline = Timeline()
    timestamp, now_s = start, 100.0
    offsets = set()
    for count in frames:
        timestamp = (timestamp + count * FRAME_SAMPLES) % 2**32
        now_s += count * FRAME_S
        offsets.add((timeline.place("alice", timestamp, now_s) - timestamp) % 2**32)
    assert len(offsets) == 1


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 2**32 - 1), st.floats(0.001, 5.0)), min_size=2, max_size=100
    )
)
def test_a_change_of_source_follows_the_last_packet_by_the_time_that_passed(
    steps: list[tuple[str, int, float]],
) -> None:
    timeline = Timeline()
    now_s = 100.0
    last: tuple[str, int, float] | None = None
    last_timestamp = 0
    for source, timestamp, wait_s in steps:
        now_s += wait_s
        pts = timeline.place(source, timestamp, now_s)
        if pts is None:
            assert last is not None
            elapsed_s = now_s - last[2]
            jump_s = signed_difference(timestamp, last_timestamp, 32) / CLOCK_RATE
            assert last[0] != source or not -JUMP_S < jump_s < elapsed_s + JUMP_S, "its clock has not begun anew"
            assert elapsed_s < FRAME_S, "there was room for it"
            continue
        if last is not None and last[0] != source:
            passed = round((now_s - last[2]) * CLOCK_RATE)
            assert pts - last[1] >= FRAME_SAMPLES
            assert -FRAME_SAMPLES <= pts - last[1] - passed < FRAME_SAMPLES
        if last is None or pts > last[1]:
            last, last_timestamp = (source, pts, now_s), timestamp


@settings(deadline=None)
@given(
    phases_s=st.lists(st.floats(0.0, FRAME_S, exclude_max=True), min_size=2, max_size=3),
    frames=st.lists(st.integers(1, 20), min_size=50, max_size=100),
)
def test_timestamps_do_not_run_away_from_time_however_often_the_source_changes(
    phases_s: list[float], frames: list[int]
) -> None:
    timeline = Timeline()
    begin_s = now_s = 100.0
    for number, count in enumerate(frames):
        source = number % len(phases_s)
        slot = math.floor((now_s - phases_s[source]) / FRAME_S) + 1
        for turn in range(slot, slot + count):
            now_s = max(turn * FRAME_S + phases_s[source], now_s)
            pts = timeline.place(source, turn * FRAME_SAMPLES, now_s)
            if pts == 0:
                begin_s = now_s
            elif pts is not None:
                assert abs(pts / CLOCK_RATE - (now_s - begin_s)) < FRAME_S + 0.001


def test_a_reordered_packet_keeps_its_own_place() -> None:
    timeline = Timeline()
    assert [timeline.place("a", ts, 10.0 + ts / CLOCK_RATE) for ts in (0, 960, 2880)] == [0, 960, 2880]
    assert timeline.place("a", 1920, 10.07) == 1920
    assert timeline.place("a", 3840, 10.08) == 3840


def test_a_pause_of_the_source_is_a_jump_of_the_same_length() -> None:
    timeline = Timeline()
    timeline.place("a", 0, 10.0)
    assert timeline.place("a", 30 * CLOCK_RATE, 40.0) == 30 * CLOCK_RATE


def test_a_source_whose_clock_begins_anew_is_placed_by_the_time_that_passed() -> None:
    timeline = Timeline()
    timeline.place("a", 1_000_000, 10.0)
    assert timeline.place("a", 5, 10.02) == FRAME_SAMPLES
    assert timeline.place("a", 965, 10.04) == 2 * FRAME_SAMPLES


@settings(deadline=None)
@given(a=st.integers(0, 2**16 - 1), step=st.integers(-(2**15), 2**15 - 1))
def test_wrapping_counters_are_compared_the_short_way_round(a: int, step: int) -> None:
    assert signed_difference((a + step) % 2**16, a, 16) == step
