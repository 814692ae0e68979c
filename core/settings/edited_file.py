"""A file that is edited while the server runs: read again when it changes, and saved whole or not at all."""

import hashlib
import logging
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from core.model.atomic_file import put_in_place
from core.model.clock import Clock
from core.model.errors import EarshotError
from core.model.folder import FileStamp, file_stamp, unreadable_reason
from core.model.message import Message

logger = logging.getLogger(__name__)

LARGEST_BYTES = 500_000
_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class FileForm(Generic[_Content]):
    """What a kind of file holds, and which errors tell what is wrong with one."""

    parse: Callable[[str, str], _Content]
    """From its text; the second is its path, for the error, which is `invalid`."""
    without: _Content
    """What is in use where there is no file."""
    invalid: Callable[..., EarshotError]
    """With `path`, `line` and `reason` (a message)."""
    unreadable: Callable[..., EarshotError]
    """With `path` and `reason`, and so is `unwritable`."""
    unwritable: Callable[..., EarshotError]
    changed: Callable[..., EarshotError]
    """With `path`."""

    def decode(self, data: bytes, path: str) -> str:
        """A file's text. Raises `invalid` where it is no UTF-8, or too large."""
        if len(data) > LARGEST_BYTES:
            limit = Message("the file is larger than {limit} kB", {"limit": LARGEST_BYTES // 1000})
            raise self.invalid(path=path, line=1, reason=limit)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise self.invalid(path=path, line=line, reason=Message("the text is not in UTF-8")) from error

    def check(self, text: str, path: str) -> _Content:
        """What a text would hold if it were the file's. Raises `invalid`."""
        # A browser may send half of a surrogate pair, which no file can hold.
        return self.parse(self.decode(text.encode("utf-8", errors="replace"), path), path)


@dataclass(frozen=True, slots=True)
class FileReport(Generic[_Content]):
    """The file, and what is in use of it."""

    path: Path
    text: str
    """As it is on the disk, right or wrong; empty where there is no file, or where it is too large."""
    digest: str
    """Of the file's bytes, by which a change is noticed; empty where there is no file."""
    content: _Content
    """In use: the last good one."""
    read_at: float | None
    """When that was read, in seconds since the Unix epoch; None where there has never been any."""
    problem: EarshotError | None
    """Why the file as it is now is not in use."""

    @property
    def exists(self) -> bool:
        """Whether there is a file that can be read."""
        return bool(self.digest)


class EditedFile(Generic[_Content]):
    """One such file. All methods may be called from any thread.

    The file is looked at whenever it is asked for, and read again only after it has changed. A bad one is named in the
    log and in the report, and the last good content stays in use. That there is no file is no error.
    """

    def __init__(self, path: Path, clock: Clock, form: FileForm[_Content]) -> None:
        self.path = path
        self.form = form
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: FileStamp | None = None
        self._report: FileReport[_Content] = FileReport(path, "", "", form.without, None, None)

    def report(self) -> FileReport[_Content]:
        """The file as it is now, and what is in use; the same content for as long as nothing has changed."""
        with self._lock:
            return self._current()

    def save(self, text: str, digest: str) -> FileReport[_Content]:
        """Put a text in the file's place, and use it from now on. Blocking.

        Args:
            text: All of it.
            digest: `FileReport.digest` of what was edited.

        Raises:
            EarshotError: as the form has it. `invalid`: the text is wrong; the file stays as it is. `changed`: the file
                is no longer what was edited. `unwritable`: the disk or the rights do not allow it.
        """
        self.form.check(text, str(self.path))
        with self._lock:
            if self._current().digest != digest:
                raise self.form.changed(path=str(self.path))
            try:
                put_in_place(text.encode("utf-8", errors="replace"), self.path)
            except OSError as error:
                raise self.form.unwritable(path=str(self.path), reason=error.strerror or str(error)) from error
            return self._current()

    def _current(self) -> FileReport[_Content]:
        stamp = file_stamp(self.path)
        if stamp != self._seen:
            self._report = self._read()
            self._seen = stamp
            if self._report.problem is not None:
                logger.warning("%s", self._report.problem)
        return self._report

    def _read(self) -> FileReport[_Content]:
        try:
            is_file = stat.S_ISREG(self.path.stat().st_mode)
            # A pipe or a device would never end.
            data = _beginning(self.path) if is_file else b""
        except FileNotFoundError:
            return FileReport(self.path, "", "", self.form.without, None, None)
        except OSError as error:
            return self._unreadable(error.strerror or str(error))
        if not is_file:
            return self._unreadable(unreadable_reason(self.path))
        digest = hashlib.sha256(data).hexdigest()
        try:
            text = self.form.decode(data, str(self.path))
            content = self.form.parse(text, str(self.path))
        except EarshotError as error:
            shown = "" if len(data) > LARGEST_BYTES else data.decode("utf-8-sig", errors="replace")
            return replace(self._report, text=shown, digest=digest, problem=error)
        return FileReport(self.path, text, digest, content, self._clock.wall(), None)

    def _unreadable(self, reason: str) -> FileReport[_Content]:
        problem = self.form.unreadable(path=str(self.path), reason=reason)
        return replace(self._report, text="", digest="", problem=problem)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)
