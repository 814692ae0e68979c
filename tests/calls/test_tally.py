"""Waits are counted by their length, failures by their kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calls.tally import BOUNDS_S, FINAL, SUMMARY, Tally
from core.model.errors import GuidanceServerSilent, ModelTimeout


@given(st.lists(st.floats(-1, 100)))
def test_each_bound_counts_what_was_not_longer(lengths_s: list[float]) -> None:
    tally = Tally()
    for length in lengths_s:
        tally.waited(FINAL, length)
    found = tally.waits[FINAL]
    assert found.bounds_s == BOUNDS_S[FINAL]
    assert list(found.counts) == [sum(max(0.0, each) <= bound for each in lengths_s) for bound in found.bounds_s]
    assert found.count == len(lengths_s)
    assert found.total_s == pytest.approx(sum(max(0.0, each) for each in lengths_s))
    assert tally.waits[SUMMARY].count == 0


def test_failures_are_told_apart_by_part_and_error() -> None:
    tally = Tally()
    tally.failed("assist", ModelTimeout("model", 5.0))
    tally.failed("assist", ModelTimeout("model", 5.0))
    tally.failed("guidance", GuidanceServerSilent("http://guide", 5.0))
    assert tally.failures == {("assist", "ModelTimeout"): 2, ("guidance", "GuidanceServerSilent"): 1}
