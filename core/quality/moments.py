"""Where a call was at its worst, what was measured of it in all, and what was doubted while packets were lost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.model.call import LegId, ParticipantId
from core.model.sample import Direction, Vantage
from core.model.utterance import LOW_CONFIDENCE, Utterance
from core.quality.figures import METRICS, Metric
from core.quality.stored_frames import each_series
from core.quality.thresholds import LOSS_LIMIT_PCT

APART_S = 20.0
"""Moments of one leg and direction that are closer than this are one."""
FALL = 0.15
"""So far below the speaker's usual confidence an utterance counts as doubted."""


@dataclass(frozen=True, slots=True)
class WorstMoment:
    """A second in which a figure was beyond its limit, and none near it was worse."""

    at_s: float
    leg_id: LegId
    direction: Direction
    vantage: Vantage
    metric: Metric
    value: float


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """What was measured of one figure of one leg and direction from one vantage."""

    leg_id: LegId
    direction: Direction
    vantage: Vantage
    metric: Metric
    mean: float
    p95: float
    """Nineteen of twenty were better."""
    worst: float
    coverage: float
    """In how many of the samples it is there, 0 to 1."""


def worst_moments(frame: pd.DataFrame, limit: int) -> tuple[WorstMoment, ...]:
    """At most so many moments beyond a limit, the worst first. `frame` is one `with_scores` has made."""
    candidates: list[tuple[float, WorstMoment]] = []
    limited = [metric for metric in METRICS if metric.limit is not None]
    for series, rows in each_series(frame):
        at_s = rows["at_s"].to_numpy()
        bad = np.column_stack([_badness(metric, rows) for metric in limited])
        which, worst = bad.argmax(axis=1), bad.max(axis=1)
        taken: list[float] = []
        for place in np.argsort(-worst, kind="stable"):
            if worst[place] <= 1.0 or len(taken) == limit:
                break
            if all(abs(at_s[place] - other) >= APART_S for other in taken):
                taken.append(float(at_s[place]))
                metric = limited[which[place]]
                value = float(rows[metric.field].iloc[place])
                candidates.append((float(worst[place]), WorstMoment(float(at_s[place]), *series, metric, value)))
    return tuple(_apart(moment for _, moment in sorted(candidates, key=lambda each: -each[0])))[:limit]


def _badness(metric: Metric, rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.nan_to_num(metric.badness(rows[metric.field].to_numpy(dtype="float64")), nan=0.0)


def _apart(moments: Iterable[WorstMoment]) -> Iterable[WorstMoment]:
    """What two vantages saw of one trouble is told once."""
    told: list[WorstMoment] = []
    for moment in moments:
        same = (each for each in told if (each.leg_id, each.direction) == (moment.leg_id, moment.direction))
        if all(abs(each.at_s - moment.at_s) >= APART_S for each in same):
            told.append(moment)
            yield moment


def metric_summaries(frame: pd.DataFrame) -> tuple[MetricSummary, ...]:
    """What was measured of every leg, direction and vantage; what is missing throughout is left out."""
    found: list[MetricSummary] = []
    for series, rows in each_series(frame):
        for metric in METRICS:
            values = rows[metric.field].to_numpy(dtype="float64")
            known = values[~np.isnan(values)]
            if not len(known):
                continue
            low_is_bad = metric.is_floor or metric.field in ("packets_per_s", "level_dbfs")
            found.append(
                MetricSummary(
                    *series,
                    metric,
                    mean=float(known.mean()),
                    p95=float(np.quantile(known, 0.05 if low_is_bad else 0.95)),
                    worst=float(known.min() if low_is_bad else known.max()),
                    coverage=len(known) / len(values),
                )
            )
    return tuple(found)


def doubted_during_loss(
    utterances: Sequence[Utterance], frame: pd.DataFrame, legs: Mapping[LegId, ParticipantId]
) -> dict[str, float]:
    """Ids of final utterances whose confidence fell while packets of their speaker were lost on the way to the server.

    To each the loss in percent, the worst second's. What is doubted is the utterance as a whole: confidences of single
    words are not kept.
    """
    arriving = frame[(frame["direction"] == Direction.INBOUND.value) & (frame["vantage"] == Vantage.SERVER.value)]
    lossy = arriving[arriving["loss_pct"] > LOSS_LIMIT_PCT]
    found: dict[str, float] = {}
    for participant_id in {utterance.participant_id for utterance in utterances}:
        own = [leg for leg, owner in legs.items() if owner == participant_id]
        lost = lossy[lossy["leg_id"].isin(own)]
        said = [u for u in utterances if u.participant_id == participant_id and u.is_final and u.confidence is not None]
        if not said or lost.empty:
            continue
        usual = median(u.confidence for u in said if u.confidence is not None)
        for utterance in said:
            assert utterance.confidence is not None
            if utterance.confidence < max(LOW_CONFIDENCE, usual - FALL):
                begin_s = lost["at_s"] - lost["period_s"]
                during = lost[(lost["at_s"] > utterance.start_s) & (begin_s < utterance.end_s)]
                if len(during):
                    found[utterance.id] = float(during["loss_pct"].max())
    return found
