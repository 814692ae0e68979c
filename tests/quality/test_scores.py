"""What a score is made of, and when there is none."""

import pytest

from core.model.sample import Direction
from core.quality.mos import mean_opinion_score
from core.quality.scores import Scorer
from tests.quality.stream import LEG, sample

OUT = Direction.OUTBOUND


def test_a_score_carries_what_it_was_computed_from() -> None:
    scorer = Scorer()
    scorer.score(sample(1, OUT, rtt_ms=80.0))
    score = scorer.score(sample(1, jitter_ms=12.0, packets=49, lost=1))
    assert score is not None
    assert (score.rtt_ms, score.jitter_ms, score.loss_pct) == (80.0, 12.0, 2.0)
    assert score.mos == mean_opinion_score(80.0, 12.0, 2.0)


def test_without_a_round_trip_time_there_is_no_score() -> None:
    scorer = Scorer()
    assert scorer.score(sample(1)) is None
    assert scorer.score(sample(1, OUT, rtt_ms=None)) is None
    assert scorer.score(sample(2)) is None


@pytest.mark.parametrize("missing", [{"jitter_ms": None}, {"lost": None}, {"packets": 0, "octets": 0, "lost": 0}])
def test_without_one_of_the_figures_there_is_no_score(missing: dict[str, object]) -> None:
    scorer = Scorer()
    scorer.score(sample(1, OUT))
    assert scorer.score(sample(1, **missing)) is None
    assert scorer.score(sample(2)) is not None


def test_what_the_far_end_reported_holds_until_its_next_report() -> None:
    scorer = Scorer()
    reported = scorer.score(sample(1, OUT, lost=5, expected=250))
    held = scorer.score(sample(2, OUT, lost=None))
    assert reported is not None
    assert held is not None
    assert held.loss_pct == reported.loss_pct == 2.0
    renewed = scorer.score(sample(3, OUT, lost=0, expected=250))
    assert renewed is not None
    assert renewed.loss_pct == 0.0


def test_a_report_that_is_too_old_scores_nothing() -> None:
    scorer = Scorer()
    scorer.score(sample(1, OUT, lost=5, expected=250))
    assert scorer.score(sample(2, OUT, lost=None, jitter_ms=None, rtt_ms=None)) is None
    assert scorer.score(sample(2)) is None
    assert scorer.score(sample(3, OUT, lost=None)) is None, "the loss of before is over"


def test_a_leg_that_is_gone_leaves_nothing_to_the_next() -> None:
    scorer = Scorer()
    scorer.score(sample(1, OUT))
    scorer.forget(LEG)
    assert scorer.score(sample(2)) is None
