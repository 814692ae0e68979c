"""Worker threads that fold what they cannot do yet: of several waiting jobs with one key, only the newest is done."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from core.model.clock import Clock
from core.model.errors import EarshotError

logger = logging.getLogger(__name__)

Job = Callable[[], None]


class FoldingPool:
    """Named threads for the jobs of all calls. Of one key at most one job runs and at most one waits: the queue is
    bounded by the calls, and a slow job holds up no other key while a thread is free.

    Keys take turns in the order in which their oldest waiting job came. All methods may be called from any thread and,
    but for `close`, never wait.
    """

    def __init__(self, name: str, clock: Clock, threads: int = 1) -> None:
        self._clock = clock
        self._name = name
        self._waiting: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[str, float] = {}
        """Since when each key's job has been running."""
        self._changed = threading.Condition()
        self._closed = False
        self.folded = 0
        """Jobs that were replaced by a newer one of the same key before they began."""
        self.failed = 0
        """Jobs that ended in an error."""
        names = (name,) if threads == 1 else (f"{name}-{number}" for number in range(1, threads + 1))
        self._threads = tuple(threading.Thread(target=self._run, name=each, daemon=True) for each in names)
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Keys whose newest job has not begun."""
        return len(self._waiting)

    @property
    def is_closed(self) -> bool:
        """Whether jobs that run should come to their end."""
        return self._closed

    @property
    def busy_s(self) -> float:
        """How long the oldest of the running jobs has been running; 0 when there is none."""
        with self._changed:
            since = min(self._running.values(), default=None)
        return 0.0 if since is None else self._clock.monotonic() - since

    def is_busy_with(self, key: str) -> bool:
        """Whether a job of that key runs or waits."""
        return key in self._running or key in self._waiting

    def submit(self, key: str, job: Job) -> None:
        """Have a job done; a waiting one of the same key gives it its place in the line. Ignored once closed."""
        with self._changed:
            if self._closed:
                return
            if key in self._waiting:
                self.folded += 1
            self._waiting[key] = job
            self._changed.notify()

    def close(self, timeout_s: float) -> bool:
        """Drop what waits and wait for the running jobs. Idempotent. Returns whether all threads have ended in time."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        until = self._clock.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (next_one := self._next()) is not None:
            key, job = next_one
            try:
                job()
            except EarshotError as error:
                self.failed += 1
                logger.warning("%s: %s", self._name, error)
            except Exception as error:  # noqa: BLE001 - one call's bad job must not end a thread that serves them all
                self.failed += 1
                # Only the kind: the message may quote what a caller said.
                logger.error("%s: a job failed with %s", self._name, type(error).__name__)
            finally:
                self._done(key)

    def _next(self) -> tuple[str, Job] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._free_key() is not None)
            key = self._free_key()
            if self._closed or key is None:
                return None
            self._running[key] = self._clock.monotonic()
            return key, self._waiting.pop(key)

    def _free_key(self) -> str | None:
        return next((key for key in self._waiting if key not in self._running), None)

    def _done(self, key: str) -> None:
        with self._changed:
            del self._running[key]
            # Its next job may have been waiting for this one alone.
            self._changed.notify()
