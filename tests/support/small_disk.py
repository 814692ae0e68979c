"""A disk that is really full, for tests: a small tmpfs that only one child process sees, and that goes when it ends."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.streamlit_server import ROOT

MOUNT = 'mount -t tmpfs -o "size=$1" none "$2"'


@functools.cache
def small_disk_problem() -> str:
    """Why no such disk can be made here; empty when one can."""
    if not sys.platform.startswith("linux"):
        return "mount namespaces exist on Linux only"
    if os.geteuid() != 0:
        return "mounting a small disk needs root; run the tests as root"
    trial = subprocess.run(["unshare", "-m", "sh", "-c", MOUNT, "sh", "4k", "/mnt"], capture_output=True, text=True)
    return f"unshare -m failed: {trial.stderr.strip()}" if trial.returncode else ""


requires_small_disk = pytest.mark.skipif(bool(small_disk_problem()), reason=small_disk_problem())


def run_on_small_disk(script: str, folder: Path, size: str) -> None:
    """Run Python source with a disk of `size` (`800k`) mounted on `folder`, its first argument; it must exit with 0."""
    mounted = ["unshare", "-m", "sh", "-c", MOUNT + ' && exec "$3" -c "$4" "$2"', "sh"]
    done = subprocess.run(
        [*mounted, size, str(folder), sys.executable, script], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
