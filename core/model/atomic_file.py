"""A file that is written whole: whoever reads it, and a crash, finds the former one or the new one."""

import os
import tempfile
from pathlib import Path

NEW_FILE_MODE = 0o644


def put_in_place(data: bytes, path: Path) -> None:
    """Write a file whole, with the rights of the former one. A link stays one. Blocking; any thread. Raises OSError."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, target.stat().st_mode & 0o777 if target.exists() else NEW_FILE_MODE)
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise
