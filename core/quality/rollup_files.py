"""Rollup files: `<directory>/<day>.parquet`, a row a call that began on that day (UTC), legs and turns nested in it.

Every write puts a whole new file in the old one's place. A file that cannot be read is left out and named; writing to
its day replaces it, and what it held is found missing then and made anew.
"""

import errno
import io
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.model.atomic_file import put_in_place
from core.model.call import CallId
from core.model.errors import DiskFull, RollupUnwritable
from core.model.folder import FileStamp, file_stamp, file_stamps
from core.quality.rollup import VERSION, CallRollup

logger = logging.getLogger(__name__)

CACHE_BYTES = 256 * 1024 * 1024
"""Of files that are kept in memory once they have been read."""


def _needed(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


_SPREAD = pa.struct(
    [_needed("seconds", pa.int64())]
    + [_needed(name, pa.float64()) for name in ("mean", "min", "p5", "p50", "p95", "p99", "max")]
)
_STREAM = pa.struct(
    [
        _needed("direction", pa.string()),
        _needed("vantage", pa.string()),
        _needed("seconds", pa.int64()),
        _needed("packets", pa.int64()),
        pa.field("lost_pct", pa.float64()),
        pa.field("jitter_ms", _SPREAD),
        pa.field("loss_pct", _SPREAD),
        pa.field("rtt_ms", _SPREAD),
        pa.field("mos", _SPREAD),
        pa.field("send_deviation_p99_ms", _SPREAD),
        pa.field("jitter_buffer_ms", _SPREAD),
        pa.field("concealed_pct", _SPREAD),
    ]
)
_LEG = pa.struct(
    [_needed(name, pa.string()) for name in ("leg_id", "participant", "role", "language")]
    + [_needed(name, pa.string()) for name in ("browser", "platform", "network", "path")]
    + [pa.field("set_up_s", pa.float64()), pa.field("drift_ms_per_min", pa.float64())]
    + [_needed("streams", pa.list_(_STREAM))]
)
_TURN = pa.struct(
    [_needed("speaker", pa.string()), pa.field("final_s", pa.float64()), pa.field("summary_s", pa.float64())]
)
_ISSUE = pa.struct(
    [
        _needed("kind", pa.string()),
        _needed("leg_id", pa.string()),
        _needed("count", pa.int64()),
        _needed("seconds", pa.float64()),
    ]
)
SCHEMA = pa.schema(
    [
        _needed("version", pa.int64()),
        _needed("call_id", pa.string()),
        _needed("language", pa.string()),
        _needed("origin", pa.string()),
        _needed("created_at", pa.float64()),
        _needed("length_s", pa.float64()),
        _needed("people", pa.list_(pa.string())),
        pa.field("worst_mos", pa.float64()),
        _needed("legs", pa.list_(_LEG)),
        _needed("turns", pa.list_(_TURN)),
        _needed("alerts", pa.list_(_ISSUE)),
        _needed("causes", pa.list_(_ISSUE)),
    ]
)
"""The fields of a CallRollup, in their order."""


@dataclass(frozen=True, slots=True)
class LoadedRollups:
    """Rollups of some days as one Arrow table, and the files that could not be read."""

    table: pa.Table
    damaged: tuple[Path, ...]


class RollupFiles:
    """The rollups of all calls. Reading: any thread. Writing: one thread at a time, and one process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = Lock()
        self._read: dict[Path, tuple[FileStamp, pa.Table]] = {}
        self._days: dict[str, str] | None = None
        """On which day each call began; made when it is first needed, by whoever writes."""

    @property
    def revision(self) -> int:
        """Another number after every change, whoever made it. Any thread; cheap."""
        return hash(file_stamps(self._directory, {".parquet"}, below=False))

    # Writing

    def put(self, rollups: Iterable[CallRollup]) -> None:
        """Keep rollups; one of the same call is replaced. Blocking.

        Raises:
            DiskFull: there is no room; what is kept stays as it was.
            RollupUnwritable: the folder cannot be written.
        """
        by_day: dict[str, list[CallRollup]] = {}
        for rollup in rollups:
            by_day.setdefault(day_of(rollup.created_at), []).append(rollup)
        for day, each in by_day.items():
            fresh = pa.Table.from_pylist([asdict(rollup) for rollup in each], schema=SCHEMA)
            kept = self._without(day, {rollup.call_id for rollup in each})
            self._write(day, fresh if kept is None else pa.concat_tables([kept, fresh]))
            self._known_days().update({rollup.call_id: day for rollup in each})

    def delete(self, call_ids: Collection[CallId]) -> None:
        """Forget calls; idempotent. Blocking. Raises as `put`."""
        days = self._known_days()
        touched = {days[call_id] for call_id in call_ids if call_id in days}
        # One of an older version is not among the known ones, but is there.
        if older := {call_id for call_id in call_ids if call_id not in days}:
            tables = {path.stem: self._table(path) for path in self._paths()}
            touched |= {day for day, each in tables.items() if each and older & set(each["call_id"].to_pylist())}
        for day in sorted(touched):
            rest = self._without(day, call_ids)
            if rest is not None and rest.num_rows:
                self._write(day, rest)
            else:
                self._remove(day)
        for call_id in call_ids:
            days.pop(call_id, None)

    def clear(self) -> None:
        """Forget everything. Blocking. Raises RollupUnwritable."""
        for path in self._paths():
            self._remove(path.stem)
        self._days = {}

    def drop_damaged(self) -> tuple[Path, ...]:
        """Delete the files that cannot be read, so that what they held is found missing; which they were. Blocking.

        Raises RollupUnwritable.
        """
        damaged = tuple(path for path in self._paths() if self._table(path) is None)
        for path in damaged:
            self._remove(path.stem)
        return damaged

    def call_ids(self) -> Collection[str]:
        """The calls that have a rollup of this version. Blocking; on the thread that writes."""
        self._days = None
        return self._known_days().keys()

    def _known_days(self) -> dict[str, str]:
        if self._days is None:
            self._days = {}
            for path in self._paths():
                table = self._table(path)
                if table is not None:
                    self._days.update(dict.fromkeys(_current(table)["call_id"].to_pylist(), path.stem))
        return self._days

    def _without(self, day: str, call_ids: Collection[str]) -> pa.Table | None:
        path = self._path(day)
        table = self._table(path) if path.exists() else None
        if table is None:
            return None
        keep = [row not in call_ids for row in table["call_id"].to_pylist()]
        return table.filter(pa.array(keep, pa.bool_()))

    def _write(self, day: str, table: pa.Table) -> None:
        file = io.BytesIO()
        pq.write_table(table, file, write_page_checksum=True, compression="zstd")
        path = self._path(day)
        try:
            put_in_place(file.getvalue(), path)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(path=str(path)) from error
            raise RollupUnwritable(path=str(path), reason=error.strerror or str(error)) from error

    def _remove(self, day: str) -> None:
        path = self._path(day)
        with self._lock:
            self._read.pop(path, None)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise RollupUnwritable(path=str(path), reason=error.strerror or str(error)) from error

    # Reading

    def load(self, since: float | None = None, until: float | None = None) -> LoadedRollups:
        """The rollups of the days that a span touches (seconds since the Unix epoch). Blocking; any thread."""
        first = "" if since is None else day_of(since)
        last = "~" if until is None else day_of(until)
        tables, damaged = [], []
        for path in self._paths():
            if first <= path.stem <= last:
                table = self._table(path)
                if table is None:
                    damaged.append(path)
                else:
                    tables.append(_current(table))
        return LoadedRollups(pa.concat_tables(tables) if tables else SCHEMA.empty_table(), tuple(damaged))

    def _paths(self) -> Sequence[Path]:
        stamps = file_stamps(self._directory, {".parquet"}, below=False)
        # A folder that cannot be listed stands for itself there; one that does not exist holds nothing.
        return [stamp.path for stamp in stamps if stamp.path != self._directory or self._directory.exists()]

    def _path(self, day: str) -> Path:
        return self._directory / f"{day}.parquet"

    def _table(self, path: Path) -> pa.Table | None:
        """What a file holds; None where it cannot be read. What is read is kept in memory until the file changes."""
        stamp = file_stamp(path)
        with self._lock:
            kept = self._read.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        try:
            table = pq.read_table(path, schema=SCHEMA, page_checksum_verification=True)
            table.validate(full=True)
        except (pa.ArrowException, OSError, ValueError) as error:
            logger.warning("the rollup file %s is damaged and was left out: %s", path, error)
            return None
        with self._lock:
            self._keep(path, stamp, table)
        return table

    def _keep(self, path: Path, stamp: FileStamp, table: pa.Table) -> None:
        self._read.pop(path, None)
        self._read[path] = (stamp, table)
        held = sum(each.nbytes for _, each in self._read.values())
        while held > CACHE_BYTES and len(self._read) > 1:
            oldest = next(iter(self._read))
            held -= self._read.pop(oldest)[1].nbytes


def day_of(at: float) -> str:
    """The day (UTC) of a moment, as its file is called."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _current(table: pa.Table) -> pa.Table:
    """The rows of this version alone."""
    is_current = pc.equal(table["version"], VERSION)
    # Filtering copies every nested value, and hardly ever is there anything to leave out.
    return table if pc.all(is_current).as_py() in (True, None) else table.filter(is_current)
