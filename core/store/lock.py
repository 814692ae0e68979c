"""One server a data folder: a lock that the system lets go by itself when its holder dies."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from core.model.errors import DataFolderInUse, DataFolderUnusable

LOCK_NAME = "earshot.lock"


class DataFolderLock:
    """Holds a data folder from its making until `close`; a server holds it all its life, a restore while it works.

    It is an advisory lock of the system (flock) on a file that stays when it is let go: deleting the file would let two
    processes hold two files of the same name. A program that is started does not inherit it. Any thread.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made if need be, without waiting.

        Raises:
            DataFolderInUse: somebody else has it.
            DataFolderUnusable: it cannot be made or locked.
        """
        self._descriptor: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataFolderUnusable(path=str(folder), reason=error.strerror or str(error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise DataFolderInUse(path=str(folder)) from error
        except OSError as error:
            os.close(descriptor)
            raise DataFolderUnusable(path=str(folder), reason=error.strerror or str(error)) from error
        self._descriptor = descriptor

    def close(self) -> None:
        """Let the folder go; idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> "DataFolderLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
