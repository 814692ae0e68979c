"""Puts the segments of a call that is over together in one file: questions over many calls open a file a call, not one
a minute."""

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.model.call import CallId
from core.model.errors import DiskFull, SampleFileUnwritable
from core.quality.segments import REPLACES, WHOLE, replaced_by, sample_files, segment_table

logger = logging.getLogger(__name__)


def compact(folder: Path) -> None:
    """Put a call's sample files together; a damaged one is left where it is. Idempotent. On the samples' thread.

    The whole names what it replaces, so that a crash before the last of that is deleted doubles nothing; the next time
    it is deleted.

    Raises:
        DiskFull: there is no room; the segments stay.
        SampleFileUnwritable: the folder cannot be written; the segments stay.
    """
    whole = folder / WHOLE
    try:
        read = _readable(sample_files(folder.parent, CallId(folder.name)))
        if len(read) > 1:
            _write(whole, read)
        for name in replaced_by(whole):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(path=str(folder)) from error
        raise SampleFileUnwritable(path=str(folder), reason=error.strerror or str(error)) from error


def _readable(paths: tuple[Path, ...]) -> dict[Path, pa.Table]:
    read: dict[Path, pa.Table] = {}
    for path in paths:
        try:
            read[path] = segment_table(path)
        except (pa.ArrowException, ValueError) as error:
            logger.warning("the sample file %s is damaged and was left out: %s", path, error)
    return read


def _write(whole: Path, read: dict[Path, pa.Table]) -> None:
    replaced = replaced_by(whole) | {path.name for path in read if path != whole}
    table = pa.concat_tables(read.values()).combine_chunks().sort_by("at_s")
    table = table.replace_schema_metadata({REPLACES: "/".join(sorted(replaced)).encode()})
    draft = whole.with_suffix(".draft")
    try:
        with draft.open("wb") as file:
            pq.write_table(table, file, write_page_checksum=True, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(whole)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
