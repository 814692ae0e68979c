"""Sequence numbers of an outgoing stream, through loss, reordering, changes of the source and wraps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.media.numbering import LONGEST_GAP, Numbering

START = st.integers(0, 65_535)


@given(START, st.sets(st.integers(1, 400), max_size=60))
def test_what_was_lost_on_the_way_in_is_missing_on_the_way_out(start: int, lost: set[int]) -> None:
    numbering = Numbering()
    sent = [number for number in range(401) if number not in lost]
    assert [numbering.place("a", (start + number) & 0xFFFF) for number in sent] == sent


@given(START, st.permutations(list(range(1, 12))))
def test_packets_out_of_order_stay_out_of_order(start: int, order: list[int]) -> None:
    numbering = Numbering()
    assert numbering.place("a", start) == 0
    assert [numbering.place("a", (start + number) & 0xFFFF) for number in order] == order


@given(st.lists(st.tuples(st.sampled_from("abc"), START, st.integers(1, 30)), min_size=1, max_size=12))
def test_a_change_of_the_source_leaves_no_gap_and_uses_no_number_twice(turns: list[tuple[str, int, int]]) -> None:
    numbering = Numbering()
    given_out: list[int | None] = []
    for turn, (source, start, count) in enumerate(turns):
        given_out += [numbering.place((turn, source), (start + number) & 0xFFFF) for number in range(count)]
    assert given_out == list(range(len(given_out)))


def test_a_straggler_from_before_the_source_was_heard_is_left_out() -> None:
    numbering = Numbering()
    numbering.place("silence", 7)
    assert numbering.place("a", 100) == 1
    assert numbering.place("a", 99) is None
    assert numbering.place("a", 101) == 2


@given(START, st.integers(LONGEST_GAP, 65_535 - LONGEST_GAP))
def test_a_source_that_counts_anew_follows_on(start: int, jump: int) -> None:
    numbering = Numbering()
    numbering.place("a", start)
    assert numbering.place("a", (start + jump) & 0xFFFF) == 1


@given(START)
def test_a_long_stream_goes_on_through_every_wrap(first: int) -> None:
    numbering = Numbering(first)
    numbers = [numbering.place("a", (first + 500 * step) & 0xFFFF) for step in range(400)]
    assert numbers[0] == first
    assert all(b is not None and a is not None and b - a == 500 for a, b in pairwise(numbers))
