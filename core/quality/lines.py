"""The lines of a call's charts: points on the call's clock, with a hole wherever a sample or a figure is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.model.call import LegId
from core.model.sample import Direction, Vantage
from core.quality.downsampling import kept_places
from core.quality.stored_frames import each_series

GAP = 1.8
"""Two samples that are further apart than this many of their usual distances have a gap between them."""
USUAL = 0.1
"""The usual distance: nine of ten are longer or equal."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one leg and direction, as one vantage measured it."""

    leg_id: LegId
    direction: Direction
    vantage: Vantage
    field: str
    at_s: tuple[float, ...]
    """The call's clock."""
    values: tuple[float | None, ...]
    """None in every gap."""

    @property
    def key(self) -> str:
        """By what a page knows it."""
        return f"{self.leg_id}|{self.direction.value}|{self.vantage.value}|{self.field}"


def lines(frame: pd.DataFrame, fields: Sequence[str], points: int) -> tuple[Line, ...]:
    """The lines of all figures that were measured at all; none has many more than `points`, and each its extremes."""
    found: list[Line] = []
    for series, rows in each_series(frame):
        at_s = rows["at_s"].to_numpy()
        period_s = rows["period_s"].to_numpy()
        gap_s = GAP * _usual_s(at_s)
        for field in fields:
            values = rows[field].to_numpy(dtype="float64")
            if not np.isnan(values).all():
                xs, ys = _points(at_s, period_s, values, gap_s, points)
                found.append(Line(*series, field, xs, ys))
    return tuple(found)


def _usual_s(at_s: NDArray[np.float64]) -> float:
    return max(1.0, float(np.quantile(np.diff(at_s), USUAL))) if len(at_s) > 1 else 1.0


def _points(
    at_s: NDArray[np.float64],
    period_s: NDArray[np.float64],
    values: NDArray[np.float64],
    gap_s: float,
    points: int,
) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    there = np.flatnonzero(~np.isnan(values))
    breaks = np.flatnonzero((np.diff(there) > 1) | (np.diff(at_s[there]) > gap_s)) + 1
    xs: list[float] = []
    ys: list[float | None] = []
    for stretch in np.split(there, breaks):
        if xs:
            xs.append((xs[-1] + float(at_s[stretch[0]])) / 2)
            ys.append(None)
        if len(stretch) == 1:
            # A line needs two points; one sample stands for the whole of its period.
            xs.append(round(float(at_s[stretch[0]] - period_s[stretch[0]]), 3))
            ys.append(round(float(values[stretch[0]]), 3))
        share = -(-points * len(stretch) // len(there))
        kept = stretch[kept_places(at_s[stretch], values[stretch], share)]
        xs += at_s[kept].round(3).tolist()
        ys += values[kept].round(3).tolist()
    return tuple(xs), tuple(ys)
