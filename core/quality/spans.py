"""Stretches of time in which something held, found in bins: one bad moment is none, and one good moment ends none."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.quality.grid import BIN_S, Bins, Grid


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of bins, both ends in it."""

    first: int
    last: int
    is_open: bool
    """Whether it may go on: nothing has said yet that it is over."""

    def start_s(self, grid: Grid) -> float:
        """When it began, on the call's clock."""
        return max(0.0, grid.start_s + self.first * BIN_S)

    def end_s(self, grid: Grid) -> float:
        """When it was last seen, on the call's clock."""
        return min(grid.now_s, grid.start_s + (self.last + 1) * BIN_S)

    def touches(self, other: "Span", margin: int = 0) -> bool:
        """Whether two stretches have a bin in common, or are at most `margin` bins apart."""
        return self.first <= other.last + margin and other.first <= self.last + margin

    def median(self, figures: Bins) -> float | None:
        """The median of what is known of a figure in it."""
        known = self._known(figures)
        return float(np.median(known)) if len(known) else None

    def mean(self, figures: Bins) -> float | None:
        """The mean of what is known of a figure in it."""
        known = self._known(figures)
        return float(np.mean(known)) if len(known) else None

    def _known(self, figures: Bins) -> Bins:
        part = figures[self.first : self.last + 1]
        return part[~np.isnan(part)]


def where(holds: npt.NDArray[np.bool_], *needed: Bins) -> Bins:
    """What holds, as a figure: 1 or 0, and NaN where anything that it needs is missing."""
    unknown = np.zeros(len(holds), dtype=np.bool_)
    for each in needed:
        unknown |= np.isnan(each)
    return np.where(unknown, np.nan, holds.astype(np.float64))


def spans(holds: Bins, *, for_s: float, apart_s: float) -> tuple[Span, ...]:
    """Stretches in which something held for at least `for_s` in all, and for most of the time.

    What lies less than `apart_s` apart is one. Bins of which nothing is known neither end a stretch nor lengthen it.
    """
    true = np.flatnonzero(holds == 1)
    if not len(true):
        return ()
    known = ~np.isnan(holds)
    apart = max(1, round(apart_s / BIN_S))
    after_known = np.flatnonzero(known)
    found = []
    for part in np.split(true, np.flatnonzero(np.diff(true) > apart) + 1):
        first, last = int(part[0]), int(part[-1])
        if len(part) * BIN_S < for_s or 2 * len(part) <= int(known[first : last + 1].sum()):
            continue
        good_since = after_known[after_known > last]
        found.append(Span(first, last, is_open=len(good_since) <= apart))
    return tuple(found)


def without(found: Iterable[Span], explained: Iterable[Span], margin: int = 0) -> tuple[Span, ...]:
    """The stretches that none of the others explains."""
    others = tuple(explained)
    return tuple(span for span in found if not any(span.touches(other, margin) for other in others))
