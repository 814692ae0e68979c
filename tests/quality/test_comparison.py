"""A difference is called one only where there are enough calls and chance would hardly make it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.quality.comparison import FEWEST, difference
from core.quality.fleet_question import Metric, Verdict


def around(middle: float, count: int = 60, seed: int = 0) -> list[float]:
    return [float(each) for each in np.random.default_rng(seed).normal(middle, 2.0, count)]


@pytest.mark.parametrize(
    ("metric", "before", "after", "verdict"),
    [
        (Metric.JITTER, 20.0, 10.0, Verdict.BETTER),
        (Metric.JITTER, 10.0, 20.0, Verdict.WORSE),
        (Metric.MOS, 10.0, 20.0, Verdict.BETTER),
        (Metric.MOS, 20.0, 10.0, Verdict.WORSE),
        (Metric.RTT, 10.0, 10.1, Verdict.UNCLEAR),
    ],
)
def test_the_verdict_knows_which_way_is_better(metric: Metric, before: float, after: float, verdict: Verdict) -> None:
    found = difference(metric, around(before, seed=1), around(after, seed=2))
    assert found.verdict is verdict
    assert found.low is not None
    assert found.high is not None
    assert found.change is not None
    assert found.low <= found.change <= found.high


def test_few_calls_say_nothing_however_far_apart_they_are() -> None:
    found = difference(Metric.RTT, [10.0] * (FEWEST - 1), [900.0] * 50)
    assert found.verdict is Verdict.TOO_FEW
    assert (found.calls, found.change, found.low, found.high) == ((FEWEST - 1, 50), 890.0, None, None)


def test_a_group_without_the_figure_has_none() -> None:
    found = difference(Metric.FINAL, [], [1.0] * 20)
    assert (found.p50, found.change, found.verdict) == ((None, 1.0), None, Verdict.TOO_FEW)


@given(st.lists(st.floats(0, 1000), min_size=FEWEST, max_size=30))
def test_a_group_does_not_differ_from_itself(values: list[float]) -> None:
    found = difference(Metric.JITTER, values, values)
    assert found.change == 0.0
    assert found.verdict is Verdict.UNCLEAR


def test_the_same_groups_give_the_same_interval() -> None:
    groups = around(10.0, seed=3), around(11.0, seed=4)
    assert difference(Metric.RTT, *groups) == difference(Metric.RTT, *groups)
