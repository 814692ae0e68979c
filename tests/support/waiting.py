"""Waiting for what another thread is about to do."""

import threading
from collections.abc import Callable

TIMEOUT_S = 5.0
POLL_S = 0.005


def wait_for(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> bool:
    """Ask again and again until it is so, or for so long; whether it became so."""
    waiting = threading.Event()
    for _ in range(int(timeout_s / POLL_S)):
        if condition():
            return True
        waiting.wait(POLL_S)
    return condition()
