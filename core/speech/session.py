"""One participant's stream of audio: from chunks to stretches of speech to recognitions."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from core.model.audio import SPEECH_FORMAT
from core.model.call import Language
from core.model.clock import Clock
from core.model.faults import log_fault
from core.model.utterance import given_up
from core.speech.agreement import Agreement
from core.speech.decoder import Decoding, as_recognition
from core.speech.delivery import OrderedDelivery
from core.speech.early_final import EarlyFinal
from core.speech.endpointing import Endpointer, EndpointRules, SpeechStretch
from core.speech.framing import FrameBlock, Framer
from core.speech.lost_audio import LostAudio
from core.speech.scheduler import DecodeJob, DecodeScheduler
from core.speech.transcriber import OnRecognition, SpeechStats
from core.speech.voice_activity import ActivityStream

MAX_WAITING_S = 30.0
"""Audio that a session keeps at most before its endpointing, and again before its decoding."""
BYTES_PER_S = 2 * SPEECH_FORMAT.channels * SPEECH_FORMAT.sample_rate
MAX_QUEUED_BYTES = int(MAX_WAITING_S * BYTES_PER_S)
STARVED_S = 1.0
"""An utterance ends when no audio comes for this much longer than the silence that ends it."""
FIRST_INTERIM_S = 0.8
"""Audio of an utterance that its first interim text is made of."""
BREATH_S = 0.2
"""In a silence longer than this no interim is begun: the final is near."""


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What all sessions of a transcriber have in common."""

    endpointing: EndpointRules
    interim_every_s: float | None
    """Audio between two interim texts; None for no interim texts."""


