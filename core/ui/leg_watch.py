"""Ends the legs of pages that are gone: sessions that are over, pages that were left or no longer show the widget.

A page whose WebSocket is down is not gone: its audio has a path of its own and goes on, the page comes back by itself,
and a tab that is closed says so (`core.api.legs`). A browser that died is missed by the media process.
"""

import logging
import threading
from enum import StrEnum
from typing import Protocol

logger = logging.getLogger(__name__)

LOOK_PERIOD_S = 0.5
"""How often the watch looks whether the pages of its legs are still there."""
GONE_LOOKS = 2
"""Looks in a row that must find a page gone."""


class Presence(StrEnum):
    """Whether a leg's page is still there."""

    HERE = "here"
    """The page shows the widget, or may come back and show it."""
    GONE = "gone"
    """The session is over, or its page no longer shows the widget."""


class Watched(Protocol):
    """What the watch needs of a worker; all of it may be called from any thread."""

    @property
    def name(self) -> str:
        """For the log."""

    def look(self) -> Presence:
        """Whether the worker's page is still there."""

    def stop(self) -> None:
        """End the leg; idempotent, returns at once, and makes the watch forget the worker."""


class Absence:
    """Decides when a page has been gone for long enough."""

    def __init__(self) -> None:
        self._gone_looks = 0

    def look(self, seen: Presence) -> bool:
        """Take in one look at the page; True when its leg should end."""
        self._gone_looks = self._gone_looks + 1 if seen is Presence.GONE else 0
        return self._gone_looks >= GONE_LOOKS


class LegWatch:
    """Keeps the running workers alive, and stops those whose page is gone.

    One thread for all, which lives while there is something to watch.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: dict[Watched, Absence] = {}
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, worker: Watched) -> None:
        """Begin to watch a worker. Any thread."""
        with self._lock:
            self._workers[worker] = Absence()
            if self._thread is None:
                self._changed.clear()
                self._thread = threading.Thread(target=self._run, name="earshot-leg-watch", daemon=True)
                self._thread.start()

    def forget(self, worker: Watched) -> None:
        """A worker was stopped. Any thread; idempotent."""
        with self._lock:
            self._workers.pop(worker, None)
            if not self._workers:
                self._changed.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop every worker and wait for the thread; for the server's shutdown. Idempotent."""
        with self._lock:
            thread, workers = self._thread, list(self._workers)
        for worker in workers:
            worker.stop()
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            self._changed.wait(LOOK_PERIOD_S)
            with self._lock:
                if not self._workers:
                    self._thread = None
                    return
                self._changed.clear()
                watched = list(self._workers.items())
            for worker, absence in watched:
                if absence.look(worker.look()):
                    logger.info("the page of leg %s is gone", worker.name)
                    worker.stop()
