"""A worker thread that folds what it cannot do yet: of several waiting jobs with one key, only the newest is done."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from core.model.clock import Clock
from core.model.errors import EarshotError

logger = logging.getLogger(__name__)

Job = Callable[[], None]


class FoldingWorker:
    """One named thread for the jobs of all calls. At most one job a key waits, so the queue is bounded by the calls.

    Keys take turns in the order in which their oldest waiting job came. All methods may be called from any thread and,
    but for `close`, never wait.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._clock = clock
        self._name = name
        self._waiting: OrderedDict[str, Job] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._busy_since: float | None = None
        self.folded = 0
        """Jobs that were replaced by a newer one of the same key before they began."""
        self.failed = 0
        """Jobs that ended in an error."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Keys whose newest job has not begun."""
        return len(self._waiting)

    @property
    def busy_s(self) -> float:
        """How long the current job has been running; 0 when there is none."""
        since = self._busy_since
        return 0.0 if since is None else self._clock.monotonic() - since

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
        """Drop what waits and wait for the running job. Idempotent. Returns whether the thread has ended in time."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._busy_since = self._clock.monotonic()
            try:
                job()
            except EarshotError as error:
                self.failed += 1
                logger.warning("%s: %s", self._name, error)
            except Exception as error:  # noqa: BLE001 - one call's bad job must not end the thread that serves them all
                self.failed += 1
                # Only the kind: the message may quote what a caller said.
                logger.error("%s: a job failed with %s", self._name, type(error).__name__)
            finally:
                self._busy_since = None

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            if self._closed:
                return None
            return self._waiting.popitem(last=False)[1]
