"""A jitter buffer's growth is a number with an interval, and outliers do not bend it."""

from random import Random

import pytest

from core.model.quality import BufferDrift
from core.model.sample import Direction, Vantage
from core.quality.drift import DriftWatch, theil_sen
from tests.quality.stream import LEG, sample


def watched(delays_ms: list[float], start_s: float = 0.0) -> BufferDrift | None:
    watch = DriftWatch()
    for at_s, delay_ms in enumerate(delays_ms, start=1):
        figures = {"jitter_buffer_ms": delay_ms, "jitter_ms": 2.0}
        each = sample(start_s + at_s, Direction.OUTBOUND, vantage=Vantage.BROWSER, **figures)
        watch.add(each)
    return watch.drifts[0] if watch.drifts else None


def noisy(slope_ms_per_min: float, seconds: int, seed: int = 0) -> list[float]:
    chance = Random(seed)
    return [45.0 + slope_ms_per_min * at_s / 60 + chance.gauss(0, 3.0) for at_s in range(seconds)]


def test_the_slope_of_points_on_a_line_is_exact() -> None:
    slope = theil_sen([0, 1, 2, 3, 4], [1, 3, 5, 7, 9])
    assert (slope.value, slope.low, slope.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("slope", [-12.0, 0.0, 15.0, 32.0])
def test_the_intervals_hold_the_true_slope_about_as_often_as_they_say(slope: float) -> None:
    found = [watched(noisy(slope, 301, seed)) for seed in range(100)]
    assert sum(each is not None and each.low_ms_per_min <= slope <= each.high_ms_per_min for each in found) >= 88
    assert all(each is not None and each.high_ms_per_min - each.low_ms_per_min < 4.0 for each in found)


def test_a_burst_does_not_bend_the_line() -> None:
    delays = noisy(0.0, 301)
    delays[150:165] = [400.0] * 15
    drift = watched(delays)
    assert drift is not None
    assert abs(drift.slope_ms_per_min) < 2.0


def test_less_than_a_minute_says_nothing() -> None:
    assert watched(noisy(30.0, 55)) is None
    drift = watched(noisy(30.0, 75))
    assert drift is not None
    assert drift.span_s == 70.0


def test_only_the_last_five_minutes_count() -> None:
    drift = watched([*noisy(60.0, 600), *noisy(0.0, 310)])
    assert drift is not None
    assert abs(drift.slope_ms_per_min) < 2.0
    assert drift.span_s == 300.0


def test_a_leg_that_is_gone_and_figures_of_the_server_say_nothing() -> None:
    watch = DriftWatch()
    for at_s in range(200):
        watch.add(sample(at_s, Direction.OUTBOUND, jitter_buffer_ms=40.0))
    assert watch.drifts == ()
    for at_s in range(200):
        watch.add(sample(at_s, Direction.OUTBOUND, vantage=Vantage.BROWSER, jitter_buffer_ms=40.0))
    watch.end_leg(LEG)
    assert watch.drifts == ()


def test_the_last_drift_of_a_leg_stays_with_the_call() -> None:
    watch = DriftWatch()
    for at_s in range(200):
        watch.add(sample(at_s, Direction.OUTBOUND, vantage=Vantage.BROWSER, jitter_buffer_ms=40.0))
    before = watch.final
    watch.end_leg(LEG)
    watch.end_leg(LEG)
    assert [drift.leg_id for drift in before] == [LEG]
    assert watch.final == before
