"""A call's samples on one grid of time: what happened at once in all legs, directions and vantages stands in one place.

Whoever looks for causes compares legs and vantages with each other, and these do not measure at the same moments.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import ceil
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.model.call import LegId
from core.model.sample import Direction, RtpSample, Vantage

BIN_S = 2.0
"""Length of a bin: about two samples."""

Bins: TypeAlias = npt.NDArray[np.float64]
"""A figure for each bin; NaN where it is missing."""
Key: TypeAlias = tuple[LegId, Direction, Vantage]


class Series:
    """One leg, direction and vantage, bin by bin."""

    def __init__(self, samples: Sequence[RtpSample], start_s: float, bins: int) -> None:
        self.samples = samples
        self._bins = bins
        at_s = np.array([sample.at_s - sample.period_s / 2 for sample in samples], dtype=np.float64)
        self._index = np.clip(((at_s - start_s) // BIN_S).astype(np.intp), 0, max(0, bins - 1))
        self._means: dict[str, Bins] = {}
        self._losses: dict[int, Bins] = {}

    def mean(self, name: str) -> Bins:
        """The mean of a field of the samples."""
        if name not in self._means:
            self._means[name] = self._mean([getattr(sample, name) for sample in self.samples])
        return self._means[name]

    def share(self, holds: Callable[[RtpSample], bool | None]) -> Bins:
        """Of how many of a bin's samples something holds, 0 to 1; None says that it is not known."""
        return self._mean([holds(sample) for sample in self.samples])

    def _mean(self, values: Sequence[float | bool | None]) -> Bins:
        figures = np.array(values, dtype=np.float64)
        known = ~np.isnan(figures)
        sums = self._sum(np.where(known, figures, 0.0))
        counts = self._sum(known.astype(np.float64))
        return ratio(sums, counts)

    def _sum(self, figures: Bins) -> Bins:
        return np.bincount(self._index, figures, minlength=self._bins).astype(np.float64)

    @cached_property
    def rate(self) -> Bins:
        """Packets a second."""
        seconds = self._sum(np.array([sample.period_s for sample in self.samples], dtype=np.float64))
        packets = self._sum(np.array([sample.packets for sample in self.samples], dtype=np.float64))
        return ratio(packets, seconds)

    @cached_property
    def lost(self) -> tuple[Bins, Bins]:
        """Packets lost, and of how many; 0 where it was not counted."""
        counted = [
            (0, 0) if s.lost is None else (s.lost, s.packets + s.lost if s.expected is None else s.expected)
            for s in self.samples
        ]
        lost, expected = np.array(counted, dtype=np.float64).T
        return self._sum(lost), self._sum(expected)

    def loss_pct(self, over: int) -> Bins:
        """Loss over so many bins around each bin; fewer at the ends."""
        if over not in self._losses:
            lost, expected = (around(figures, over) for figures in self.lost)
            self._losses[over] = np.clip(ratio(100.0 * lost, expected), 0.0, 100.0)
        return self._losses[over]


def ratio(figures: Bins, by: Bins) -> Bins:
    """One figure by another; NaN where that is 0."""
    quotient: Bins = np.divide(figures, by, out=np.full(len(figures), np.nan), where=by > 0)
    return quotient


def around(figures: Bins, over: int) -> Bins:
    """The sum of so many bins around each bin (an odd number); fewer at the ends."""
    half = over // 2
    sums = np.concatenate(([0.0], np.cumsum(figures)))
    index = np.arange(len(figures))
    return np.asarray(sums[np.minimum(index + half + 1, len(figures))] - sums[np.maximum(index - half, 0)])


def mean_around(figures: Bins, over: int) -> Bins:
    """The mean of what is known in so many bins around each bin."""
    known = ~np.isnan(figures)
    counts = around(known.astype(np.float64), over)
    sums = around(np.where(known, figures, 0.0), over)
    return ratio(sums, counts)


def most_around(figures: Bins, over: int) -> Bins:
    """The greatest of what is known in so many bins around each bin (an odd number)."""
    half = over // 2
    padded = np.pad(figures, half, constant_values=np.nan)
    return greatest([padded[first : first + len(figures)] for first in range(over)], np.full(len(figures), np.nan))


class Grid:
    """All samples of a call, or of a stretch of it. Pure; whoever asks pays for a figure once."""

    def __init__(self, samples: Iterable[RtpSample]) -> None:
        groups: defaultdict[Key, list[RtpSample]] = defaultdict(list)
        for sample in samples:
            groups[sample.leg_id, sample.direction, sample.vantage].append(sample)
        begins = [sample.at_s - sample.period_s for each in groups.values() for sample in (each[0],)]
        self.start_s = BIN_S * (min(begins, default=0.0) // BIN_S)
        self.now_s = max((each[-1].at_s for each in groups.values()), default=0.0)
        """When the latest sample was taken."""
        self.bins = max(1, ceil((self.now_s - self.start_s) / BIN_S))
        self._series = {key: Series(each, self.start_s, self.bins) for key, each in groups.items()}
        self.legs = tuple(dict.fromkeys(key[0] for key in groups))
        """Every leg that was measured, in the order of their first samples."""

    @property
    def unknown(self) -> Bins:
        """What is known of a figure that nobody measured."""
        return np.full(self.bins, np.nan)

    @property
    def series(self) -> Mapping[Key, Series]:
        """All that was measured."""
        return self._series

    def get(self, leg_id: LegId, direction: Direction, vantage: Vantage) -> Series | None:
        """One leg, direction and vantage, where it was measured."""
        return self._series.get((leg_id, direction, vantage))

    def mean(self, leg_id: LegId, direction: Direction, vantage: Vantage, name: str) -> Bins:
        """The mean of a field of its samples."""
        series = self.get(leg_id, direction, vantage)
        return self.unknown if series is None else series.mean(name)

    def rate(self, leg_id: LegId, direction: Direction, vantage: Vantage) -> Bins:
        """Its packets a second."""
        series = self.get(leg_id, direction, vantage)
        return self.unknown if series is None else series.rate

    def loss_pct(self, leg_id: LegId, direction: Direction, vantage: Vantage, over: int) -> Bins:
        """Its loss, over so many bins around each bin."""
        series = self.get(leg_id, direction, vantage)
        return self.unknown if series is None else series.loss_pct(over)

    def has(self, leg_id: LegId, vantage: Vantage) -> bool:
        """Whether somebody measured the leg from there at any time."""
        return any((leg_id, direction, vantage) in self._series for direction in Direction)

    def others(self, leg_id: LegId, figure: Callable[[LegId], Bins]) -> Bins:
        """The greatest of a figure among the other legs; NaN where none has it."""
        return greatest([figure(other) for other in self.legs if other != leg_id], self.unknown)


def greatest(figures: Sequence[Bins], unknown: Bins) -> Bins:
    """The greatest figure of each bin, of those that are known."""
    most = unknown
    for each in figures:
        most = np.fmax(most, each)
    return most


def first_known(*figures: Bins) -> Bins:
    """In each bin the first of several figures that is known."""
    chosen = figures[0]
    for each in figures[1:]:
        chosen = np.where(np.isnan(chosen), each, chosen)
    return chosen