class LocalSession:
    """Implements `core.speech.transcriber.SpeechSession`.

    `feed` puts audio into a bounded queue, which the transcriber's endpointing thread empties with `advance`; whole
    utterances are decoded by the scheduler's workers, which also deliver the recognitions.

    Args:
        language: The language that is spoken.
        on_recognition: Takes recognitions, on a worker thread or the endpointing thread.
        open_activity: Makes the voice activity detector's memory of this stream; called once, by `advance`.
        scheduler: Where stretches are decoded.
        rules: When utterances end.
        clock: Tells when audio stops coming.
        wake: Asks for a call of `advance`.
        on_closed: Called once, at the end of `close`.
    """

    def __init__(
        self,
        language: Language,
        on_recognition: OnRecognition,
        open_activity: Callable[[], ActivityStream],
        scheduler: DecodeScheduler,
        rules: SessionRules,
        clock: Clock,
        wake: Callable[[], None],
        on_closed: Callable[["LocalSession"], None],
    ) -> None:
        self.language = language
        self._open_activity = open_activity
        self._scheduler = scheduler
        self._rules = rules
        self._clock = clock
        self._wake = wake
        self._on_closed = on_closed
        self._delivery = OrderedDelivery(on_recognition)

        self._state = threading.Condition()
        self._queue: deque[tuple[bytes, float, float]] = deque()
        self._queued_bytes = 0
        self._lost = LostAudio()
        self._fed_s = 0.0
        self._dropped_s = 0.0
        self._waiting: dict[int, DecodeJob] = {}
        self._agreement = Agreement()
        self._agreed_on = (0, 0.0)
        self._last_fed_s = clock.monotonic()
        self._is_closing = False
        self._is_drained = False
        self._is_complete = True
        self._is_closed = False
        self._closing = threading.Lock()

        # Only the thread that calls `advance` touches these.
        self._activity: ActivityStream | None = None
        self._framer = Framer()
        self._endpointer = Endpointer(rules.endpointing)
        self._is_faulty = False
        self._ordinal = 0
        self._ahead_s = 0.0
        self._interim_at_s: float | None = None
        self._early: tuple[EarlyFinal, DecodeJob] | None = None

    def feed(self, pcm: bytes, start_s: float) -> None:
        """Queue audio; what is oldest is dropped when the queue is full. Ignored after `close`."""
        with self._state:
            if self._is_closing:
                return
            self._last_fed_s = self._clock.monotonic()
            self._queue.append((pcm, start_s, self._last_fed_s))
            self._queued_bytes += len(pcm)
            self._fed_s += SPEECH_FORMAT.seconds(pcm)
            while self._queue and self._queued_bytes > MAX_QUEUED_BYTES:
                self._drop_oldest()
        self._wake()

    @property
    def stats(self) -> SpeechStats:
        """Counters; `waiting_s` counts queued audio and utterances that wait for their final text."""
        with self._state:
            spoken_at_s = min((job.spoken_at_s for job in self._waiting.values()), default=0.0)
            return SpeechStats(
                fed_s=self._fed_s,
                dropped_s=self._dropped_s,
                waiting_s=self._queued_bytes / BYTES_PER_S + self._undecoded_s(),
                oldest_s=max(0.0, self._clock.monotonic() - spoken_at_s) if self._waiting else 0.0,
            )

    def close(self, timeout_s: float) -> bool:
        """Recognise what was fed, end the last utterance, and stop; see `SpeechSession.close`."""
        deadline = time.monotonic() + timeout_s
        with self._state:
            self._is_closing = True
        self._wake()
        with self._closing:
            if self._is_closed:
                return self._is_complete
            with self._state:
                drained = self._state.wait_for(lambda: self._is_drained, max(0.0, deadline - time.monotonic()))
            complete = drained and self._delivery.wait_until_complete(max(0.0, deadline - time.monotonic()))
            with self._state:
                undecoded = list(self._waiting.items())
                for _, job in undecoded:
                    self._scheduler.take_back(job)
                self._is_complete &= complete
                self._is_drained = True
                self._give_up_queue()
                self._dropped_s += self._undecoded_s()
                self._waiting.clear()
                lost = self._lost.take()
                self._is_closed = True
            for ordinal, job in undecoded:
                self._delivery.give_final(given_up(ordinal, job.stretch.start_s, job.stretch.end_s))
            self._delivery.end(given_up(0, *times) for times in lost)
            self._on_closed(self)
            return self._is_complete

    # Below: the endpointing thread

    def advance(self) -> bool:
        """Look at all queued audio. Returns whether an utterance is open, so that silence must be looked out for."""
        if self._activity is None:
            self._activity = self._open_activity()
        while (taken := self._take()) is not None:
            (pcm, start_s, fed_at_s), lost = taken
            self._ahead_s = fed_at_s - start_s - SPEECH_FORMAT.seconds(pcm)
            try:
                if lost:
                    self._end_open()
                    self._tell_lost(lost)
                self._look_at(self._framer.push(pcm, start_s))
                if self._is_faulty:
                    self._is_faulty = False
                    self._tell_lost(self._take_lost())
            except Exception as error:  # noqa: BLE001
                # What was said before is heard out, and what comes after may be understood: only this is lost.
                self._take_fault(error, [*lost, (start_s, start_s + SPEECH_FORMAT.seconds(pcm))])
            with self._state:
                self._queued_bytes -= len(pcm)
                self._state.notify_all()
        with self._state:
            is_over = self._is_closing and not self._queue
        if is_over or self._is_starved():
            self._end_open()
        if is_over:
            with self._state:
                self._is_drained = True
                self._state.notify_all()
        return self._endpointer.is_open

    def give_up(self) -> None:
        """Drop all queued audio: there is no engine to recognise it."""
        with self._state:
            self._give_up_queue()
            self._is_drained = self._is_closing
            self._state.notify_all()

    def _take(self) -> tuple[tuple[bytes, float, float], list[tuple[float, float]]] | None:
        with self._state:
            # While one chunk after the other is lost to a fault, that is told as one loss when it is over.
            return (self._queue.popleft(), [] if self._is_faulty else self._lost.take()) if self._queue else None

    def _take_lost(self) -> list[tuple[float, float]]:
        with self._state:
            return self._lost.take()

    def _take_fault(self, error: Exception, lost: list[tuple[float, float]]) -> None:
        if not self._is_faulty:
            log_fault("a stretch of audio was lost", error)
        self._is_faulty = True
        self._framer.flush()
        with self._state:
            for start_s, end_s in lost:
                self._lost.add(start_s, end_s)
            self._count_dropped(lost[-1][1] - lost[-1][0])

    def _tell_lost(self, lost: list[tuple[float, float]]) -> None:
        while lost:
            start_s, end_s = lost.pop(0)
            ordinal, self._ordinal = self._ordinal, self._ordinal + 1
            self._delivery.expect(ordinal)
            self._delivery.give_final(given_up(ordinal, start_s, end_s))

    def _end_open(self) -> None:
        try:
            self._look_at(self._framer.flush())
        finally:
            self._end(self._endpointer.flush())

    def _is_starved(self) -> bool:
        patience_s = self._rules.endpointing.endpoint_s + STARVED_S
        return self._endpointer.is_open and self._clock.monotonic() - self._last_fed_s > patience_s

    def _look_at(self, blocks: list[FrameBlock]) -> None:
        assert self._activity is not None
        for block in blocks:
            if not block.follows:
                self._end(self._endpointer.flush())
                self._endpointer.forget()
                self._activity.reset()
            probabilities = self._activity.probabilities(block.samples)
            for samples, start_s, probability in zip(block.samples, block.start_times(), probabilities, strict=True):
                was_open = self._endpointer.is_open
                ended = self._endpointer.push(samples, start_s, float(probability))
                if ended is not None or (was_open and not self._endpointer.is_open):
                    self._end(ended)
        self._ask_for_interim()
        self._begin_early()

    def _begin_early(self) -> None:
        """Begin the final text as soon as its audio is whole, while there is time for what may be thrown away."""
        if self._early is not None:
            if self._endpointer.is_open and self._endpointer.spoken[1] == self._early[0].stretch.end_s:
                return
            self._forget_early()
        is_whole = self._endpointer.is_open and self._endpointer.silence_s >= self._rules.endpointing.post_roll_s
        if is_whole and self._scheduler.is_at_leisure and (stretch := self._endpointer.current()) is not None:
            early = EarlyFinal(stretch)
            self._early = early, self._final_job(stretch, partial(self._take_early, early))
            self._scheduler.submit(self._early[1])

    def _forget_early(self) -> None:
        if self._early is not None:
            self._scheduler.take_back(self._early[1])
            self._early = None

    def _final_job(self, stretch: SpeechStretch, deliver: Callable[[Decoding | None], None]) -> DecodeJob:
        return DecodeJob(
            owner=self,
            stretch=stretch,
            spoken_at_s=self._ahead_s + stretch.end_s,
            language=self.language,
            is_final=True,
            deliver=deliver,
        )

    def _ask_for_interim(self) -> None:
        every_s = self._rules.interim_every_s
        if every_s is None or not self._endpointer.is_open or self._endpointer.silence_s > BREATH_S:
            return
        start_s, end_s = self._endpointer.spoken
        due_s = start_s + FIRST_INTERIM_S if self._interim_at_s is None else self._interim_at_s + every_s
        if end_s >= due_s and (stretch := self._endpointer.current()) is not None:
            self._interim_at_s = stretch.end_s
            self._scheduler.submit(
                DecodeJob(
                    owner=self,
                    stretch=stretch,
                    spoken_at_s=self._ahead_s + stretch.end_s,
                    language=self.language,
                    is_final=False,
                    deliver=partial(self._take_interim, self._ordinal, stretch),
                )
            )

    def _end(self, stretch: SpeechStretch | None) -> None:
        self._interim_at_s = None
        if self._early is not None and not self._early[0].is_of(stretch):
            self._forget_early()
        ahead, self._early = self._early, None
        if stretch is None:
            return
        ordinal, self._ordinal = self._ordinal, self._ordinal + 1
        job = ahead[1] if ahead else self._final_job(stretch, partial(self._take_final, ordinal, stretch))
        self._delivery.expect(ordinal)
        with self._state:
            self._waiting[ordinal] = job
            too_old = self._give_up_finals()
            if ahead:
                ahead[0].ordinal = ordinal
            is_done = ahead is not None and ahead[0].is_done
        if ahead is None:
            self._scheduler.submit(job)
        elif is_done:
            self._take_final(ordinal, stretch, ahead[0].decoding)
        for late, lost in too_old:
            self._delivery.give_final(given_up(late, lost.stretch.start_s, lost.stretch.end_s))

    def _give_up_finals(self) -> list[tuple[int, DecodeJob]]:
        too_old = []
        for ordinal, job in list(self._waiting.items())[:-1]:
            if self._undecoded_s() <= MAX_WAITING_S:
                break
            if self._scheduler.take_back(job):
                del self._waiting[ordinal]
                self._count_dropped(job.stretch.duration_s)
                too_old.append((ordinal, job))
        return too_old

    # Below: worker threads, and for a final that was decoded early the endpointing thread

    def _take_interim(self, ordinal: int, stretch: SpeechStretch, decoding: Decoding | None) -> None:
        if decoding is None:
            return
        recognition = as_recognition(ordinal, stretch, decoding, is_final=False)
        if not recognition.text:
            return
        with self._state:
            if (ordinal, stretch.end_s) < self._agreed_on:
                return
            if ordinal > self._agreed_on[0]:
                self._agreement = Agreement()
            self._agreed_on = (ordinal, stretch.end_s)
            agreed = self._agreement.push(recognition.text)
        self._delivery.give_interim(replace(recognition, text=agreed.text, stable_chars=agreed.stable_chars))

    def _take_early(self, early: EarlyFinal, decoding: Decoding | None) -> None:
        with self._state:
            early.is_done, early.decoding = True, decoding
            ordinal = early.ordinal
        if ordinal is not None:
            self._take_final(ordinal, early.stretch, decoding)

    def _take_final(self, ordinal: int, stretch: SpeechStretch, decoding: Decoding | None) -> None:
        with self._state:
            if self._waiting.pop(ordinal, None) is not None and decoding is None:
                self._count_dropped(stretch.duration_s)
            self._state.notify_all()
        if decoding is None:
            self._delivery.give_final(given_up(ordinal, stretch.start_s, stretch.end_s))
        else:
            self._delivery.give_final(as_recognition(ordinal, stretch, decoding, is_final=True))

    # Below: any thread that holds the state

    def _undecoded_s(self) -> float:
        return sum(job.stretch.duration_s for job in self._waiting.values())

    def _count_dropped(self, seconds: float) -> None:
        self._dropped_s += seconds
        self._is_complete = False

    def _drop_oldest(self) -> None:
        pcm, start_s, _ = self._queue.popleft()
        self._queued_bytes -= len(pcm)
        self._lost.add(start_s, start_s + SPEECH_FORMAT.seconds(pcm))
        self._count_dropped(SPEECH_FORMAT.seconds(pcm))

    def _give_up_queue(self) -> None:
        while self._queue:
            self._drop_oldest()
