"""Samples as a table of figures, ready for charts: one row a sample, and a row of nothing in every gap."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from core.model.sample import RtpSample

SERIES = ["leg_id", "direction", "vantage"]
"""The columns that tell one line of a chart from another."""
FIGURES = [
    "packets_per_s",
    "kbps",
    "loss_pct",
    "jitter_ms",
    "rtt_ms",
    "send_deviation_p50_ms",
    "send_deviation_p99_ms",
    "level_dbfs",
]
GAP_PERIODS = 2.0
"""Two samples that are further apart than this many periods have a gap between them."""


def rates(samples: Iterable[RtpSample]) -> pd.DataFrame:
    """Samples as a tidy frame, ordered by series and time. Pure; any thread.

    Columns: `leg_id`, `direction`, `vantage` (text), `at_s` (seconds, the end of the period) and the `FIGURES`, all
    float64: packets a second, payload kilobits a second, percent, milliseconds, dBFS. What was not measured is NaN,
    never 0. In every gap of a series stands a row, one period after the last sample before it, whose figures are all
    NaN, so that a line that is drawn through the rows breaks there.
    """
    frame = pd.DataFrame(
        [
            (
                s.leg_id,
                s.direction.value,
                s.vantage.value,
                s.at_s,
                s.period_s,
                s.packets_per_s,
                s.octets * 8 / 1000 / s.period_s,
                s.loss_pct,
                s.jitter_ms,
                s.rtt_ms,
                s.send_deviation_p50_ms,
                s.send_deviation_p99_ms,
                s.level_dbfs,
            )
            for s in samples
        ],
        columns=[*SERIES, "at_s", "period_s", *FIGURES],
    ).astype({"at_s": "float64", "period_s": "float64", **dict.fromkeys(FIGURES, "float64")})
    frame = frame.sort_values([*SERIES, "at_s"], kind="stable", ignore_index=True)
    gaps = _gaps(frame)
    if not gaps.empty:
        frame = pd.concat([frame, gaps]).sort_values([*SERIES, "at_s"], kind="stable", ignore_index=True)
    return frame.drop(columns="period_s")


def _gaps(ordered: pd.DataFrame) -> pd.DataFrame:
    """A row of nothing for every gap, at the end of the first missing period."""
    following = ordered.groupby(SERIES, sort=False)["at_s"].shift(-1)
    before = ordered[following - ordered["at_s"] > GAP_PERIODS * ordered["period_s"]]
    return before.assign(at_s=before["at_s"] + before["period_s"], **dict.fromkeys(FIGURES, np.nan))
