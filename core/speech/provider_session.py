"""One participant's audio, recognised by a service over the network: the hand-over's plans carried out."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from core.model.audio import SPEECH_FORMAT
from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import SpeechError, SpeechServiceSilent
from core.model.utterance import Recognition
from core.speech.handover import Handover
from core.speech.handover_rules import Action, Drop, Finish, HandoverRules, Open, Send
from core.speech.provider import Provider, ProviderStream, StreamEnd, StreamListener, StreamResult
from core.speech.transcriber import OnRecognition, SpeechStats

INBOX_S = 30.0
"""Audio that waits for the loop at most; beyond it the oldest is dropped and counted."""
ABANDON_S = 2.0


class ProviderSession:
    """Implements `core.speech.transcriber.SpeechSession`.

    `feed` puts audio into a bounded inbox; everything else happens on the provider's loop, which also delivers.

    Args:
        provider: The service.
        loop: The provider's loop, which runs in a thread of its own.
        language: The language that is spoken.
        on_recognition: Takes recognitions, on the loop's thread.
        rules: When streams change.
        clock: Tells when.
        random: Spreads retries.
        on_closed: Called once, at the end of `close`.
    """

    def __init__(
        self,
        provider: Provider,
        loop: asyncio.AbstractEventLoop,
        language: Language,
        on_recognition: OnRecognition,
        rules: HandoverRules,
        clock: Clock,
        random: Random,
        on_closed: Callable[["ProviderSession"], None],
    ) -> None:
        self.language = language
        self._provider = provider
        self._on_recognition = on_recognition
        self._loop = loop
        self._clock = clock
        self._on_closed = on_closed
        self._closing = threading.Lock()
        self._is_closed = False
        self._is_complete = False
        self._done = threading.Event()

        self._state = threading.Lock()
        self._inbox: deque[tuple[bytes, float]] = deque()
        self._inbox_s = 0.0
        self._fed_s = 0.0
        self._overflow_s = 0.0
        self._is_awake = False
        self._is_over = False

        # Only the loop touches these.
        self._handover = Handover(rules, random, self._deliver)
        self._stream: ProviderStream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._trouble: SpeechError | None = None
        self._stats = SpeechStats(0.0, 0.0, 0.0)

    @property
    def trouble(self) -> SpeechError | None:
        """Why nothing is recognised at the moment; None while all is well. Any thread."""
        return self._trouble

    @property
    def stats(self) -> SpeechStats:
        """Counters; `waiting_s` counts audio that the service was not sent yet."""
        with self._state:
            return replace(
                self._stats,
                fed_s=self._fed_s,
                dropped_s=self._stats.dropped_s + self._overflow_s,
                waiting_s=self._stats.waiting_s + self._inbox_s,
            )

    def feed(self, pcm: bytes, start_s: float) -> None:
        """Queue audio; what is oldest is dropped when the inbox is full. Ignored after `close`."""
        with self._state:
            if self._is_over:
                return
            seconds = SPEECH_FORMAT.seconds(pcm)
            self._inbox.append((pcm, start_s))
            self._inbox_s += seconds
            self._fed_s += seconds
            while self._inbox_s > INBOX_S and len(self._inbox) > 1:
                dropped_s = SPEECH_FORMAT.seconds(self._inbox.popleft()[0])
                self._inbox_s -= dropped_s
                self._overflow_s += dropped_s
            if self._is_awake:
                return
            self._is_awake = True
        self._post(self._advance)

    def close(self, timeout_s: float) -> bool:
        """Recognise what was fed and stop; see `SpeechSession.close`."""
        with self._closing:
            if self._is_closed:
                return self._is_complete
            with self._state:
                self._is_over = True
            self._post(self._finish)
            if not self._done.wait(timeout_s):
                self._post(self._abandon)
                self._done.wait(ABANDON_S)
            self._is_closed = True
            self._is_complete = self.stats.dropped_s == 0.0
            self._on_closed(self)
            return self._is_complete

    def _post(self, act: Callable[[], None]) -> None:
        if self._loop.is_closed():
            self._done.set()
        else:
            self._loop.call_soon_threadsafe(act)

    # Below: the provider's loop

    def _advance(self) -> None:
        if self._done.is_set():
            return
        with self._state:
            arrived = tuple(self._inbox)
            self._inbox.clear()
            self._inbox_s = 0.0
            self._is_awake = False
        for pcm, start_s in arrived:
            self._handover.feed(pcm, start_s)
        now = self._clock.monotonic()
        for action in self._handover.poll(now, self._stream is None or self._stream.has_room):
            self._carry_out(action)
        self._look_after(now)

    def _carry_out(self, action: Action) -> None:
        match action:
            case Open(number):
                listener = StreamListener(partial(self._result, number), partial(self._ended, number), self._advance)
                self._stream = self._provider.open_stream(self.language, listener)
            case Send(_, pcm) if self._stream is not None:
                self._stream.send(pcm)
            case Finish() if self._stream is not None:
                self._stream.finish()
            case Drop() if self._stream is not None:
                self._stream.drop()
                self._stream = None

    def _look_after(self, now: float) -> None:
        trouble = self._handover.trouble
        self._trouble = self._as_error(trouble) if trouble is not None else None
        with self._state:
            self._stats = SpeechStats(
                0.0, self._handover.dropped_s, self._handover.waiting_s, hand_overs=self._handover.hand_overs
            )
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._handover.is_done:
            self._done.set()
        elif (wake_s := self._handover.wake_s(now)) is not None:
            self._timer = self._loop.call_later(max(0.0, wake_s - now), self._advance)

    def _as_error(self, end: StreamEnd) -> SpeechError:
        return end.error or SpeechServiceSilent(service=self._provider.service)

    def _finish(self) -> None:
        self._advance()
        self._handover.finish()
        self._advance()

    def _abandon(self) -> None:
        if self._done.is_set():
            return
        self._handover.abandon()
        for action in self._handover.poll(self._clock.monotonic()):
            self._carry_out(action)
        self._look_after(self._clock.monotonic())

    def _result(self, stream: int, result: StreamResult) -> None:
        self._handover.take_result(stream, result)
        self._advance()

    def _ended(self, stream: int, end: StreamEnd) -> None:
        self._stream = None
        self._handover.take_end(stream, end, self._clock.monotonic())
        self._advance()

    def _deliver(self, recognition: Recognition) -> None:
        if not self._done.is_set():
            self._on_recognition(replace(recognition, engine=self._provider.service, model=self._provider.model))
