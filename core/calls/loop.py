"""The calls loop: one asyncio loop in a named thread, on which every call session lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Protocol, TypeVar

from core.model.errors import CallsBusy, EarshotError
from core.model.loop_thread import LoopThread, cancel_others

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


class RunOnCalls(Protocol):
    """Runs a coroutine on the calls loop."""

    def wait(self, make: Callable[[], Awaitable[_T]], timeout_s: float) -> _T:
        """Run it and wait for its result."""

    def post(self, make: Callable[[], Awaitable[object]]) -> None:
        """Run it and do not wait; a failure is logged."""


class CallsLoop:
    """Owns the thread and its loop. `wait` and `post` may be called from any thread but the loop's own."""

    def __init__(self, name: str = "earshot-calls") -> None:
        self._thread = LoopThread(name)
        self._posted: set[Future[object]] = set()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, for hand-overs from other threads."""
        return self._thread.loop

    def wait(self, make: Callable[[], Awaitable[_T]], timeout_s: float) -> _T:
        """Run a coroutine on the loop and wait for its result.

        Raises:
            CallsBusy: it took longer; it is cancelled.
        """
        future = self._thread.submit(make)
        try:
            return future.result(timeout_s)
        except FutureTimeout as error:
            future.cancel()
            raise CallsBusy(seconds=timeout_s) from error

    def post(self, make: Callable[[], Awaitable[object]]) -> None:
        """Run a coroutine on the loop without waiting for it; what fails is logged by kind."""
        future: Future[object] = self._thread.submit(make)
        self._posted.add(future)
        future.add_done_callback(self._finished)

    def _finished(self, future: "Future[object]") -> None:
        self._posted.discard(future)
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, EarshotError):
            logger.warning("%s", error)
        elif error is not None:
            logger.error("a posted request failed", exc_info=error)

    def close(self, timeout_s: float = 5.0) -> None:
        """Cancel what still runs, stop the loop and wait for the thread; idempotent."""
        self._thread.close(cancel_others, timeout_s)
