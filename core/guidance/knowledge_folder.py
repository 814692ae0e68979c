"""The handbook's files as somebody changes them: whole, not over another's change, and nowhere but in their folder."""

import hashlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.guidance.knowledge import (
    LARGEST_BYTES,
    NOT_INDEXED,
    SUFFIXES,
    decoded,
    entries_of,
    is_synonyms,
    name_below,
)
from core.guidance.lexicon import read_groups
from core.model.atomic_file import put_in_place
from core.model.errors import (
    KnowledgeChanged,
    KnowledgeFileInvalid,
    KnowledgeFileNotFound,
    KnowledgePathRefused,
    KnowledgeTextInvalid,
    KnowledgeUnwritable,
)
from core.model.folder import file_stamps
from core.model.message import Message

LONGEST_NAME = 120
"""Characters of a file's name with its folders."""
DEEPEST = 4
_PART = re.compile(r"[\w][\w .()&+-]*")


@dataclass(frozen=True, slots=True)
class KnowledgeText:
    """A file as it is on the disk."""

    path: str
    """Below the handbook's folder."""
    text: str
    digest: str
    """Of its bytes, by which a change is noticed."""


@dataclass(frozen=True, slots=True)
class KnowledgeChange:
    """What somebody wants to be changed."""

    path: str
    text: str | None
    """All that the file shall hold; None deletes it."""
    digest: str
    """`KnowledgeText.digest` of what was edited; empty for a file that shall not be there yet."""
    entry: str = ""
    """Title of the one entry that it is about, for the audit log."""


class KnowledgeFolder:
    """The files below one folder. Any thread; blocking."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()

    def read(self, name: str) -> KnowledgeText:
        """A file by its name. Raises KnowledgePathRefused, KnowledgeFileNotFound, KnowledgeFileInvalid."""
        path = self._place(name)
        try:
            data = self._bytes(path)
        except FileNotFoundError as error:
            raise KnowledgeFileNotFound(path=name) from error
        except OSError as error:
            raise KnowledgeFileInvalid(path=name, reason=error.strerror or str(error)) from error
        return KnowledgeText(name, decoded(data, name), hashlib.sha256(data).hexdigest())

    def change(self, change: KnowledgeChange) -> None:
        """Put a text in a file's place, or take the file away.

        Raises:
            KnowledgePathRefused: the name leads elsewhere, or is none of a handbook file.
            KnowledgeTextInvalid: the text is wrong; the file stays as it is.
            KnowledgeChanged: the file is no longer what was edited.
            KnowledgeUnwritable: the disk or the rights do not allow it.
        """
        path = self._place(change.path)
        data = None if change.text is None else change.text.encode("utf-8", errors="replace")
        if data is not None:
            check_text(data, change.path)
        with self._lock:
            try:
                if self._digest(path) != change.digest:
                    raise KnowledgeChanged(path=change.path)
                if data is None:
                    path.unlink()
                else:
                    put_in_place(data, path)
            except OSError as error:
                raise KnowledgeUnwritable(path=change.path, reason=error.strerror or str(error)) from error

    def _digest(self, path: Path) -> str:
        try:
            return hashlib.sha256(self._bytes(path)).hexdigest()
        except FileNotFoundError:
            return ""

    def _bytes(self, path: Path) -> bytes:
        if path.exists() and not path.is_file():
            # A pipe or a device would never end.
            raise IsADirectoryError(0, "it is not a file")
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)

    def _place(self, name: str) -> Path:
        """Where a file is or would be. Raises KnowledgePathRefused."""
        check_name(name)
        for stamp in file_stamps(self._directory, SUFFIXES):
            # macOS writes names in parts that pages put together again, so a known file is looked for by its name.
            if stamp.path != self._directory and name_below(stamp.path, self._directory) == name:
                path = stamp.path
                break
        else:
            path = self._directory / name
        if not path.resolve().is_relative_to(self._directory.resolve()):
            raise KnowledgePathRefused(path=name, reason=Message("it leads out of the handbook's folder"))
        return path


def check_name(name: str) -> None:
    """Raises KnowledgePathRefused unless a file of the handbook may be called so, below its folder."""
    path = PurePosixPath(name)
    if len(name) > LONGEST_NAME or not 0 < len(path.parts) <= DEEPEST:
        reason = Message("it is too long, or in too many folders")
    elif "\\" in name or path.as_posix() != name or not all(map(_PART.fullmatch, path.parts)):
        reason = Message("only letters, digits, spaces and . _ - ( ) & + may be in it, with / between folders")
    elif path.suffix.lower() not in SUFFIXES:
        reason = Message("it must end in .md, .csv or .json")
    elif path.name.lower() in NOT_INDEXED and not is_synonyms(name):
        reason = Message("files of this name are not read as entries")
    else:
        return
    raise KnowledgePathRefused(path=name[:LONGEST_NAME], reason=reason)


def check_text(data: bytes, name: str) -> None:
    """Raises KnowledgeTextInvalid, with the line, unless a file of this name may hold these bytes."""
    try:
        text = decoded(data, name)
        if is_synonyms(name):
            for wrong in read_groups(text, name)[1]:
                raise wrong
        else:
            entries_of(text, name)
    except KnowledgeFileInvalid as error:
        raise KnowledgeTextInvalid(path=name, reason=error.reason) from error
