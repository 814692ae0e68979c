"""Work that must be done in order, but need not wait for other work: one task a lane while there is any."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from core.calls.tally import Tally
from core.model.errors import EarshotError
from core.model.faults import log_fault

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class Lanes:
    """Does what is in one lane in order, and lanes side by side. Lives on the calls loop.

    What fails ends neither its lane nor another: it is logged and, where nobody foresaw it, counted.
    """

    def __init__(self, limit: int, tally: Tally) -> None:
        """More than `limit` pieces of work may not wait, in all lanes together."""
        self._limit = limit
        self._tally = tally
        self._waiting: dict[str, deque[Work]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._logged: set[type[Exception]] = set()
        self._is_closed = False

    def put(self, lane: str, work: Work) -> bool:
        """Have something done after everything before it in its lane. Returns False where there is no room for it."""
        if self._is_closed or sum(map(len, self._waiting.values())) >= self._limit:
            return False
        self._waiting.setdefault(lane, deque()).append(work)
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._run(lane), name=lane)
        return True

    def is_busy(self, lane: str) -> bool:
        """Whether something in a lane is being done or waits."""
        return lane in self._tasks

    async def _run(self, lane: str) -> None:
        try:
            while waiting := self._waiting[lane]:
                await self._do(lane, waiting.popleft())
        finally:
            del self._waiting[lane], self._tasks[lane]

    async def _do(self, lane: str, work: Work) -> None:
        try:
            await work()
        except EarshotError as error:
            logger.warning("%s: %s", lane, error)
        except Exception as error:  # noqa: BLE001
            # A lane that ends by a fault would leave everything behind it undone.
            self._tally.failed("calls", error)
            if type(error) not in self._logged:
                self._logged.add(type(error))
                log_fault(f"{lane} failed (further failures of this kind are only counted)", error)

    async def close(self) -> None:
        """Break off what is being done, leave out what waits, and take no more; idempotent."""
        self._is_closed = True
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A task that never ran has not cleaned up after itself.
        self._waiting.clear()
        self._tasks.clear()
