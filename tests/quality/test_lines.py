"""Lines keep their gaps and their extremes, however few points are drawn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.call import LegId
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.downsampling import kept_places
from core.quality.frames import sample_frame
from core.quality.lines import Line, lines

LEG = LegId("l1")


def sample(at_s: float, jitter_ms: float | None, rate: int = 50) -> RtpSample:
    return RtpSample(LEG, Direction.OUTBOUND, Vantage.SERVER, at_s, 1.0, rate, 8_000, jitter_ms=jitter_ms)


def jitter_line(samples: list[RtpSample], points: int) -> Line:
    (line,) = lines(sample_frame(samples), ("jitter_ms",), points)
    return line


def stretches(line: Line) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for at_s, value in zip(line.at_s, line.values, strict=True):
        if value is None:
            found.append([])
        else:
            found[-1].append((at_s, value))
    return found


def test_a_missed_second_is_a_gap_at_every_number_of_points() -> None:
    samples = [sample(float(t), 3.0 + t % 7) for t in range(3_600) if not 1_000 <= t < 1_003]
    for points in (50, 600, 10_000):
        before, after = stretches(jitter_line(samples, points))
        assert (before[-1][0], after[0][0]) == (999.0, 1_003.0)


def test_a_figure_that_is_missing_for_a_second_is_a_gap_though_its_sample_is_there() -> None:
    samples = [sample(float(t), None if t == 5 else 3.0) for t in range(10)]
    assert [len(each) for each in stretches(jitter_line(samples, 100))] == [5, 4]


def test_one_sample_alone_is_drawn_over_its_period() -> None:
    samples = [sample(float(t), 3.0 if t == 5 else None) for t in range(10)]
    assert stretches(jitter_line(samples, 100)) == [[(4.0, 3.0), (5.0, 3.0)]]


def test_a_figure_that_nobody_measured_has_no_line() -> None:
    assert lines(sample_frame([sample(1.0, None)]), ("jitter_ms",), 100) == ()


@given(
    st.lists(
        st.one_of(st.none(), st.floats(min_value=0, max_value=1e4, allow_nan=False)), min_size=1, max_size=400
    ).filter(lambda values: any(value is not None for value in values)),
    st.integers(min_value=1, max_value=80),
)
def test_no_peak_is_lost_and_no_gap_is_bridged(values: list[float | None], points: int) -> None:
    line = jitter_line([sample(float(t), value) for t, value in enumerate(values)], points)
    drawn = [value for value in line.values if value is not None]
    known = [value for value in values if value is not None]
    assert max(drawn) == pytest.approx(max(known), abs=1e-3)
    assert min(drawn) == pytest.approx(min(known), abs=1e-3)
    missing = [t for t, value in enumerate(values) if value is None]
    for stretch in stretches(line):
        assert stretch
        begin_s, end_s = stretch[0][0], stretch[-1][0]
        if end_s - begin_s > 1.0:
            assert not any(begin_s < t < end_s for t in missing)
    assert list(line.at_s) == sorted(line.at_s)


@given(
    st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=2_000),
    st.integers(min_value=1, max_value=300),
)
def test_few_points_are_kept_and_both_extremes_and_ends_among_them(values: list[float], points: int) -> None:
    ys = np.array(values)
    kept = kept_places(np.arange(len(ys), dtype="float64"), ys, points)
    assert len(kept) <= max(points, 4) + 2
    assert {0, len(ys) - 1} <= set(kept.tolist())
    assert math.isclose(ys[kept].max(), ys.max())
    assert math.isclose(ys[kept].min(), ys.min())
