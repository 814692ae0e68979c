"""Sample files: Parquet segments a minute long, `<directory>/<call id>/<minute>.parquet`.

The open segment is written anew every few seconds, so a crash costs at most `FLUSH_S` seconds of figures; every write
goes to a draft that then takes the file's place, so a segment is whole or not there.
"""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.model.call import CallId, LegId
from core.model.clock import Clock
from core.model.errors import DiskFull, SampleFileUnwritable
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, PathState, RtpSample, Vantage

logger = logging.getLogger(__name__)

SEGMENT_S = 60.0
FLUSH_S = 10.0
WAITING_LIMIT = 100_000
"""Samples of all calls that are held in memory: the open minutes, and what could not be written yet (an hour of
thirteen two-party calls). Beyond it the newest are dropped and counted."""

SCHEMA = pa.schema(
    [
        pa.field("leg_id", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("vantage", pa.string(), nullable=False),
        pa.field("at_s", pa.float64(), nullable=False),
        pa.field("period_s", pa.float64(), nullable=False),
        pa.field("packets", pa.int64(), nullable=False),
        pa.field("octets", pa.int64(), nullable=False),
        pa.field("lost", pa.int64()),
        pa.field("jitter_ms", pa.float64()),
        pa.field("rtt_ms", pa.float64()),
        pa.field("send_deviation_p50_ms", pa.float64()),
        pa.field("send_deviation_p99_ms", pa.float64()),
        pa.field("level_dbfs", pa.float64()),
        pa.field("expected", pa.int64()),
        pa.field("loop_lag_p99_ms", pa.float64()),
        pa.field("jitter_buffer_ms", pa.float64()),
        pa.field("jitter_buffer_target_ms", pa.float64()),
        pa.field("jitter_buffer_total_s", pa.float64()),
        pa.field("concealed_pct", pa.float64()),
        pa.field("stretched_pct", pa.float64()),
        pa.field("packet_send_delay_ms", pa.float64()),
        pa.field("is_muted", pa.bool_()),
        pa.field("path_state", pa.string()),
        pa.field("local_candidate", pa.string()),
        pa.field("remote_candidate", pa.string()),
        pa.field("path_transport", pa.string()),
        pa.field("path_id", pa.string()),
        pa.field("timestamp_drift_ms_per_min", pa.float64()),
    ]
)
"""The fields of an RtpSample, in their order. A segment of an older version lacks the last: they read as missing."""
NUMBERS = tuple(each.name for each in SCHEMA if pa.types.is_floating(each.type) or pa.types.is_integer(each.type))
"""The fields that are numbers."""

WHOLE = "whole.parquet"
"""What the segments of a call that is over are put together in (`core.quality.compaction`)."""
REPLACES = b"replaces"
"""Key of the whole's metadata: names of the files that it was made of, joined by slashes."""

_WORDS: dict[str, Callable[[str], object]] = {
    "leg_id": LegId,
    "direction": Direction,
    "vantage": Vantage,
    "path_state": PathState,
    "local_candidate": CandidateType,
    "remote_candidate": CandidateType,
    "path_transport": PathTransport,
}
"""What the texts of a segment stand for."""


@dataclass(slots=True)
class _Segment:
    minute: int
    samples: list[RtpSample] = field(default_factory=list)
    path: Path | None = None
    """Chosen when it is first written."""


@dataclass(slots=True)
class _Unwritten:
    """What of a call is held in memory: the open segment last, before it those that could not be written yet."""

    tried_at: float
    segments: list[_Segment] = field(default_factory=list)
    is_ended: bool = False


class SampleWriter:
    """Writes the samples of all calls. Its methods block for the disk and are called on one thread.

    While the disk is full nothing is lost up to `limit` samples: every method first takes what it is given, then
    writes what is due, and raises when that fails; it is tried again every `FLUSH_S` seconds as samples come.
    """

    def __init__(self, directory: Path, clock: Clock, limit: int = WAITING_LIMIT) -> None:
        self._limit = limit
        self._directory = directory
        self._clock = clock
        self._calls: dict[CallId, _Unwritten] = {}
        self._held = 0
        self.dropped = 0
        """Samples that were not kept."""
        self.is_failing = False
        """Whether the last attempt to write failed; it is tried again. Any thread."""

    @property
    def directory(self) -> Path:
        """Where the folders of the calls are."""
        return self._directory

    def append(self, call_id: CallId, samples: Iterable[RtpSample]) -> None:
        """Take samples whose `at_s` is on the call's clock.

        Raises:
            DiskFull: there is no room; what was taken waits in memory.
            SampleFileUnwritable: the folder cannot be written; what was taken waits in memory.
        """
        now = self._clock.monotonic()
        unwritten = self._calls.setdefault(call_id, _Unwritten(tried_at=now))
        for sample in samples:
            self._hold(unwritten, sample)
        for each_id, each in list(self._calls.items()):
            if now - each.tried_at >= FLUSH_S:
                self._write_call(each_id, each)

    def close(self, call_id: CallId) -> None:
        """Write the rest of a call that is over; idempotent. Raises like `append`."""
        unwritten = self._calls.get(call_id)
        if unwritten is not None:
            unwritten.is_ended = True
            self._write_call(call_id, unwritten)

    def delete(self, call_id: CallId) -> None:
        """Forget a call that is over and delete its files; idempotent.

        Raises:
            SampleFileUnwritable: a file cannot be deleted.
        """
        unwritten = self._calls.pop(call_id, None)
        if unwritten is not None:
            self._held -= sum(len(segment.samples) for segment in unwritten.segments)
        folder = self._directory / call_id
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise SampleFileUnwritable(path=str(folder), reason=error.strerror or str(error)) from error

    def flush(self) -> None:
        """Write all that is held in memory. Raises like `append`, at the first call that cannot be written."""
        for call_id, unwritten in list(self._calls.items()):
            self._write_call(call_id, unwritten)

    def _hold(self, unwritten: _Unwritten, sample: RtpSample) -> None:
        if self._held >= self._limit:
            self.dropped += 1
            return
        minute = int(max(0.0, sample.at_s) // SEGMENT_S)
        # A sample that comes late, after the next minute has begun, is kept with that one.
        if not unwritten.segments or minute > unwritten.segments[-1].minute:
            unwritten.segments.append(_Segment(minute))
        unwritten.segments[-1].samples.append(sample)
        self._held += 1

    def _write_call(self, call_id: CallId, unwritten: _Unwritten) -> None:
        unwritten.tried_at = self._clock.monotonic()
        while len(unwritten.segments) > 1 or (unwritten.is_ended and unwritten.segments):
            self._write(call_id, unwritten.segments[0])
            self._held -= len(unwritten.segments.pop(0).samples)
        if unwritten.segments:
            self._write(call_id, unwritten.segments[0])
        if unwritten.is_ended:
            del self._calls[call_id]

    def _write(self, call_id: CallId, segment: _Segment) -> None:
        folder = self._directory / call_id
        try:
            folder.mkdir(parents=True, exist_ok=True)
            segment.path = segment.path or _free_path(folder, segment.minute)
            _write_whole(segment.path, segment.samples)
            self.is_failing = False
        except OSError as error:
            self.is_failing = True
            if error.errno == errno.ENOSPC:
                raise DiskFull(path=str(folder)) from error
            raise SampleFileUnwritable(path=str(folder), reason=error.strerror or str(error)) from error


def _free_path(folder: Path, minute: int) -> Path:
    """Where a segment goes; one of the same minute may be there from before the call was closed, and is left alone.

    A name that the whole has replaced is no more to be used: what bears it counts as a copy.
    """
    path = folder / f"{minute:05d}.parquet"
    taken = replaced_by(folder / WHOLE)
    more = 0
    while path.exists() or path.name in taken:
        more += 1
        path = folder / f"{minute:05d}-{more}.parquet"
    return path


def _write_whole(path: Path, samples: Sequence[RtpSample]) -> None:
    table = pa.table([[getattr(sample, name) for sample in samples] for name in SCHEMA.names], schema=SCHEMA)
    draft = path.with_suffix(".draft")
    try:
        with draft.open("wb") as file:
            pq.write_table(table, file, write_page_checksum=True)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


@dataclass(frozen=True, slots=True)
class StoredSamples:
    """A call's samples in the order of their times, and the segments that could not be read."""

    samples: tuple[RtpSample, ...]
    damaged: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A call's samples as a table of `SCHEMA`, in the order of their times, and the segments that are damaged."""

    table: pa.Table
    damaged: tuple[Path, ...]


def read_samples(directory: Path, call_id: CallId) -> StoredSamples:
    """All samples that are kept of a call; a damaged segment is skipped and named. Any thread."""
    stored = read_table(directory, call_id)
    return StoredSamples(table_samples(stored.table), stored.damaged)


def read_table(directory: Path, call_id: CallId, window_s: tuple[float, float] | None = None) -> StoredTable:
    """The samples that are kept of a call, or those between two times on its clock (both included). Any thread.

    A damaged segment is skipped and named; one without anything in the window is only looked at.
    """
    tables = [SCHEMA.empty_table()]
    damaged: list[Path] = []
    for path in sample_files(directory, call_id):
        try:
            tables.append(_read_segment(path, window_s))
        except DAMAGED as error:
            logger.warning("the sample file %s is damaged and was left out: %s", path, error)
            damaged.append(path)
    return StoredTable(pa.concat_tables(tables).sort_by("at_s"), tuple(damaged))


def table_samples(table: pa.Table) -> tuple[RtpSample, ...]:
    """The rows of a table of `SCHEMA` as samples."""
    columns = [_column(name, table[name].to_pylist()) for name in SCHEMA.names]
    return tuple(RtpSample(*row) for row in zip(*columns, strict=True))


def sample_files(directory: Path, call_id: CallId) -> tuple[Path, ...]:
    """The files that hold a call's samples, each sample in one of them. Any thread."""
    folder = directory / call_id
    paths = sorted(folder.glob("*.parquet"))
    if len(paths) < 2 or folder / WHOLE not in paths:
        return tuple(paths)
    # A crash came between writing the whole and deleting what it was made of; or a sample came late.
    replaced = replaced_by(folder / WHOLE)
    return tuple(path for path in paths if path.name not in replaced)


def replaced_by(whole: Path) -> frozenset[str]:
    """Names of the files that a whole was made of; none where there is no whole. Any thread."""
    try:
        metadata = pq.read_metadata(whole).metadata or {}
    except DAMAGED:
        return frozenset()
    names = metadata.get(REPLACES, b"").decode(errors="replace").split("/")
    return frozenset(name for name in names if name.endswith(".parquet"))


def damaged_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those of some sample files that cannot be read; each is read whole. Any thread."""
    damaged: list[Path] = []
    for path in paths:
        try:
            segment_table(path)
        except DAMAGED as error:
            logger.warning("the sample file %s is damaged and was left out: %s", path, error)
            damaged.append(path)
    return tuple(damaged)


def thinned(samples: tuple[RtpSample, ...], points: int) -> tuple[RtpSample, ...]:
    """Every k-th sample of each leg, direction and vantage, so that none has more than `points`."""
    series: dict[tuple[str, str, str], list[RtpSample]] = {}
    for sample in samples:
        series.setdefault((sample.leg_id, sample.direction, sample.vantage), []).append(sample)
    kept = [s for each in series.values() for s in each[:: -(-len(each) // points)]]
    return tuple(sorted(kept, key=lambda s: s.at_s))


DAMAGED = (pa.ArrowException, OSError, ValueError)
"""What reading a file raises that is damaged, or no file of samples."""


def sample_rows(source: Path | BinaryIO) -> int:
    """How many samples a file says that it has, without reading them. Raises one of `DAMAGED`."""
    return int(pq.ParquetFile(source).metadata.num_rows)


def read_segment(source: Path | BinaryIO) -> tuple[RtpSample, ...]:
    """The samples of one file, a segment or an export, in its order. Any thread. Raises one of `DAMAGED`."""
    return table_samples(_read_segment(source, None))


def segment_table(path: Path) -> pa.Table:
    """The samples of one file as a table of `SCHEMA`. Any thread. Raises one of `DAMAGED`."""
    return _read_segment(path, None)


def _read_segment(path: Path | BinaryIO, window_s: tuple[float, float] | None) -> pa.Table:
    within = None if window_s is None else [("at_s", ">=", window_s[0]), ("at_s", "<=", window_s[1])]
    table = pq.read_table(path, schema=SCHEMA, page_checksum_verification=True, filters=within)
    table.validate()
    lacking = [f.name for f in SCHEMA if not f.nullable and table[f.name].null_count]
    if lacking:
        raise ValueError(f"no {', '.join(lacking)}")
    for name in _WORDS:
        _column(name, table[name].unique().to_pylist())
    return table


def _column(name: str, values: list[Any]) -> list[Any]:
    word = _WORDS.get(name)
    return values if word is None else [None if value is None else word(value) for value in values]
