"""Who is decoded next: one pool of named threads for all sessions; finals before interims, oldest first."""

import logging
import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from core.model.call import Language
from core.model.errors import RecognitionFailed
from core.speech.decoder import Decoder, Decoding
from core.speech.endpointing import SpeechStretch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class DecodeJob:
    """One stretch of speech to be turned into text. Equal only to itself."""

    owner: Hashable
    """Whose it is: an owner has at most one interim job waiting."""
    stretch: SpeechStretch
    language: Language
    is_final: bool
    deliver: Callable[[Decoding | None], None]
    """Called once on a worker thread, with None where the engine failed; never for a job that was taken back."""


def log_fault(what: str, error: Exception) -> None:
    """Log an error that nobody foresaw: where it happened, without its message, which might quote a caller."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s by a fault of Earshot's own (%s)\n%s", what, type(error).__name__, where)


class DecodeScheduler:
    """The pool. All methods may be called from any thread.

    Interims never take the last free worker, where there is more than one, so that a final does not wait for them.

    Args:
        name: Names the threads.
        workers: Threads, each of which decodes one job at a time.
    """

    def __init__(self, name: str, workers: int) -> None:
        self._wakes = threading.Condition()
        self._finals: deque[DecodeJob] = deque()
        self._interims: OrderedDict[Hashable, DecodeJob] = OrderedDict()
        self._interims_running = 0
        self._max_interims = max(1, workers - 1)
        self._closed = False
        self._failure: RecognitionFailed | None = None
        self._decoder: Decoder | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(workers)
        ]

    @property
    def failure(self) -> RecognitionFailed | None:
        """Why the last job failed; None while jobs succeed."""
        return self._failure

    def start(self, decoder: Decoder) -> None:
        """Begin to work; once."""
        self._decoder = decoder
        for thread in self._threads:
            thread.start()

    def submit(self, job: DecodeJob) -> None:
        """Take a job. An interim takes the place of its owner's waiting one; a final does away with that."""
        with self._wakes:
            if job.is_final:
                self._interims.pop(job.owner, None)
                self._finals.append(job)
            else:
                self._interims[job.owner] = job
            self._wakes.notify()

    def take_back(self, job: DecodeJob) -> bool:
        """Forget a final job that is still waiting. Returns whether it was."""
        with self._wakes:
            if job not in self._finals:
                return False
            self._finals.remove(job)
            return True

    def close(self, timeout_s: float) -> None:
        """Forget what waits, and stop the threads after what they are at. Idempotent."""
        with self._wakes:
            self._closed = True
            self._finals.clear()
            self._interims.clear()
            self._wakes.notify_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _next(self) -> DecodeJob | None:
        with self._wakes:
            while not self._closed:
                if self._finals:
                    return self._finals.popleft()
                if self._interims and self._interims_running < self._max_interims:
                    self._interims_running += 1
                    return self._interims.popitem(last=False)[1]
                self._wakes.wait()
            return None

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.deliver(self._decode(job))
            except Exception as error:  # noqa: BLE001
                # A worker that dies would make everybody's words late without a word about it.
                log_fault("a recognition was lost", error)
            if not job.is_final:
                with self._wakes:
                    self._interims_running -= 1
                    self._wakes.notify()

    def _decode(self, job: DecodeJob) -> Decoding | None:
        assert self._decoder is not None
        try:
            decoding = self._decoder.decode(job.stretch.samples, job.language, job.is_final)
        except RecognitionFailed as error:
            logger.error("%s", error)
            self._failure = error
            return None
        self._failure = None
        return decoding
