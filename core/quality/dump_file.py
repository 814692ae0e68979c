"""The bytes of a dump, unpacked on the way, piece by piece: what is in memory does not grow with the file."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from core.model.errors import ImportedFileBroken, ImportedFileTooLarge
from core.model.message import Message

PIECE = 64 * 1024
LARGEST_MB = 4_096
"""Unpacked. A packed file of 200 MB that is larger than this is no dump but a trap."""
GZIP = b"\x1f\x8b"

Progress = Callable[[float], None]
"""Is told which share of the file has been read, 0 to 1, with every piece. It must not wait."""


def no_progress(_share: float) -> None:
    """For those whom the progress does not interest."""


class DumpFile:
    """A file that is being read, from its beginning. It has to be seekable. One thread."""

    def __init__(self, name: str, file: BinaryIO, progress: Progress = no_progress) -> None:
        """`name` is what errors call it. Raises OSError."""
        self.name = name
        self._file = file
        self._progress = progress
        self._size = max(1, file.seek(0, io.SEEK_END))
        self.offset = 0
        """Bytes given so far, unpacked."""

    def beginning(self, length: int) -> bytes:
        """The first bytes, unpacked. Raises ImportedFileBroken."""
        return self._read(self._opened(), length)

    def pieces(self) -> Iterator[bytes]:
        """The whole file. Raises ImportedFileBroken, ImportedFileTooLarge."""
        self.offset = 0
        unpacked = self._opened()
        while piece := self._read(unpacked, PIECE):
            yield piece
            self.offset += len(piece)
            if self.offset > LARGEST_MB * 1024 * 1024:
                raise ImportedFileTooLarge(name=self.name, limit=f"{LARGEST_MB} MB")
            self._progress(min(1.0, self._file.tell() / self._size))
        self._progress(1.0)

    def broken(self, place: str | Message, reason: str | Message, offset: int | None = None) -> ImportedFileBroken:
        """The error that tells where the file is broken; without an offset where reading has come to."""
        at = self.offset if offset is None else offset
        return ImportedFileBroken(name=self.name, place=place or "-", offset=at, reason=reason)

    def _opened(self) -> BinaryIO:
        self._file.seek(0)
        is_packed = self._file.read(len(GZIP)) == GZIP
        self._file.seek(0)
        return gzip.GzipFile(fileobj=self._file) if is_packed else self._file  # type: ignore[return-value]

    def _read(self, unpacked: BinaryIO, length: int) -> bytes:
        try:
            return unpacked.read(length)
        except EOFError as error:
            raise self.broken("gzip", Message("it ends too early")) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self.broken("gzip", str(error)) from error
