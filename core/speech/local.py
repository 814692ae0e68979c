"""The transcriber that runs on this machine: one loaded model and one pool of threads for all sessions."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import EarshotError, SpeechError
from core.model.faults import log_fault
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.speech.decoder import Decoder
from core.speech.scheduler import DecodeScheduler, DecodeStats
from core.speech.session import LocalSession, SessionRules
from core.speech.transcriber import OnRecognition, close_sessions
from core.speech.voice_activity import ActivityStream

logger = logging.getLogger(__name__)

TICK_S = 0.1
"""How often an open utterance is checked for audio that stopped coming."""
CLOSE_S = 5.0
"""What `close` takes at most, besides one decoding that cannot be interrupted."""


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """What a transcriber needs to work."""

    decoder: Decoder
    open_activity: Callable[[], ActivityStream]
    """Makes a voice activity detector for one stream."""
    description: Message
    """What is in use, for the operator."""


class LocalTranscriber:
    """Implements `core.speech.transcriber.Transcriber`. All methods may be called from any thread.

    Threads, all of them named: "speech-load" loads the models and ends; "speech-endpointing" looks for utterances in
    all sessions' audio; "speech-decode-N" turn them into text and deliver it. Until the models are loaded sessions
    keep their audio.

    Args:
        load: Loads the models; called once, on its thread. Raises SpeechError.
        rules: When utterances end, and how often there is interim text.
        workers: Utterances that are decoded at the same time.
        clock: Tells when audio stops coming.
    """

    def __init__(self, load: Callable[[], LoadedModels], rules: SessionRules, workers: int, clock: Clock) -> None:
        self._load = load
        self._rules = rules
        self._clock = clock
        self._scheduler = DecodeScheduler("speech-decode", workers, clock)
        self._wakes = threading.Condition()
        self._is_dirty = False
        self._is_closed = False
        self._models: LoadedModels | None = None
        self._failure: SpeechError | None = None
        self._sessions: set[LocalSession] = set()
        self._loader = threading.Thread(target=self._load_models, name="speech-load", daemon=True)
        self._endpointing = threading.Thread(target=self._watch, name="speech-endpointing", daemon=True)
        self._loader.start()
        self._endpointing.start()

    @property
    def health(self) -> PartHealth:
        """STARTING while the models load, DOWN when that failed or after `close`.

        DEGRADED after a failed decoding, while words come late, or while a language is spoken that the model guesses.
        """
        with self._wakes:
            models, failure, is_closed = self._models, self._failure, self._is_closed
            languages = sorted({session.language for session in self._sessions})
        if is_closed:
            return self._state(PartState.DOWN, Message("Speech recognition was stopped."))
        if failure is not None:
            return self._state(PartState.DOWN, failure)
        if models is None:
            loading = Message("The speech model is being loaded; audio is kept meanwhile.")
            return self._state(PartState.STARTING, loading)
        if self._scheduler.failure is not None:
            return self._state(PartState.DEGRADED, self._scheduler.failure)
        if (late_s := self._scheduler.stats.late_s) is not None:
            late = Message(
                "Words come {seconds} s late: the machine is busy. End what else runs on it, or give it more cores.",
                {"seconds": f"{late_s:.1f}"},
            )
            return self._state(PartState.DEGRADED, late)
        if unknown := [language for language in languages if not models.decoder.knows(language)]:
            guesses = Message(
                "It was not made for {languages} and guesses the language.", {"languages": ", ".join(unknown)}
            )
            return self._state(PartState.DEGRADED, models.description, guesses)
        return self._state(PartState.UP, models.description)

    @property
    def decoding(self) -> DecodeStats:
        """How the decoding keeps up."""
        return self._scheduler.stats

    def open_session(self, name: str, language: Language, on_recognition: OnRecognition) -> LocalSession:
        """A session for one participant; see `Transcriber.open_session`."""
        session = LocalSession(
            language=language,
            on_recognition=on_recognition,
            open_activity=self._open_activity,
            scheduler=self._scheduler,
            rules=self._rules,
            clock=self._clock,
            wake=self._wake,
            on_closed=self._forget,
        )
        with self._wakes:
            self._sessions.add(session)
        logger.debug("speech session %s is open (%s)", name, language)
        return session

    def close(self) -> None:
        """Close every session and stop all threads; idempotent."""
        with self._wakes:
            if self._is_closed:
                return
            sessions = tuple(self._sessions)
        close_sessions(sessions, CLOSE_S)
        with self._wakes:
            self._is_closed = True
            self._wakes.notify_all()
        for thread in (self._loader, self._endpointing):
            thread.join(CLOSE_S)
        self._scheduler.close(CLOSE_S)

    def _state(self, state: PartState, *detail: Message | EarshotError) -> PartHealth:
        return PartHealth("speech", state, needed=False, detail=detail)

    def _wake(self) -> None:
        with self._wakes:
            self._is_dirty = True
            self._wakes.notify_all()

    def _forget(self, session: LocalSession) -> None:
        with self._wakes:
            self._sessions.discard(session)

    def _open_activity(self) -> ActivityStream:
        assert self._models is not None
        return self._models.open_activity()

    def _load_models(self) -> None:
        started_s = self._clock.monotonic()
        try:
            models = self._load()
        except SpeechError as error:
            logger.error("%s", error)
            with self._wakes:
                self._failure = error
        else:
            logger.info("%s, loaded in %.1f s", models.description, self._clock.monotonic() - started_s)
            self._scheduler.start(models.decoder)
            with self._wakes:
                self._models = models
        self._wake()

    def _watch(self) -> None:
        is_speaking = False
        while True:
            with self._wakes:
                self._wakes.wait_for(lambda: self._is_dirty or self._is_closed, TICK_S if is_speaking else None)
                if self._is_closed:
                    return
                self._is_dirty = False
                sessions = tuple(self._sessions)
                is_loaded, is_down = self._models is not None, self._failure is not None
            if is_loaded:
                speaking = [self._advance(session) for session in sessions]
                is_speaking = any(speaking)
            elif is_down:
                for session in sessions:
                    session.give_up()

    def _advance(self, session: LocalSession) -> bool:
        try:
            return session.advance()
        except Exception as error:  # noqa: BLE001
            # One session's fault must not silence the others.
            log_fault("a stretch of audio was lost", error)
            session.give_up()
            return False
