"""An asyncio loop in a named thread of its own, for work that other threads ask for."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


class LoopThread:
    """Owns the thread and its loop. Its methods may be called from any thread but its own."""

    def __init__(self, name: str) -> None:
        self._closing = threading.Lock()
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, for hand-overs from other threads."""
        return self._loop

    def submit(self, make: Callable[[], Awaitable[_T]]) -> "Future[_T]":
        """Run on the loop what `make`, called there, gives.

        Of a loop that is closed, or closes meanwhile, the result is a cancelled one.
        """
        # Nothing may be begun behind `close`: nobody would end it any more.
        with self._closing:
            if not self._is_closed:
                return asyncio.run_coroutine_threadsafe(_awaited(make), self._loop)
        refused: Future[_T] = Future()
        refused.cancel()
        return refused

    def close(self, wind_up: Callable[[], Awaitable[None]], timeout_s: float) -> None:
        """Run `wind_up` as the last thing on the loop, stop it and wait for the thread; idempotent.

        Raises:
            TimeoutError: `wind_up` took longer; the thread is left behind.
        """
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(_awaited(wind_up), self._loop).result(timeout_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout_s)
        self._loop.close()


async def cancel_others() -> None:
    """Cancel every task of the running loop but the one that asks, and wait for them."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _awaited(make: Callable[[], Awaitable[_T]]) -> _T:
    return await make()
