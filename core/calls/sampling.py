"""Keeps samples in their files, on a thread of its own."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock

from core.model.call import CallId
from core.model.errors import StoreError
from core.model.sample import RtpSample
from core.quality.compaction import compact
from core.quality.segments import SampleWriter

logger = logging.getLogger(__name__)

WAITING_LIMIT = 1_000
"""Batches that wait for the disk; beyond it the newest is dropped and counted."""


class SampleKeeper:
    """A bounded line of batches to the sample files. Called on the calls loop; never blocks it."""

    def __init__(self, writer: SampleWriter) -> None:
        self._writer = writer
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="earshot-samples")
        self._lock = Lock()
        self._waiting = 0
        self._refused = 0
        self._told = False
        self._closed = False

    @property
    def dropped(self) -> int:
        """Samples that were not kept, because the disk was slower than they came, or refused them for too long."""
        return self._refused + self._writer.dropped

    def keep(self, call_id: CallId, samples: tuple[RtpSample, ...]) -> None:
        """Keep samples that are on the call's clock."""
        if self._waiting >= WAITING_LIMIT:
            self._refused += len(samples)
            return
        self._submit(partial(self._writer.append, call_id, samples))

    def finish(self, call_id: CallId) -> None:
        """Write out and close the call's files, and put them together in one."""
        self._submit(partial(self._writer.close, call_id))
        self._submit(partial(compact, self._writer.directory / call_id))

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do something short once everything before it is in the files. Any thread."""
        self._submit(work)

    def delete(self, call_id: CallId) -> None:
        """Delete the files of a call that is over, and what of it still waits."""
        self._submit(partial(self._writer.delete, call_id))

    def _submit(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._waiting += 1
        self._executor.submit(work).add_done_callback(self._done)

    def _done(self, future: "Future[None]") -> None:
        with self._lock:
            self._waiting -= 1
        error = future.exception()
        if error is not None and not self._told:
            # It is tried again every few seconds; the first failure tells enough.
            self._told = True
            if isinstance(error, StoreError):
                logger.error("samples are not being written: %s", error)
            else:
                logger.error("samples are not being written", exc_info=error)
        elif self._told and not self._writer.is_failing:
            self._told = False
            logger.info("samples are being written again")

    def close(self) -> None:
        """Write what waits and stop the thread; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._submit(self._writer.flush)
        self._executor.shutdown(wait=True)
        if self.dropped:
            logger.error("%d samples were not kept", self.dropped)
