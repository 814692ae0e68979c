"""How busy decoding is, and how late its words come."""

import pytest

from core.speech.load import LATE_FROM_S, LATE_UNTIL_S, WINDOW_S, DecodeLoad


def test_the_load_is_the_share_of_all_workers_time_in_the_last_seconds() -> None:
    load = DecodeLoad(workers=2)
    assert load.busy(100.0) == 0.0
    load.decoded(98.0, began_s=99.0, ended_s=100.0)
    load.decoded(98.0, began_s=99.0, ended_s=100.0)
    assert load.busy(100.0) == pytest.approx(2.0 / (2 * WINDOW_S))
    assert load.busy(99.5 + WINDOW_S) == pytest.approx(1.0 / (2 * WINDOW_S))
    assert load.busy(100.0 + WINDOW_S) == 0.0


def test_what_was_decoded_together_counts_its_worker_once() -> None:
    load = DecodeLoad(workers=1)
    for _ in range(2):
        load.decoded(98.0, began_s=99.0, ended_s=100.0, share=0.5)
    assert load.busy(100.0) == pytest.approx(1.0 / WINDOW_S)


def test_words_are_late_from_one_bound_until_a_lower_one() -> None:
    load = DecodeLoad(workers=1)
    between = (LATE_FROM_S + LATE_UNTIL_S) / 2
    assert load.late_s(0.0, between) is None
    assert load.late_s(0.0, LATE_FROM_S) == LATE_FROM_S
    assert load.late_s(0.0, between) == between
    assert load.late_s(0.0, LATE_UNTIL_S - 0.1) is None
    assert load.late_s(0.0, between) is None


def test_one_late_text_among_many_in_time_is_not_told() -> None:
    load = DecodeLoad(workers=1)
    for number in range(9):
        load.decoded(0.0, 0.9, 0.9 + number / 100)
    load.decoded(-5.0, 0.9, 1.0)
    assert load.late_s(1.0, 0.0) is None


def test_what_is_remembered_is_bounded_even_where_time_stands_still() -> None:
    load = DecodeLoad(workers=1)
    for _ in range(10_000):
        load.decoded(0.0, 0.0, 0.0)
    assert len(load._finals) <= 256
