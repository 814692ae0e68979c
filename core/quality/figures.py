"""What a chart of a call shows beside the raw samples: scores second by second, and reports that hold for a while."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.model.sample import Vantage
from core.quality.mos import opinion_scores
from core.quality.scores import reported_direction
from core.quality.thresholds import CONCEALMENT_LIMIT_PCT, JITTER_LIMIT_MS, LOSS_LIMIT_PCT, MOS_LIMIT, RTT_LIMIT_MS

RTT_HOLDS_S = 6.0
"""A round-trip time is measured now and then; for so long the last one holds."""


class Provenance(StrEnum):
    """Where a figure comes from."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    """Computed by a model of what people hear."""
    MISSING = "missing"
    """Nobody measured it."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a sample."""

    field: str
    """The column of the frame."""
    unit: str
    limit: float | None = None
    """From here on people hear it."""
    is_floor: bool = False
    """Whether what lies below the limit is beyond it."""
    vantages: frozenset[Vantage] = frozenset(Vantage)
    """Who can measure it."""
    provenance: Provenance = Provenance.MEASURED

    def badness(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """How bad figures are: 1 at the limit, more beyond it; 0 where there is no limit."""
        if self.limit is None:
            return np.zeros_like(value)
        return (_BEST_MOS - value) / (_BEST_MOS - self.limit) if self.is_floor else value / self.limit


_BEST_MOS = 4.4
_BROWSER = frozenset({Vantage.BROWSER})
_SERVER = frozenset({Vantage.SERVER})

METRICS: tuple[Metric, ...] = (
    Metric("mos", "", MOS_LIMIT, is_floor=True, provenance=Provenance.ESTIMATED),
    Metric("jitter_ms", "ms", JITTER_LIMIT_MS),
    Metric("loss_pct", "%", LOSS_LIMIT_PCT),
    Metric("rtt_ms", "ms", RTT_LIMIT_MS),
    Metric("jitter_buffer_ms", "ms", vantages=_BROWSER),
    Metric("jitter_buffer_target_ms", "ms", vantages=_BROWSER),
    Metric("concealed_pct", "%", CONCEALMENT_LIMIT_PCT, vantages=_BROWSER),
    Metric("packets_per_s", "1/s"),
    Metric("send_deviation_p99_ms", "ms", vantages=_SERVER),
    Metric("level_dbfs", "dBFS"),
)
"""What the page of one call draws, from what people hear down to single causes."""
FIELDS = tuple(metric.field for metric in METRICS)


def with_scores(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a column `mos`, and with the loss that far ends report held as long as the rest of the report.

    The rules are those of `core.quality.scores.Scorer`, for each vantage by itself: the round-trip time is measured in
    one direction and holds for both, and without any one of the inputs there is no score. Rows keep their order.
    """
    scored = frame.copy()
    scored["mos"] = np.nan
    for (_, vantage), rows in frame.groupby(["leg_id", "vantage"], sort=False):
        at_s = rows["at_s"].to_numpy()
        rtt = _held_rtt(at_s, rows)
        loss = rows["loss_pct"].to_numpy().copy()
        jitter = rows["jitter_ms"].to_numpy()
        is_far = rows["direction"].to_numpy() == reported_direction(Vantage(str(vantage))).value
        loss[is_far] = _held_loss(loss[is_far], jitter[is_far])
        scored.loc[rows.index, "loss_pct"] = loss
        jitter = np.where(rows["packets"].to_numpy() > 0, jitter, np.nan)
        scored.loc[rows.index, "mos"] = opinion_scores(rtt, jitter, loss)
    return scored


def _held_rtt(at_s: NDArray[np.float64], rows: pd.DataFrame) -> NDArray[np.float64]:
    rtt = rows["rtt_ms"].to_numpy()
    measures = rows["direction"][rows["rtt_ms"].notna()].unique()
    if not len(measures):
        return np.full(len(rtt), np.nan)
    says = rows["direction"].isin(measures).to_numpy()
    places = np.flatnonzero(says)
    # Both directions of one second have the same time: the latest that is not after it.
    latest = np.searchsorted(at_s[places], at_s, side="right") - 1
    held = np.where(latest >= 0, rtt[places[np.maximum(latest, 0)]], np.nan)
    age_s = at_s - at_s[places[np.maximum(latest, 0)]]
    return np.where(age_s <= RTT_HOLDS_S, held, np.nan)


def _held_loss(loss: NDArray[np.float64], jitter: NDArray[np.float64]) -> NDArray[np.float64]:
    states = np.isnan(jitter) | ~np.isnan(loss)
    latest = np.maximum.accumulate(np.where(states, np.arange(len(loss)), -1))
    return np.where(latest >= 0, loss[np.maximum(latest, 0)], np.nan) if len(loss) else loss
