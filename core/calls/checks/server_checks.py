"""Which checks of the server there are, and what each of them asks."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from core.assist.language_model import LanguageModel
from core.calls.checks import engines, loopback, machine, persona_server
from core.calls.checks.checkup import Check, Checkup
from core.calls.checks.network import network_checks
from core.calls.checks.trial_calls import TrialCalls
from core.calls.durable import DurableWriter
from core.guidance.retriever import Retriever
from core.media.events import MediaLoad
from core.media.ice import SERVER, IceConfiguration
from core.model.audit import AuditQuery
from core.model.check import CheckState, Finding, ServerCheck
from core.model.clock import Clock
from core.model.health import PartHealth
from core.persona.connection import RealtimeServer
from core.settings import Settings
from core.speech.transcriber import Transcriber
from core.store.records import Store

THREADS = 4
_T = TypeVar("_T")


class CheckThreads:
    """The threads of checks that block. What hangs holds one up until what it waits for is closed."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="earshot-doctor")

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do something on one of them. Any loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Begin nothing more, and wait for what goes on; idempotent."""
        self._executor.shutdown(wait=True, cancel_futures=True)


class MediaHealth(Protocol):
    """What is asked of the media process beside trial calls."""

    @property
    def health(self) -> PartHealth:
        """Its state. Any thread."""


@dataclass(frozen=True, slots=True)
class ServerChecks:
    """The parts of a server that can be checked."""

    settings: Settings
    clock: Clock
    media: MediaHealth
    loads: Callable[[], Sequence[MediaLoad]]
    transcriber: Transcriber
    model: LanguageModel | None
    realtime: RealtimeServer | None
    """The personas'; None for a rehearsal."""
    retriever: Retriever
    store: Store
    durable: DurableWriter
    voices: tuple[Path, ...]
    """Two recordings, of which the first begins with `engines.SENTENCE`."""

    def checkup(self, trials: TrialCalls, threads: CheckThreads) -> Checkup:
        """All checks, ready to be run. Called on the calls loop."""
        clock, first = self.clock, self.voices[0]

        def ice() -> IceConfiguration:
            return IceConfiguration.from_settings(self.settings, clock.wall(), SERVER)

        async def media() -> Finding:
            return machine.media_process(self.media.health, self.loads())

        async def model() -> Finding:
            return await self._ask_model(threads)

        checks = (
            Check(ServerCheck.MEDIA, media, machine.LIMIT_S),
            *network_checks(ice, clock),
            Check(
                ServerCheck.LOOPBACK, partial(loopback.loopback, trials, self.voices), loopback.LIMIT_S, is_alone=True
            ),
            Check(
                ServerCheck.SPEECH,
                partial(threads.run, partial(engines.recognise, self.transcriber, first, clock)),
                engines.SPEECH_LIMIT_S,
                is_alone=True,
            ),
            Check(ServerCheck.MODEL, model, engines.MODEL_LIMIT_S),
            Check(
                ServerCheck.PERSONA,
                partial(persona_server.persona_server, self.realtime, self.settings.realtime_model, clock),
                persona_server.LIMIT_S,
            ),
            Check(
                ServerCheck.RETRIEVAL,
                partial(threads.run, partial(engines.look_up, self.retriever, clock)),
                engines.RETRIEVAL_LIMIT_S,
            ),
            Check(
                ServerCheck.DATABASE,
                partial(machine.database, self._ask_store, lambda: self.durable.health, clock),
                machine.LIMIT_S,
            ),
            Check(
                ServerCheck.DISK,
                partial(threads.run, partial(machine.disk, self.settings.data_dir, clock)),
                machine.LIMIT_S,
            ),
            Check(ServerCheck.CLOCK, partial(machine.steady_clock, clock), machine.LIMIT_S),
        )
        return Checkup(checks, clock)

    async def _ask_model(self, threads: CheckThreads) -> Finding:
        if self.model is None:
            return Finding(CheckState.NOT_SET_UP, (engines.NO_MODEL,), engines.SET_UP_MODEL)
        began_s = self.clock.monotonic()
        answer = self.model.stream(engines.tiny_request(self.settings.openai_token_limit))
        try:
            return await threads.run(partial(engines.read_answer, self.model, answer, self.clock, began_s))
        finally:
            # Also when the time is over: it ends the request, and lets the thread go that waits for it.
            answer.close()

    async def _ask_store(self) -> object:
        return await self.durable.ask(lambda: self.store.audit.entries(AuditQuery(limit=1)))
