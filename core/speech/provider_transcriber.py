"""The transcriber that asks a service over the network: one thread with one loop for all sessions."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from random import Random

from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import EarshotError, SpeechError
from core.model.health import PartHealth, PartState
from core.model.loop_thread import LoopThread
from core.model.message import Message
from core.speech.handover_rules import HandoverRules
from core.speech.provider import Provider
from core.speech.provider_session import ProviderSession
from core.speech.transcriber import OnRecognition, close_sessions

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
"""What `close` takes at most for its sessions, and again for its thread."""
CHECK_AGAIN_S = 30.0
"""Until the provider is checked again, as long as something is wrong: credentials may come after the start."""


class ProviderTranscriber:
    """Implements `core.speech.transcriber.Transcriber`. All methods may be called from any thread.

    Its thread is named "speech-SERVICE". What the service refuses is refused for this engine only: nobody is moved to
    another one in the middle of a call.

    Args:
        provider: The service.
        rules: When streams change.
        clock: Tells when.
        random: Spreads retries.
        sleep: Waits; a test passes its own.
    """

    def __init__(
        self,
        provider: Provider,
        rules: HandoverRules,
        clock: Clock,
        random: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._provider = provider
        self._rules = rules
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._state = threading.Lock()
        self._sessions: set[ProviderSession] = set()
        self._is_checked = False
        self._is_closed = False
        self._check_failure: SpeechError | None = None
        self._thread = LoopThread(f"speech-{provider.service}")
        self._check = self._thread.submit(self._look_at_provider)

    @property
    def health(self) -> PartHealth:
        """STARTING until the credentials are known, DOWN without them.

        DEGRADED while a session gets no answer, or where the service refuses what it can do without.
        """
        with self._state:
            troubles = [trouble for session in self._sessions if (trouble := session.trouble) is not None]
            is_checked, is_closed = self._is_checked, self._is_closed
            if self._check_failure is not None:
                troubles.insert(0, self._check_failure)
        if is_closed:
            return _health(PartState.DOWN, Message("Speech recognition was stopped."))
        if refused := next((each for each in troubles if not each.retryable), None):
            return _health(PartState.DOWN, refused)
        if (complaint := self._provider.complaint) is not None:
            troubles.append(complaint)
        if troubles:
            return _health(PartState.DEGRADED, self._provider.description, troubles[0])
        return _health(PartState.UP if is_checked else PartState.STARTING, self._provider.description)

    def open_session(self, name: str, language: Language, on_recognition: OnRecognition) -> ProviderSession:
        """A session for one participant; see `Transcriber.open_session`."""
        session = ProviderSession(
            provider=self._provider,
            loop=self._thread.loop,
            language=language,
            on_recognition=on_recognition,
            rules=self._rules,
            clock=self._clock,
            random=Random(self._random.random()),
            on_closed=self._forget,
        )
        with self._state:
            self._sessions.add(session)
        logger.debug("speech session %s is open (%s)", name, language)
        return session

    def close(self) -> None:
        """Close every session and stop the thread; idempotent."""
        with self._state:
            if self._is_closed:
                return
            sessions = tuple(self._sessions)
        close_sessions(sessions, CLOSE_S)
        with self._state:
            self._is_closed = True
        self._thread.close(self._wind_up, CLOSE_S)

    def _forget(self, session: ProviderSession) -> None:
        with self._state:
            self._sessions.discard(session)

    # Below: the loop's thread

    async def _look_at_provider(self) -> None:
        told = ""
        while (failure := await self._failure_of_check()) is not None:
            if str(failure) != told:
                told = str(failure)
                logger.error("%s", told)
            await self._sleep(CHECK_AGAIN_S)

    async def _failure_of_check(self) -> SpeechError | None:
        failure: SpeechError | None = None
        try:
            await self._provider.check()
        except SpeechError as error:
            failure = error
        with self._state:
            self._check_failure = failure
            self._is_checked = True
        return failure

    async def _wind_up(self) -> None:
        self._check.cancel()
        await self._provider.close()
        # Tasks of the client library that end by themselves.
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=CLOSE_S / 2)


def _health(state: PartState, *detail: Message | EarshotError) -> PartHealth:
    return PartHealth("speech", state, needed=False, detail=detail)
