"""Keeps samples in their files, on a thread of its own."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from core.model.call import CallId
from core.model.errors import StoreError
from core.model.sample import RtpSample
from core.quality.segments import SampleWriter

logger = logging.getLogger(__name__)

WAITING_LIMIT = 1_000
"""Batches that wait for the disk; beyond it the newest is dropped and counted."""


class SampleKeeper:
    """A bounded line of batches to the sample files. Called on the calls loop; never blocks it."""

    def __init__(self, writer: SampleWriter) -> None:
        self._writer = writer
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="earshot-samples")
        self._waiting = 0
        self._failing = False
        self.dropped = 0
        """Batches that were not kept."""

    def keep(self, call_id: CallId, samples: tuple[RtpSample, ...]) -> None:
        """Keep samples that are on the call's clock."""
        self._submit(partial(self._append, call_id, samples))

    def finish(self, call_id: CallId) -> None:
        """Write out and close the call's files."""
        self._submit(partial(self._writer.close, call_id))

    def _append(self, call_id: CallId, samples: tuple[RtpSample, ...]) -> None:
        for sample in samples:
            self._writer.append(call_id, sample)

    def _submit(self, work: Callable[[], None]) -> None:
        if self._waiting >= WAITING_LIMIT:
            self.dropped += 1
            return
        self._waiting += 1
        self._executor.submit(work).add_done_callback(self._done)

    def _done(self, future: "Future[None]") -> None:
        self._waiting -= 1
        error = future.exception()
        if error is None:
            self._failing = False
            return
        self.dropped += 1
        if not self._failing:
            self._failing = True
            if isinstance(error, StoreError):
                logger.error("samples are not being kept: %s", error)
            else:
                logger.error("samples are not being kept", exc_info=error)

    def close(self) -> None:
        """Finish what waits and stop the thread; idempotent."""
        self._executor.shutdown(wait=True)
