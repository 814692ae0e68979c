"""Scores from samples: what belongs to one direction of a leg, put together from both. Pure; one thread at a time."""

from dataclasses import replace
from typing import TypeAlias

from core.model.call import LegId
from core.model.quality import Score
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.mos import band_of, mean_opinion_score

_Place: TypeAlias = tuple[LegId, Vantage]


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
    """Scores one call's samples; those of a leg and vantage are given in the order of their times.

    The round-trip time is measured in one direction, or in both, and holds for both ways. What the far end has received
    is stated once with every report of it, and holds as long as the rest of that report does. Without round-trip time,
    jitter or loss there is no score: a missing figure is not 0.
    """

    def __init__(self) -> None:
        self._rtt: dict[_Place, tuple[Direction, float]] = {}
        self._reported_loss_pct: dict[_Place, float | None] = {}
        self._means: dict[tuple[LegId, Vantage, Direction], _Mean] = {}

    def score(self, sample: RtpSample) -> Score | None:
        """The score of a sample's leg, direction and vantage at its time."""
        place = (sample.leg_id, sample.vantage)
        rtt_ms = self._take_rtt(place, sample)
        is_far = sample.direction is reported_direction(sample.vantage)
        loss_pct = self._take_report(sample) if is_far else sample.loss_pct
        if rtt_ms is None or loss_pct is None or sample.jitter_ms is None or not sample.packets:
            return None
        mos = mean_opinion_score(rtt_ms, sample.jitter_ms, loss_pct)
        held = (("rtt_ms", sample.rtt_ms), ("loss_pct", sample.loss_pct))
        score = Score(
            sample.leg_id,
            sample.direction,
            sample.at_s,
            mos,
            band_of(mos),
            rtt_ms,
            sample.jitter_ms,
            loss_pct,
            sample.vantage,
            frozenset(name for name, measured in held if measured is None),
        )
        self._means.setdefault((*place, sample.direction), _Mean(score)).add(score)
        return score

    def _take_rtt(self, place: _Place, sample: RtpSample) -> float | None:
        if sample.rtt_ms is not None:
            self._rtt[place] = sample.direction, sample.rtt_ms
        elif place in self._rtt and self._rtt[place][0] is sample.direction:
            del self._rtt[place]
        return self._rtt[place][1] if place in self._rtt else None

    def _take_report(self, sample: RtpSample) -> float | None:
        place = (sample.leg_id, sample.vantage)
        if sample.jitter_ms is None or sample.loss_pct is not None:
            self._reported_loss_pct[place] = sample.loss_pct
        return self._reported_loss_pct.get(place)

    def means(self) -> tuple[Score, ...]:
        """Each leg's, direction's and vantage's mean score so far, of legs that are gone, too."""
        return tuple(mean.score() for mean in self._means.values())

    def forget(self, leg_id: LegId) -> None:
        """Forget a leg that is gone."""
        for vantage in Vantage:
            self._rtt.pop((leg_id, vantage), None)
            self._reported_loss_pct.pop((leg_id, vantage), None)


def reported_direction(vantage: Vantage) -> Direction:
    """Of what whoever measures sends: what was received of it is known from the far end's reports alone."""
    return Direction.OUTBOUND if vantage is Vantage.SERVER else Direction.INBOUND
