"""Sample files: Parquet segments a minute long, `<directory>/<call id>/<minute>.parquet`.

The open segment is written anew every few seconds, so a crash costs at most `FLUSH_S` seconds of figures; every write
goes to a draft that then takes the file's place, so a segment is whole or not there.
"""

import errno
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.model.call import CallId, LegId
from core.model.clock import Clock
from core.model.errors import DiskFull, SampleFileUnwritable
from core.model.sample import Direction, RtpSample, Vantage

logger = logging.getLogger(__name__)

SEGMENT_S = 60.0
FLUSH_S = 10.0

SCHEMA = pa.schema(
    [
        ("leg_id", pa.string()),
        ("direction", pa.string()),
        ("vantage", pa.string()),
        ("at_s", pa.float64()),
        ("period_s", pa.float64()),
        ("packets", pa.int64()),
        ("octets", pa.int64()),
        ("lost", pa.int64()),
        ("jitter_ms", pa.float64()),
        ("rtt_ms", pa.float64()),
        ("send_deviation_p50_ms", pa.float64()),
        ("send_deviation_p99_ms", pa.float64()),
        ("level_dbfs", pa.float64()),
    ]
)


@dataclass(slots=True)
class _OpenSegment:
    minute: int
    flushed_at: float
    samples: list[RtpSample] = field(default_factory=list)


class SampleWriter:
    """Writes the samples of all calls. One thread; a call's samples come in the order of their minutes."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._open: dict[CallId, _OpenSegment] = {}

    def append(self, call_id: CallId, sample: RtpSample) -> None:
        """Take a sample whose `at_s` is on the call's clock.

        Raises:
            DiskFull: there is no room; the samples of the open minute stay in memory and are written with the next.
            SampleFileUnwritable: the folder cannot be written.
        """
        minute = int(max(0.0, sample.at_s) // SEGMENT_S)
        segment = self._open.get(call_id)
        if segment is not None and minute > segment.minute:
            self._write(call_id, segment)
            segment = None
        if segment is None:
            segment = self._open[call_id] = _OpenSegment(minute, self._clock.monotonic())
        segment.samples.append(sample)
        if self._clock.monotonic() - segment.flushed_at >= FLUSH_S:
            segment.flushed_at = self._clock.monotonic()
            self._write(call_id, segment)

    def close(self, call_id: CallId) -> None:
        """Write the call's last segment; idempotent. Raises like `append`."""
        segment = self._open.pop(call_id, None)
        if segment is not None:
            self._write(call_id, segment)

    def _write(self, call_id: CallId, segment: _OpenSegment) -> None:
        path = self._directory / call_id / f"{segment.minute:05d}.parquet"
        draft = path.with_suffix(".draft")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            table = pa.Table.from_pylist([asdict(sample) for sample in segment.samples], schema=SCHEMA)
            with draft.open("wb") as file:
                pq.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            if error.errno == errno.ENOSPC:
                raise DiskFull(path=str(path)) from error
            raise SampleFileUnwritable(path=str(path), reason=error.strerror or str(error)) from error


@dataclass(frozen=True, slots=True)
class StoredSamples:
    """A call's samples in the order of their times, and the segments that could not be read."""

    samples: tuple[RtpSample, ...]
    damaged: tuple[Path, ...]


def read_samples(directory: Path, call_id: CallId) -> StoredSamples:
    """All samples that are kept of a call; a damaged segment is skipped and named. Any thread."""
    samples: list[RtpSample] = []
    damaged: list[Path] = []
    for path in sorted((directory / call_id).glob("*.parquet")):
        try:
            rows = pq.read_table(path, schema=SCHEMA).to_pylist()
        except (pa.ArrowException, OSError) as error:
            logger.warning("the sample file %s is damaged and was left out: %s", path, error)
            damaged.append(path)
            continue
        samples.extend(_sample(row) for row in rows)
    return StoredSamples(tuple(sorted(samples, key=lambda s: s.at_s)), tuple(damaged))


def thinned(samples: tuple[RtpSample, ...], points: int) -> tuple[RtpSample, ...]:
    """Every k-th sample of each leg, direction and vantage, so that none has more than `points`."""
    series: dict[tuple[str, str, str], list[RtpSample]] = {}
    for sample in samples:
        series.setdefault((sample.leg_id, sample.direction, sample.vantage), []).append(sample)
    kept = [s for each in series.values() for s in each[:: -(-len(each) // points)]]
    return tuple(sorted(kept, key=lambda s: s.at_s))


def _sample(row: dict[str, object]) -> RtpSample:
    values = dict(row)
    leg_id, direction, vantage = (str(values.pop(key)) for key in ("leg_id", "direction", "vantage"))
    return RtpSample(LegId(leg_id), Direction(direction), Vantage(vantage), **values)  # type: ignore[arg-type]
