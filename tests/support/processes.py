"""Processes that a test starts."""

import subprocess


def stop(process: "subprocess.Popen[bytes]", limit_s: float) -> None:
    """Ask a process to end, make it end after `limit_s`, and wait for it."""
    process.terminate()
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(limit_s)
