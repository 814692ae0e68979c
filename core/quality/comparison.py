"""Two groups of calls compared, with as much certainty as their numbers allow. Pure; any thread."""

from collections.abc import Sequence

import numpy as np

from core.quality.fleet_question import Difference, Metric, Verdict

FEWEST = 10
"""Calls that each group must have before a difference is called one."""
RESAMPLES = 1_000
MOST = 1_000
"""Values of a group that are drawn from; of more, an interval would only be narrower."""


def difference(metric: Metric, first: Sequence[float], second: Sequence[float]) -> Difference:
    """Compare a figure of two groups, a value a call.

    The interval is the percentile bootstrap's (Efron 1979): both groups are drawn anew with replacement, and the middle
    95 % of the differences of the medians are its ends. The same groups give the same interval.
    """
    p50 = _quantile(first, 0.5), _quantile(second, 0.5)
    tail = 0.05 if metric.is_better_high else 0.95
    p95 = _quantile(first, tail), _quantile(second, tail)
    counts = len(first), len(second)
    if p50[0] is None or p50[1] is None:
        return Difference(metric, counts, p50, p95, None, None, None, Verdict.TOO_FEW)
    change = p50[1] - p50[0]
    if min(counts) < FEWEST:
        return Difference(metric, counts, p50, p95, change, None, None, Verdict.TOO_FEW)
    chance = np.random.default_rng(0)
    medians = []
    for values in (first, second):
        drawn = chance.permutation(np.asarray(values, dtype=float))[:MOST]
        medians.append(np.median(chance.choice(drawn, (RESAMPLES, len(drawn))), axis=1))
    low, high = (float(each) for each in np.percentile(medians[1] - medians[0], (2.5, 97.5)))
    return Difference(metric, counts, p50, p95, change, low, high, _verdict(metric, low, high))


def _verdict(metric: Metric, low: float, high: float) -> Verdict:
    if low <= 0.0 <= high:
        return Verdict.UNCLEAR
    return Verdict.BETTER if (low > 0) == metric.is_better_high else Verdict.WORSE


def _quantile(values: Sequence[float], share: float) -> float | None:
    return float(np.quantile(np.asarray(values, dtype=float), share)) if len(values) else None
