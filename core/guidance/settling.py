"""When a folder that is written to has come to rest, so that no half written file is read."""

from core.model.folder import FileStamp

MOST_WAITS = 10
"""A folder that differs at every look is read after so many all the same; what is half written is then named."""

Look = tuple[FileStamp, ...]


class Settling:
    """Compares looks at a folder. One thread."""

    def __init__(self) -> None:
        self._read: Look | None = None
        self._former: Look = ()
        self._waits = 0

    def is_due(self, now: Look) -> bool:
        """Whether to read: the files are others than those last read, and the same as at the look before."""
        settled = now == self._former or self._waits >= MOST_WAITS
        self._former = now
        if now == self._read:
            self._waits = 0
            return False
        self._waits += not settled
        return settled

    def read(self, now: Look) -> None:
        """The files were read as they were at this look."""
        self._read, self._waits = now, 0
