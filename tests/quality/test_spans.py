"""Stretches are found where something held for long enough, and one good or bad moment changes nothing."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.quality.grid import BIN_S
from core.quality.spans import Span, spans, where, without

NAN = float("nan")


def found(*holds: float, for_s: float = 6.0, apart_s: float = 4.0) -> list[tuple[int, int, bool]]:
    return [(s.first, s.last, s.is_open) for s in spans(np.array(holds), for_s=for_s, apart_s=apart_s)]


def test_what_held_for_long_enough_is_a_stretch_and_less_is_none() -> None:
    assert found(0, 1, 1, 0, 0, 0) == []
    assert found(0, 1, 1, 1, 0, 0, 0) == [(1, 3, False)]


def test_one_good_moment_ends_nothing() -> None:
    assert found(1, 1, 1, 0, 1, 1, 0, 0, 0) == [(0, 5, False)]
    assert found(1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0) == [(0, 2, False), (6, 8, False)]


def test_what_was_seen_last_may_go_on() -> None:
    assert found(0, 1, 1, 1) == [(1, 3, True)]
    assert found(0, 1, 1, 1, 0) == [(1, 3, True)]
    assert found(0, 1, 1, 1, NAN, NAN, NAN, NAN) == [(1, 3, True)]


def test_what_is_not_known_neither_counts_nor_ends() -> None:
    assert found(1, NAN, 1, NAN, 1, 0, 0, 0) == [(0, 4, False)]
    assert found(1, NAN, 1, NAN, NAN, 0, 0, 0) == []


def test_a_figure_that_is_missing_makes_the_answer_unknown() -> None:
    figures = np.array([1.0, NAN, 3.0])
    assert np.array_equal(where(figures > 2, figures), [0.0, NAN, 1.0], equal_nan=True)


def test_a_stretch_that_another_explains_is_left_out() -> None:
    early, late = Span(0, 4, is_open=False), Span(10, 12, is_open=True)
    assert without((early, late), (Span(4, 6, is_open=False),)) == (late,)
    assert without((early, late), (Span(6, 8, is_open=False),), margin=2) == ()


@given(st.lists(st.sampled_from([0.0, 1.0, NAN]), max_size=200))
def test_stretches_are_apart_in_order_and_begin_and_end_with_what_held(holds: list[float]) -> None:
    all_found = spans(np.array(holds), for_s=4.0, apart_s=6.0)
    assert all(holds[span.first] == holds[span.last] == 1.0 for span in all_found)
    assert all(one.last + 6.0 / BIN_S < other.first for one, other in itertools.pairwise(all_found))
