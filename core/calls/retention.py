"""The daily sweep: calls that ended longer ago than they may be kept are deleted."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from core.model.call import CallId
from core.model.clock import Clock
from core.model.errors import EarshotError

logger = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
AGAIN_S = 3600.0
"""After a sweep that failed."""
BATCH = 100


class Expiring(Protocol):
    """What the sweep asks of the archive; both run on the calls loop and may raise StoreError."""

    async def expired(self, before: float, limit: int) -> Iterable[CallId]:
        """Calls that ended before a moment."""

    async def delete(self, call_id: CallId) -> None:
        """Delete everything of a call that has ended."""


class RetentionSweep:
    """Sweeps at the server's start and then every day. Runs on the calls loop."""

    def __init__(
        self,
        archive: Expiring,
        written_down: Callable[[CallId], Awaitable[None]],
        days: int,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`written_down` puts a deletion into the audit log; `days` is 0 where calls are kept for ever."""
        self._archive = archive
        self._written_down = written_down
        self._days = days
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Sweep until cancelled; returns at once where calls are kept for ever."""
        while self._days:
            try:
                deleted = await self.sweep()
            except EarshotError as error:
                logger.warning("old calls are not deleted yet: %s", error)
                await self._sleep(AGAIN_S)
                continue
            if deleted:
                logger.info("%d calls older than %d days were deleted", deleted, self._days)
            await self._sleep(DAY_S)

    async def sweep(self) -> int:
        """Delete what is too old now; returns how many calls. Raises StoreError."""
        before = self._clock.wall() - self._days * DAY_S
        deleted = 0
        while batch := tuple(await self._archive.expired(before, BATCH)):
            for call_id in batch:
                await self._archive.delete(call_id)
                await self._written_down(call_id)
                deleted += 1
        return deleted
