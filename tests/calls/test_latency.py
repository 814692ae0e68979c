"""Percentiles of the steps of many turns, and what went beyond the budget."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calls.latency import STEPS, latency_report, percentiles
from core.model.call import CallId
from core.model.turn_trace import BRANCHES, WAY, Step, turn_traces
from tests.fakes.turn_records import a_turn_record

lengths = st.lists(st.floats(0, 1e4), min_size=2, max_size=200)


@given(lengths)
def test_percentiles_are_those_of_the_standard_library(lengths_s: list[float]) -> None:
    found = percentiles(lengths_s)
    cuts = statistics.quantiles(lengths_s, n=100, method="inclusive")
    assert found is not None
    assert found.count == len(lengths_s)
    assert (found.p50_s, found.p95_s, found.p99_s) == pytest.approx((cuts[49], cuts[94], cuts[98]), abs=1e-6)


@given(lengths)
def test_percentiles_rise_and_stay_within_what_was_measured(lengths_s: list[float]) -> None:
    found = percentiles(lengths_s)
    assert found is not None
    assert min(lengths_s) <= found.p50_s <= found.p95_s <= found.p99_s <= max(lengths_s)


def test_of_nothing_there_are_none_and_of_one_they_are_that_one() -> None:
    assert percentiles([]) is None
    one = percentiles([0.4])
    assert one is not None
    assert (one.p50_s, one.p99_s) == (0.4, 0.4)


def test_every_step_that_takes_time_is_shown() -> None:
    assert set(STEPS) == {*WAY[1:], *BRANCHES}


def test_what_went_beyond_the_budget_is_counted_with_where_it_was_lost() -> None:
    report = latency_report(turn_traces(a_turn_record(CallId("c1"))), budget_s=2.0)
    assert (report.turns, report.folded, report.exceeding) == (5, 1, 2)
    assert report.total is not None
    assert report.total.count == 5
    assert report.share == pytest.approx(2 / 5)
    assert sum(report.where.values()) == 2
    assert report.steps[Step.SUMMARY_PAINTED].count == 4
    assert latency_report(turn_traces(a_turn_record(CallId("c1"))), budget_s=10.0).where == {}


def test_of_no_turns_there_is_no_share() -> None:
    report = latency_report((), 2.0)
    assert (report.turns, report.total, report.share, report.steps) == (0, None, None, {})
