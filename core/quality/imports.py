"""Files that tell of calls from elsewhere, whatever their kind: their first bytes tell it, not their names."""

from pathlib import Path
from typing import BinaryIO

from core.model.call import CallId
from core.model.errors import (
    ImportedFileBroken,
    ImportedFileSilent,
    ImportedFileTooLarge,
    ImportedFileUnknown,
    ImportedFileUnreadable,
)
from core.model.imported import ImportedCall, ImportKind
from core.model.message import Message
from core.model.sample import RtpSample
from core.quality.dump_call import MOST_LEGS
from core.quality.dump_file import DumpFile, Progress, no_progress
from core.quality.rtcstats import MAGIC, read_rtcstats
from core.quality.segments import DAMAGED, NUMBERS, read_samples, read_segment, sample_rows
from core.quality.stat_series import figure
from core.quality.webrtc_internals import read_webrtc_internals

PARQUET = b"PAR1"
LARGEST_MB = 200
"""Of a file as it is, packed or not, that a page takes."""
MOST_ROWS = 400_000
"""Samples of one Parquet file: two parties, both vantages, fourteen hours. In memory one takes half a kilobyte."""
LONGEST_PERIOD_S = 3600.0
MOST_HOURS = 250
"""Of all legs together: whoever compares them holds a place for every two seconds of each, measured or not."""


def read_import(name: str, file: BinaryIO, progress: Progress = no_progress) -> ImportedCall:
    """A file as a call: a dump of chrome://webrtc-internals of either kind, packed or not, or Parquet of ours.

    Blocking, some seconds for a large one; any thread. The file has to be seekable, and stays open.

    Raises:
        ImportedFileUnknown: it is something else.
        ImportedFileBroken, ImportedFileOld, ImportedFileSilent, ImportedFileTooLarge
        ImportedFileUnreadable: the system does not let it be read.
    """
    try:
        dump = DumpFile(name, file, progress)
        beginning = dump.beginning(64)
        if beginning.startswith(PARQUET):
            return _bounded(_read_parquet(name, file))
        if beginning.startswith(MAGIC):
            return _bounded(read_rtcstats(dump))
        if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return _bounded(read_webrtc_internals(dump))
    except OSError as error:
        raise ImportedFileUnreadable(name=name, reason=error.strerror or str(error)) from error
    raise ImportedFileUnknown(name=name)


def read_import_path(path: Path, progress: Progress = no_progress) -> ImportedCall:
    """The same for a path: of a file, or of the folder in which a call's segments are. Raises as `read_import`."""
    try:
        if path.is_dir():
            return _read_folder(path)
        with path.open("rb") as file:
            return read_import(path.name, file, progress)
    except OSError as error:
        raise ImportedFileUnreadable(name=str(path), reason=error.strerror or str(error)) from error


def _read_folder(path: Path) -> ImportedCall:
    folder = path.resolve()
    kept = read_samples(folder.parent, CallId(folder.name))
    if kept.damaged and not kept.samples:
        reason = Message("it is no Parquet file of samples")
        raise ImportedFileBroken(name=kept.damaged[0].name, place="-", offset=0, reason=reason)
    if not kept.samples:
        raise ImportedFileSilent(name=folder.name)
    return ImportedCall(folder.name, ImportKind.SAMPLES, kept.samples)


def _bounded(call: ImportedCall) -> ImportedCall:
    """The call itself: a few figures that lie years apart, or of a thousand legs, would fill the memory afterwards."""
    legs = {sample.leg_id for sample in call.samples}
    if len(legs) > MOST_LEGS:
        raise ImportedFileTooLarge(name=call.name, limit=f"{MOST_LEGS:,}")
    if call.samples and len(legs) * (call.end_s - call.samples[0].at_s) > MOST_HOURS * 3600.0:
        raise ImportedFileTooLarge(name=call.name, limit=f"{MOST_HOURS} h")
    return call


def _is_possible(sample: RtpSample) -> bool:
    """Whether a sample's numbers are ones that a measurement can give."""
    numbers = (getattr(sample, name) for name in NUMBERS)
    return (
        all(number is None or figure(number) is not None for number in numbers)
        and 0.0 < sample.period_s <= LONGEST_PERIOD_S
        and min(sample.packets, sample.octets, sample.expected or 0) >= 0
    )


def _read_parquet(name: str, file: BinaryIO) -> ImportedCall:
    file.seek(0)
    try:
        if sample_rows(file) > MOST_ROWS:
            raise ImportedFileTooLarge(name=name, limit=f"{MOST_ROWS:,}")
        file.seek(0)
        samples = sorted(read_segment(file), key=lambda sample: sample.at_s)
        if not all(map(_is_possible, samples)):
            raise ValueError("figures that nobody can measure")
    except DAMAGED as error:
        reason = Message("it is no Parquet file of samples")
        raise ImportedFileBroken(name=name, place="Parquet", offset=0, reason=reason) from error
    if not samples:
        raise ImportedFileSilent(name=name)
    return ImportedCall(name, ImportKind.SAMPLES, tuple(samples))
