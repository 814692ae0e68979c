"""That something was stopped for good, and work that ends with it. On one loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Result = TypeVar("_Result")


class StopSignal:
    """Set once, never taken back."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Stop. Idempotent."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether it was stopped."""
        return self._event.is_set()

    async def unless(self, begin: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """What the work gives that `begin` begins; None, and the work cancelled, where the stop comes first."""

        async def working() -> _Result:
            return await begin()

        task = asyncio.create_task(working(), name="persona-work")
        stop = asyncio.create_task(self._event.wait(), name="persona-stop")
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            return await task if task.done() else None
        finally:
            task.cancel()
            stop.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)
