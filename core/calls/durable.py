"""Durable writes: one named thread, in order, kept and tried again while the disk or database is unwell."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.model.errors import StoreError
from core.model.faults import log_fault
from core.model.health import PartHealth, PartState
from core.model.message import Message

logger = logging.getLogger(__name__)

Write = Callable[[], None]
_T = TypeVar("_T")

BACKLOG_LIMIT = 5_000
"""Writes that wait for the store to recover; beyond it the newest is given up and counted."""


class DurableWriter:
    """Runs writes one after the other on a thread of its own. Its methods are called on the calls loop."""

    def __init__(self, describe_store: Callable[[], PartHealth]) -> None:
        self._describe_store = describe_store
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="earshot-store")
        self._order = asyncio.Lock()
        self._backlog: deque[Write] = deque()
        self._failure: StoreError | None = None
        self._given_up = 0
        self._posted: set[asyncio.Task[bool]] = set()

    @property
    def given_up(self) -> int:
        """Writes that were lost because the backlog was full."""
        return self._given_up

    @property
    def health(self) -> PartHealth:
        """The store's state; down, with the reason, while writes are waiting. Any thread."""
        failure = self._failure
        if failure is None:
            return self._describe_store()
        waiting = Message("{count} records are waiting in memory.", {"count": len(self._backlog)})
        return PartHealth(
            name="store",
            state=PartState.DOWN,
            needed=True,
            detail=(failure, waiting),
        )

    async def write(self, write: Write) -> bool:
        """Write after everything before it. Returns whether it is durable now; otherwise it waits in the backlog."""
        self._enqueue(write)
        return await self._drain()

    async def ask(self, work: Callable[[], _T]) -> _T:
        """Do something with the store once everything before it is durable, and return what it gives.

        Raises:
            StoreError: the store is unwell, now or still; nothing was done.
            EarshotError: whatever `work` raises.
        """
        async with self._order:
            if not await self._drain_in_order() and self._failure is not None:
                raise self._failure
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def post(self, write: Write) -> None:
        """Write after everything before it, without waiting."""
        self._enqueue(write)
        task = asyncio.create_task(self._drain(), name="store-write")
        self._posted.add(task)
        task.add_done_callback(self._posted.discard)

    def _enqueue(self, write: Write) -> None:
        # What comes later refers to what came before, so a full backlog refuses the newest.
        if len(self._backlog) < BACKLOG_LIMIT:
            self._backlog.append(write)
        else:
            self._given_up += 1

    async def retry(self) -> None:
        """Try the backlog again, if there is one."""
        await self._drain()

    async def _drain(self) -> bool:
        async with self._order:
            return await self._drain_in_order()

    async def _drain_in_order(self) -> bool:
        loop = asyncio.get_running_loop()
        while self._backlog:
            try:
                await loop.run_in_executor(self._executor, self._backlog[0])
            except StoreError as error:
                if not error.retryable:
                    # A write that can never succeed must not hold up those behind it.
                    logger.error("a record was given up: %s", error)
                    self._backlog.popleft()
                    self._given_up += 1
                    continue
                if self._failure is None:
                    logger.error("%s", error)
                self._failure = error
                return False
            except Exception as error:  # noqa: BLE001
                # The same write would fail again for ever, and nothing behind it would be kept.
                log_fault("a record was lost", error)
                self._given_up += 1
            self._backlog.popleft()
        if self._failure is not None:
            logger.info("records are being kept again")
            self._failure = None
        return True

    async def close(self) -> None:
        """Try once more to write what is left, and stop the thread; idempotent."""
        await asyncio.gather(*self._posted)
        await self.retry()
        if self._backlog:
            logger.error("%d records could not be kept", len(self._backlog))
        self._executor.shutdown(wait=True)
