"""Who is decoded next: one pool of named threads for all sessions; finals before interims, oldest first."""

import heapq
import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import RecognitionFailed
from core.model.faults import log_fault
from core.speech.decoder import Decoder, Decoding
from core.speech.endpointing import SpeechStretch
from core.speech.load import DecodeLoad

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

INTERIM_BUSY = 0.6
"""While final texts take this share of the workers' time, there are no interim ones."""
INTERIM_AGE_S = 1.0
"""Nor while speech that ended longer ago than this, endpointing included, waits for its final text."""
BATCH_SIZE = 2
"""Finals that are decoded together: two cost a fifth less than one after the other, four hardly less than two."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodeJob:
    """One stretch of speech to be turned into text. Equal only to itself."""

    owner: Hashable
    """Whose it is: an owner has at most one interim job waiting."""
    stretch: SpeechStretch
    spoken_at_s: float
    """When its last speech was heard, on the scheduler's clock: sessions' own clocks cannot be compared."""
    language: Language
    is_final: bool
    deliver: Callable[[Decoding | None], None]
    """Called once on a worker thread, with None where the engine failed; never for a job that was taken back."""


@dataclass(frozen=True, slots=True)
class DecodeStats:
    """How the pool keeps up."""

    waiting_finals: int
    oldest_s: float
    """Seconds since the end of the speech that waits longest for its final text; 0 where none waits."""
    late_s: float | None
    """How late words come, in seconds since the end of speech; None while they come in time."""
    skipped_interims: int
    """Interim texts that were asked for and never made, since the start."""


class DecodeScheduler:
    """The pool. All methods may be called from any thread.

    Interims never take the last free worker, where there is more than one, so that a final does not wait for them.
    Under load they are skipped: those of all speakers cost several times as much as the finals. Finals for which no
    worker is free are decoded two at a time, where the decoder gains by it.

    Args:
        name: Names the threads.
        workers: Threads, each of which decodes one job at a time.
        clock: Tells how long jobs wait.
    """

    def __init__(self, name: str, workers: int, clock: Clock) -> None:
        self._clock = clock
        self._wakes = threading.Condition()
        self._finals: list[tuple[float, int, DecodeJob]] = []
        self._numbers = itertools.count()
        self._finals_running: list[DecodeJob] = []
        self._load = DecodeLoad(workers)
        self._skipped_interims = 0
        self._interims: OrderedDict[Hashable, DecodeJob] = OrderedDict()
        self._interims_running = 0
        self._workers_free = 0
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

    @property
    def stats(self) -> DecodeStats:
        """How the pool keeps up, as of now."""
        with self._wakes:
            oldest_s = self._oldest_s()
            return DecodeStats(
                waiting_finals=len(self._finals),
                oldest_s=oldest_s,
                late_s=self._load.late_s(self._clock.monotonic(), oldest_s),
                skipped_interims=self._skipped_interims,
            )

    @property
    def is_at_leisure(self) -> bool:
        """Whether there is time for what may turn out to be of no use: no final waits, and there is no load."""
        with self._wakes:
            return not self._finals and not self._is_overloaded()

    def start(self, decoder: Decoder) -> None:
        """Begin to work; once."""
        self._decoder = decoder
        for thread in self._threads:
            thread.start()

    def submit(self, job: DecodeJob) -> None:
        """Take a job. An interim takes the place of its owner's waiting one; a final does away with that."""
        with self._wakes:
            self._skipped_interims += job.owner in self._interims
            if job.is_final:
                self._interims.pop(job.owner, None)
                heapq.heappush(self._finals, (job.spoken_at_s, next(self._numbers), job))
            else:
                self._interims[job.owner] = job
            self._wakes.notify()

    def take_back(self, job: DecodeJob) -> bool:
        """Forget a final job that is still waiting. Returns whether it was."""
        with self._wakes:
            waiting = len(self._finals)
            self._forget([job])
            return len(self._finals) < waiting

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

    def _next(self) -> list[DecodeJob]:
        """What a worker does next: an interim, or one or several finals. Nothing means that it is over."""
        with self._wakes:
            while not self._closed:
                if self._finals:
                    taken = self._take_finals()
                    self._finals_running += taken
                    return taken
                if self._is_overloaded():
                    self._skipped_interims += len(self._interims)
                    self._interims.clear()
                if self._interims and self._interims_running < self._max_interims:
                    self._interims_running += 1
                    return [self._interims.popitem(last=False)[1]]
                self._workers_free += 1
                self._wakes.wait()
                self._workers_free -= 1
            return []

    def _take_finals(self) -> list[DecodeJob]:
        """The oldest final, and the oldest that gain by its company unless other workers are free to take them."""
        oldest = heapq.heappop(self._finals)[2]
        places = min(BATCH_SIZE - 1, len(self._finals) - self._workers_free)
        if places < 1 or (key := self._batch_key(oldest)) is None:
            return [oldest]
        company = [job for *_, job in sorted(self._finals) if self._batch_key(job) == key][:places]
        self._forget(company)
        return [oldest, *company]

    def _batch_key(self, job: DecodeJob) -> Hashable:
        assert self._decoder is not None
        try:
            return self._decoder.batch_key(job.stretch.duration_s, job.language)
        except Exception as error:  # noqa: BLE001
            # See `_work`; and a job is not lost for want of company.
            log_fault("an utterance was decoded alone", error)
            return None

    def _forget(self, jobs: Sequence[DecodeJob]) -> None:
        self._finals = [entry for entry in self._finals if entry[2] not in jobs]
        heapq.heapify(self._finals)

    def _oldest_s(self) -> float:
        spoken_at = [job.spoken_at_s for job in self._finals_running] + [spoken for spoken, _, _ in self._finals[:1]]
        return max(0.0, self._clock.monotonic() - min(spoken_at)) if spoken_at else 0.0

    def _is_overloaded(self) -> bool:
        return self._oldest_s() > INTERIM_AGE_S or self._load.busy(self._clock.monotonic()) > INTERIM_BUSY

    def _work(self) -> None:
        while jobs := self._next():
            began_s = self._clock.monotonic()
            decodings = self._decode(jobs)
            ended_s = self._clock.monotonic()
            for job, decoding in zip(jobs, decodings, strict=True):
                try:
                    job.deliver(decoding)
                except Exception as error:  # noqa: BLE001
                    # A worker that dies would make everybody's words late without a word about it.
                    log_fault("a recognition was lost", error)
            with self._wakes:
                for job in jobs:
                    if job.is_final:
                        self._finals_running.remove(job)
                        self._load.decoded(job.spoken_at_s, began_s, ended_s, share=1 / len(jobs))
                    else:
                        self._interims_running -= 1
                self._wakes.notify()

    def _decode(self, jobs: list[DecodeJob]) -> Sequence[Decoding | None]:
        """What the engine made of jobs that were taken together; None for each at which it failed."""
        assert self._decoder is not None
        if len(jobs) > 1:
            batch = [job.stretch.samples for job in jobs]
            together = self._guarded(partial(self._decoder.decode_batch, batch, jobs[0].language))
            if together is not None:
                return together
            # They are of different calls: none is to lose its words by another's error.
        return [
            self._guarded(partial(self._decoder.decode, job.stretch.samples, job.language, job.is_final))
            for job in jobs
        ]

    def _guarded(self, decode: Callable[[], _T]) -> _T | None:
        """What the engine answers; None where it failed, which is remembered until it succeeds."""
        try:
            decoded = decode()
        except RecognitionFailed as error:
            logger.error("%s", error)
            self._failure = error
            return None
        except Exception as error:  # noqa: BLE001
            # See `_work`.
            log_fault("a decoding failed", error)
            return None
        self._failure = None
        return decoded
