"""Samples as files to take along: Parquet for programs, CSV for spreadsheets. Pure; any thread."""

import csv
import io
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from core.model.sample import RtpSample
from core.quality.frames import COLUMNS
from core.quality.segments import SCHEMA

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula, and runs it."""


def samples_parquet(samples: Sequence[RtpSample]) -> bytes:
    """Samples as one Parquet file with the columns of a call's own segments; `core.quality.imports` reads it again."""
    table = pa.table([[getattr(sample, name) for sample in samples] for name in SCHEMA.names], schema=SCHEMA)
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", write_page_checksum=True)
    return file.getvalue()


def samples_csv(samples: Iterable[RtpSample]) -> bytes:
    """Samples as a table: the fields of `RtpSample` and what they compute, a row a sample; missing cells are empty."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for sample in samples:
        writer.writerow([_cell(getattr(sample, name)) for name in COLUMNS])
    # With the mark at its beginning Excel reads Korean as what it is.
    return file.getvalue().encode("utf-8-sig", "replace")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case float():
            return f"{value:.6g}" if abs(value) < 1e5 else f"{value:.3f}"
        case str():
            return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
    return str(value)
