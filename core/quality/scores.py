"""Scores from samples: what belongs to one direction of a leg, put together from both. Pure; one thread at a time."""

from dataclasses import replace

from core.model.call import LegId
from core.model.quality import Score
from core.model.sample import Direction, RtpSample
from core.quality.mos import band_of, mean_opinion_score


class _Mean:
    """The mean of one leg's and direction's scores and of what they were computed from."""

    def __init__(self, first: Score) -> None:
        self._latest = first
        self._count = 0
        self._sums = (0.0, 0.0, 0.0, 0.0)

    def add(self, score: Score) -> None:
        self._latest = score
        self._count += 1
        mos, rtt, jitter, loss = self._sums
        self._sums = (mos + score.mos, rtt + score.rtt_ms, jitter + score.jitter_ms, loss + score.loss_pct)

    def score(self) -> Score:
        mos, rtt_ms, jitter_ms, loss_pct = (total / self._count for total in self._sums)
        return replace(self._latest, mos=mos, band=band_of(mos), rtt_ms=rtt_ms, jitter_ms=jitter_ms, loss_pct=loss_pct)


class Scorer:
    """Scores one call's samples, given in the order of their times.

    The round-trip time is measured on the way out and holds for both ways. Loss on the way out is stated once with
    every report of the far end, and holds as long as the rest of that report does. Without round-trip time, jitter or
    loss there is no score: a missing figure is not 0.
    """

    def __init__(self) -> None:
        self._rtt_ms: dict[LegId, float | None] = {}
        self._reported_loss_pct: dict[LegId, float | None] = {}
        self._means: dict[tuple[LegId, Direction], _Mean] = {}

    def score(self, sample: RtpSample) -> Score | None:
        """The score of a sample's leg and direction at its time."""
        leg_id = sample.leg_id
        loss_pct = self._take_report(sample) if sample.direction is Direction.OUTBOUND else sample.loss_pct
        rtt_ms = self._rtt_ms.get(leg_id)
        if rtt_ms is None or loss_pct is None or sample.jitter_ms is None or not sample.packets:
            return None
        mos = mean_opinion_score(rtt_ms, sample.jitter_ms, loss_pct)
        score = Score(leg_id, sample.direction, sample.at_s, mos, band_of(mos), rtt_ms, sample.jitter_ms, loss_pct)
        self._means.setdefault((leg_id, sample.direction), _Mean(score)).add(score)
        return score

    def _take_report(self, sample: RtpSample) -> float | None:
        self._rtt_ms[sample.leg_id] = sample.rtt_ms
        if sample.jitter_ms is None or sample.loss_pct is not None:
            self._reported_loss_pct[sample.leg_id] = sample.loss_pct
        return self._reported_loss_pct.get(sample.leg_id)

    def means(self) -> tuple[Score, ...]:
        """Each leg's and direction's mean score so far, of legs that are gone, too."""
        return tuple(mean.score() for mean in self._means.values())

    def forget(self, leg_id: LegId) -> None:
        """Forget a leg that is gone."""
        self._rtt_ms.pop(leg_id, None)
        self._reported_loss_pct.pop(leg_id, None)
