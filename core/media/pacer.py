"""The 20 ms clock of the ears that are not simply forwarded to."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from core.media.guard import Guard, Tally
from core.media.packet import FRAME_S

CATCH_UP_S = 0.1
"""A stall up to this length is made up for frame by frame; what a longer one missed is skipped and counted."""


class Paced(Protocol):
    """Something that is due once in every slot."""

    def tick(self, slot: int) -> None:
        """Called once for each slot: `slot` counts 20 ms since the monotonic clock's zero."""


class Pacer:
    """One task that wakes every 20 ms as long as there is anybody to wake. Media loop only."""

    def __init__(
        self,
        tally: Tally,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._tally = tally
        self._now = now
        self._sleep = sleep
        self._guard = Guard("pacer_errors", tally)
        self._paced: dict[Paced, None] = {}
        self._last_slot = 0
        self._task: asyncio.Task[None] | None = None

    def add(self, paced: Paced) -> None:
        """Wake `paced` from the next slot on; idempotent."""
        self._paced[paced] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="media-pacer")

    def remove(self, paced: Paced) -> None:
        """Let it sleep; idempotent."""
        self._paced.pop(paced, None)

    async def _run(self) -> None:
        # Timers may fire a little early: a clock that starts again must not give the last slot once more.
        slot = max(self._last_slot, math.floor(self._now() / FRAME_S))
        while self._paced:
            slot += 1
            wait = slot * FRAME_S - self._now()
            if wait > 0:
                await self._sleep(wait)
            elif wait < -CATCH_UP_S:
                missed = math.floor(-wait / FRAME_S)
                self._tally.add("pacer_slots", missed)
                slot += missed
            self._last_slot = slot
            for paced in list(self._paced):
                with self._guard:
                    paced.tick(slot)
        self._task = None

    async def close(self) -> None:
        """Stop the clock and wait for its task; idempotent."""
        self._paced.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
