"""How long turns take: percentiles of each step over many turns, and what went beyond the budget. Pure; any thread."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.model.turn_trace import BRANCHES, WAY, Step, TurnTrace

STEPS = (Step.FIRST_WORDS, *WAY[1:], Step.TEXT_PAINTED, Step.PASSAGES, Step.PASSAGES_PAINTED)
"""The steps that take time, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of several lengths of time, in seconds; between two of them in proportion (as numpy and spreadsheets do)."""

    count: int
    p50_s: float
    p95_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """How long the steps of many turns took."""

    turns: int
    total: Percentiles | None
    """From the end of speech to the painted summary; None where no turn had a summary."""
    steps: Mapping[Step, Percentiles]
    """Of each step that any turn has."""
    exceeding: int
    """Turns that took longer than the budget."""
    where: Mapping[Step, int]
    """Which step took longest in those, most frequent first."""
    folded: int
    """Turns that share a later turn's request."""

    @property
    def share(self) -> float | None:
        """Which part of the turns with a summary took longer than the budget."""
        return self.exceeding / self.total.count if self.total else None


def percentiles(lengths_s: Sequence[float]) -> Percentiles | None:
    """The median and the high percentiles; None of nothing."""
    if not lengths_s:
        return None
    p50, p95, p99 = np.percentile(np.asarray(lengths_s, dtype=float), (50, 95, 99))
    return Percentiles(len(lengths_s), float(p50), float(p95), float(p99))


def latency_report(traces: Iterable[TurnTrace], budget_s: float) -> LatencyReport:
    """The figures of all these turns together."""
    traces = tuple(traces)
    lengths: dict[Step, list[float]] = {step: [] for step in (*WAY[1:], *BRANCHES)}
    for trace in traces:
        for span in (*trace.way, *trace.branches):
            lengths[span.step].append(span.took_s)
    exceeding = [trace for trace in traces if trace.exceeds(budget_s)]
    where = Counter(trace.slowest for trace in exceeding if trace.slowest is not None)
    return LatencyReport(
        turns=len(traces),
        total=percentiles([trace.total_s for trace in traces if trace.total_s is not None]),
        steps={step: found for step in STEPS if (found := percentiles(lengths[step]))},
        exceeding=len(exceeding),
        where=dict(where.most_common()),
        folded=sum(trace.is_folded for trace in traces),
    )
