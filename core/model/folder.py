"""What the files of a folder look like from outside, by which a change is noticed without reading them."""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = -1
"""Size of what is no file that could be read."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """One file from outside; whoever saves a file changes its stamp."""

    path: Path
    modified_ns: int
    """Nanoseconds since the Unix epoch."""
    size: int
    """Bytes; `UNKNOWN` for a device, a pipe, a folder without access, or a link that leads nowhere or in a circle."""
    inode: int
    """Another one after an editor put a new file in the old one's place."""

    @property
    def is_readable_file(self) -> bool:
        """Whether it is an ordinary file, so that reading it ends."""
        return self.size != UNKNOWN


def file_stamps(directory: Path, suffixes: Collection[str], *, below: bool = True) -> tuple[FileStamp, ...]:
    """The files with these suffixes (lower case, with their dot), in the order of their paths. Any thread.

    Hidden files and folders are not looked at; linked folders are not gone into, so there are no circles. A folder that
    may not be listed is among the stamps itself. Without `below`, folders inside are left alone.
    """
    found: list[FileStamp] = []

    def refused(error: OSError) -> None:
        found.append(FileStamp(Path(error.filename), 0, UNKNOWN, 0))

    for parent, folders, names in os.walk(directory, onerror=refused):
        folders[:] = sorted(name for name in folders if below and not name.startswith("."))
        for name in names:
            path = Path(parent, name)
            if not name.startswith(".") and path.suffix.lower() in suffixes:
                found.append(file_stamp(path))
    return tuple(sorted(found, key=lambda stamp: stamp.path))


def file_stamp(path: Path) -> FileStamp:
    """One file as it is now. Any thread."""
    try:
        seen = path.stat()
    except OSError:
        return FileStamp(path, 0, UNKNOWN, 0)
    size = seen.st_size if stat.S_ISREG(seen.st_mode) else UNKNOWN
    return FileStamp(path, seen.st_mtime_ns, size, seen.st_ino)


def unreadable_reason(path: Path) -> str:
    """Why something is no readable file, in the system's words."""
    try:
        path.stat()
    except OSError as error:
        return error.strerror or str(error)
    return "it is not a file" if not path.is_dir() else "the folder may not be listed"
