"""The calls loop: one asyncio loop in a named thread, on which every call session lives."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

from core.model.errors import CallsBusy, EarshotError

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


class CallsLoop:
    """Owns the thread and its loop. `wait` and `post` may be called from any thread but the loop's own."""

    def __init__(self, name: str = "earshot-calls") -> None:
        self._loop = asyncio.new_event_loop()
        self._posted: set[Future[object]] = set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, for hand-overs from other threads."""
        return self._loop

    def wait(self, make: Callable[[], Awaitable[_T]], timeout_s: float) -> _T:
        """Run a coroutine on the loop and wait for its result.

        Raises:
            CallsBusy: it took longer; it is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(_awaited(make), self._loop)
        try:
            return future.result(timeout_s)
        except FutureTimeout as error:
            future.cancel()
            raise CallsBusy(seconds=timeout_s) from error

    def post(self, make: Callable[[], Awaitable[object]]) -> None:
        """Run a coroutine on the loop without waiting for it; what fails is logged by kind."""
        if self._loop.is_closed():
            return
        future: Future[object] = asyncio.run_coroutine_threadsafe(_awaited(make), self._loop)
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
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(timeout_s)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout_s)
        self._loop.close()


async def _awaited(make: Callable[[], Awaitable[_T]]) -> _T:
    return await make()


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
