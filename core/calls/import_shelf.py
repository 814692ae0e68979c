"""Files from elsewhere that somebody looks at: taken to the disk, read in the background, and held for a while.

They are never among the calls: nothing of them is kept when the server stops.
"""

import logging
import secrets
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from core.model.errors import (
    ImportedFileError,
    ImportedFileTooLarge,
    ImportedFileUnreadable,
    ImportNotFound,
    ImportsBusy,
)
from core.model.imported import ImportedCall
from core.model.quality import CallQuality
from core.quality.alerts import judged
from core.quality.imports import LARGEST_MB, read_import_path

logger = logging.getLogger(__name__)

LARGEST = LARGEST_MB * 1024 * 1024
MOST_HELD = 6
"""Files of all people that are held; the one that came first is forgotten for the next."""
MOST_WAITING = 3
"""Files that arrive or wait to be read at the same time."""
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class ImportStatus:
    """How far one file is."""

    id: str
    owner: str
    """Whose it is (`Person.id`); nobody else sees it."""
    name: str
    share: float = 0.0
    """How much of it has been read, 0 to 1."""
    call: ImportedCall | None = None
    quality: CallQuality | None = None
    """Both None until it has been read, and of one that cannot be."""
    problem: ImportedFileError | None = None
    """Why it cannot be read."""

    @property
    def is_done(self) -> bool:
        """Whether it has been read, or given up."""
        return self.call is not None or self.problem is not None


class Arrival:
    """A file on its way to the disk. One thread at a time; ends with `finish` or `give_up`."""

    def __init__(self, name: str, path: Path, finished: Callable[[], None], gone: Callable[[], None]) -> None:
        self._name = name
        self._file: BinaryIO = path.open("wb")
        self._path = path
        self._finished = finished
        self._gone = gone
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Take the next piece. Raises ImportedFileTooLarge, ImportedFileUnreadable; give it up then."""
        self._size += len(piece)
        if self._size > LARGEST:
            raise ImportedFileTooLarge(name=self._name, limit=f"{LARGEST_MB} MB")
        try:
            self._file.write(piece)
        except OSError as error:
            raise ImportedFileUnreadable(name=self._name, reason=error.strerror or str(error)) from error

    def finish(self) -> None:
        """It is here: have it read. Raises ImportedFileUnreadable; it is given up then."""
        try:
            self._file.close()
        except OSError as error:
            self.give_up()
            raise ImportedFileUnreadable(name=self._name, reason=error.strerror or str(error)) from error
        self._finished()

    def give_up(self) -> None:
        """It will not come; forget what has."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink()
        self._gone()


class ImportShelf:
    """All of them. Any thread; reads one file at a time, on a thread of its own."""

    def __init__(self, directory: Path) -> None:
        """`directory` is for the files while they are read; what a crash has left there is deleted."""
        self._directory = directory
        shutil.rmtree(directory, ignore_errors=True)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="earshot-imports")
        self._lock = threading.Lock()
        self._held: dict[str, ImportStatus] = {}
        self._waiting = 0

    def begin(self, owner: str, name: str) -> tuple[str, Arrival]:
        """Make room for a file; returns the id by which to ask for it. Raises ImportsBusy, ImportedFileUnreadable."""
        import_id = secrets.token_hex(8)
        shown = Path(name.replace("\\", "/")).name[:LONGEST_NAME] or "dump"
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise ImportsBusy
            self._waiting += 1
        path = self._directory / import_id
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            arrival = Arrival(shown, path, lambda: self._read_soon(import_id, path), lambda: self._forget(import_id))
        except OSError as error:
            self._release()
            raise ImportedFileUnreadable(name=shown, reason=error.strerror or str(error)) from error
        self._put(ImportStatus(import_id, owner, shown))
        return import_id, arrival

    def status(self, owner: str, import_id: str) -> ImportStatus:
        """How far a file is. Raises ImportNotFound, of other people's, too."""
        with self._lock:
            found = self._held.get(import_id)
        if found is None or found.owner != owner:
            raise ImportNotFound
        return found

    def of(self, owner: str) -> tuple[ImportStatus, ...]:
        """A person's files, the latest first."""
        with self._lock:
            return tuple(status for status in reversed(self._held.values()) if status.owner == owner)

    def close(self) -> None:
        """Wait for the file that is being read, drop those that wait, and delete all; idempotent."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _read_soon(self, import_id: str, path: Path) -> None:
        try:
            self._executor.submit(self._read, import_id, path)
        except RuntimeError:
            # The server is being stopped.
            self._forget(import_id)

    def _read(self, import_id: str, path: Path) -> None:
        status = self._held[import_id]
        try:
            call = replace(read_import_path(path, lambda share: self._tell(import_id, share)), name=status.name)
            quality = judged(call.samples, call.leg_facts, call.notes, call.end_s)
            self._put(replace(status, share=1.0, call=call, quality=quality))
        except ImportedFileError as error:
            # It knows the file by its name on the disk.
            if hasattr(error, "name"):
                error.name = status.name
            self._put(replace(status, problem=error))
        except Exception as error:  # noqa: BLE001 - or whoever brought it would wait for ever, and its place be lost
            logger.error("an imported file could not be read: %s", type(error).__name__)
            self._put(replace(status, problem=ImportedFileUnreadable(name=status.name, reason=type(error).__name__)))
        finally:
            self._release()
            with suppress(OSError):
                path.unlink()

    def _tell(self, import_id: str, share: float) -> None:
        with self._lock:
            if import_id in self._held:
                self._held[import_id] = replace(self._held[import_id], share=share)

    def _put(self, status: ImportStatus) -> None:
        with self._lock:
            if status.id not in self._held:
                done = [each.id for each in self._held.values() if each.is_done]
                for over in done[: max(0, len(self._held) + 1 - MOST_HELD)]:
                    del self._held[over]
            self._held[status.id] = status

    def _forget(self, import_id: str) -> None:
        self._release()
        with self._lock:
            self._held.pop(import_id, None)

    def _release(self) -> None:
        with self._lock:
            self._waiting -= 1
