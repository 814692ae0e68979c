"""A call's samples as a pandas frame, without a dataclass for each: from the files, and what is in memory alone."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from core.model.call import CallId, LegId
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.frames import sample_frame
from core.quality.segments import StoredTable, read_table

SeriesKey = tuple[LegId, Direction, Vantage]
"""Whose figures, of which way, measured by whom."""
_IDENTITY = ["leg_id", "direction", "vantage", "at_s"]


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A row for each sample in the order of their times, with the columns of `sample_frame`."""

    frame: pd.DataFrame
    damaged: tuple[str, ...] = ()
    """Names of the segments that could not be read: their minutes are missing."""


def read_frame(directory: Path, call_id: CallId, window_s: tuple[float, float] | None = None) -> StoredFrame:
    """What is kept of a call, or of a window on its clock. Any thread."""
    return table_frame(read_table(directory, call_id, window_s))


def table_frame(stored: StoredTable) -> StoredFrame:
    """A table that was read as a frame."""
    frame = stored.table.to_pandas()
    # Shares and rates as `RtpSample` computes them.
    frame["packets_per_s"] = frame["packets"] / frame["period_s"]
    expected = frame["expected"].fillna(frame["packets"] + frame["lost"]).astype("float64")
    loss = (100.0 * frame["lost"].astype("float64") / expected.where(expected > 0)).clip(0.0, 100.0)
    frame["loss_pct"] = loss
    return StoredFrame(frame, tuple(path.name for path in stored.damaged))


def with_latest(stored: StoredFrame, samples: Sequence[RtpSample]) -> StoredFrame:
    """Add what is in memory of a running call, as far as it is not in the files."""
    if not samples:
        return stored
    both = pd.concat([each for each in (stored.frame, sample_frame(samples)) if len(each)], ignore_index=True)
    return replace(stored, frame=both.drop_duplicates(_IDENTITY).sort_values("at_s", kind="stable", ignore_index=True))


def of_legs(stored: StoredFrame, legs: Collection[LegId]) -> StoredFrame:
    """Only what was measured of these legs."""
    return replace(stored, frame=stored.frame[stored.frame["leg_id"].isin(list(legs))])


def within(stored: StoredFrame, window_s: tuple[float, float]) -> StoredFrame:
    """Only what was measured between two times, both included."""
    return replace(stored, frame=stored.frame[stored.frame["at_s"].between(*window_s)])


def each_series(frame: pd.DataFrame) -> Iterator[tuple[SeriesKey, pd.DataFrame]]:
    """The rows of each leg, direction and vantage, in the order of their times."""
    for names, rows in frame.groupby(["leg_id", "direction", "vantage"], sort=False):
        leg_id, direction, vantage = map(str, names)
        yield (LegId(leg_id), Direction(direction), Vantage(vantage)), rows
