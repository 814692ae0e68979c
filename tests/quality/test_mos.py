"""The mean opinion score and its bands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.quality import Band
from core.quality.mos import band_of, mean_opinion_score

RTT = st.floats(0, 5_000)
JITTER = st.floats(0, 2_000)
LOSS = st.floats(0, 100)


@pytest.mark.parametrize(
    ("rtt_ms", "jitter_ms", "loss_pct", "mos"),
    [
        (20, 2, 0, 4.42),
        (100, 10, 3, 4.17),
        (150, 20, 2, 4.09),
        (400, 30, 1, 2.96),
        (2_000, 10, 0, 1.0),
        (20, 2, 100, 1.0),
    ],
)
def test_the_score_is_twilios(rtt_ms: float, jitter_ms: float, loss_pct: float, mos: float) -> None:
    assert round(mean_opinion_score(rtt_ms, jitter_ms, loss_pct), 2) == mos


@given(RTT, JITTER, LOSS)
def test_the_score_is_between_1_and_4_and_a_half(rtt_ms: float, jitter_ms: float, loss_pct: float) -> None:
    assert 0.99 <= mean_opinion_score(rtt_ms, jitter_ms, loss_pct) <= 4.5


@given(RTT, JITTER, LOSS, st.floats(0, 500))
def test_more_delay_is_never_better(rtt_ms: float, jitter_ms: float, loss_pct: float, more_ms: float) -> None:
    before = mean_opinion_score(rtt_ms, jitter_ms, loss_pct)
    assert mean_opinion_score(rtt_ms + more_ms, jitter_ms, loss_pct) <= before + 1e-9
    assert mean_opinion_score(rtt_ms, jitter_ms + more_ms, loss_pct) <= before + 1e-9


@pytest.mark.parametrize(
    ("mos", "band"),
    [
        (4.21, Band.EXCELLENT),
        (4.2, Band.GREAT),
        (4.1, Band.GOOD),
        (3.7, Band.FAIR),
        (3.1, Band.FAIR),
        (3.09, Band.POOR),
    ],
)
def test_each_border_belongs_to_one_band(mos: float, band: Band) -> None:
    assert band_of(mos) is band


@given(st.floats(1, 4.5))
def test_every_score_has_a_band_and_better_ones_no_worse(mos: float) -> None:
    order = list(Band)
    assert order.index(band_of(mos)) >= order.index(band_of(min(4.5, mos + 0.1)))
