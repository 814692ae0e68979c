"""A persona's session on the real SDK, over loopback, against the rehearsal's server: both on the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np

from core.model.call import PersonaId
from core.model.clock import Clock, SystemClock
from core.model.persona import (
    PERSONA_FORMAT,
    Persona,
    PersonaSide,
    PersonaState,
    PersonaStatus,
    PersonaUtterance,
    Tool,
    ToolCall,
)
from core.persona.microphone_gate import MicrophoneGate
from core.persona.paced_playout import PacedPlayout
from core.persona.realtime import OpenAIRealtime
from core.persona.rehearsal.answers import Answers, ScriptedAnswers
from core.persona.rehearsal.faults import FaultsOf, no_faults
from core.persona.rehearsal.hearing import ScriptedHearing
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging
from core.persona.session import PersonaSession
from core.persona.session_rules import SessionRules
from core.settings import Settings
from tests.fakes.clock import FastClock

PERSONA = Persona(
    id=PersonaId("test"),
    name="Test",
    language="en",
    instructions="Be brief.",
    voice="marin",
    model="gpt-realtime-2.1-mini",
    barge_in=True,
)
CHUNK_S = 0.1
SPEED = 20.0
"""How much faster than the machine's a stage's own time runs."""


class FixedVoice:
    """Speaks every text in the same time."""

    def __init__(self, seconds: float = 0.3) -> None:
        self.seconds = seconds
        self.said: list[str] = []

    async def say(self, text: str, language: str) -> bytes:
        self.said.append(text)
        at = np.arange(int(self.seconds * PERSONA_FORMAT.sample_rate))
        return (5000 * np.sin(at / 20)).astype("<i2").tobytes()


class RecordingHearing(ScriptedHearing):
    """Keeps what it was given."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines)
        self.stretches: list[bytes] = []

    async def hear(self, pcm: bytes, language: str) -> str:
        self.stretches.append(pcm)
        return await super().hear(pcm, language)


class Recorder:
    """Implements `core.model.persona.PersonaListener`."""

    def __init__(self) -> None:
        self.statuses: list[PersonaStatus] = []
        self.utterances: list[PersonaUtterance] = []
        self.calls: list[ToolCall] = []

    def on_status(self, status: PersonaStatus) -> None:
        self.statuses.append(status)

    def on_utterance(self, utterance: PersonaUtterance) -> None:
        self.utterances.append(utterance)

    def on_tool_call(self, call: ToolCall) -> None:
        self.calls.append(call)

    @property
    def states(self) -> list[PersonaState]:
        """States in order, each once in a row."""
        states = [status.state for status in self.statuses]
        return [state for index, state in enumerate(states) if index == 0 or states[index - 1] is not state]

    def finals(self, side: PersonaSide) -> list[str]:
        """What one side said, for good."""
        return [each.text for each in self.utterances if each.is_final and each.side is side and each.text]


class Stage:
    """What a test has in hand."""

    def __init__(self, server: RehearsalServer, hearing: RecordingHearing, voice: FixedVoice, clock: Clock) -> None:
        self.server = server
        self.hearing = hearing
        self.voice = voice
        self.clock = clock
        self.sessions: list[RehearsalSession] = []
        self.heard = Recorder()
        self.waits: list[float] = []
        """Pauses of a second and more that the session asked for."""
        self.session: PersonaSession
        self.playout: PacedPlayout
        self.gate: MicrophoneGate
        self.running: asyncio.Task[None]

    async def sleep(self, seconds: float) -> None:
        """Wait in the stage's own time."""
        if seconds >= 1.0:
            self.waits.append(seconds)
        await (self.clock.sleep(seconds) if isinstance(self.clock, FastClock) else asyncio.sleep(seconds))

    async def until(self, is_so: Callable[[], object], timeout_s: float = 15.0) -> None:
        """Wait, in the machine's time, until something is so."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody when it is so
                    await asyncio.sleep(0.005)
        except TimeoutError:
            tail = [f"{e.direction.value} {e.type}" for e in self.session.events()[-15:]]
            raise AssertionError(f"it never was; {self.session.status}, {self.session.counts}, {tail}") from None

    async def until_state(self, state: PersonaState) -> None:
        await self.until(lambda: self.session.status.state is state)

    async def speak(self, seconds: float = 0.8, quiet_s: float = 0.8) -> None:
        """Say something into the microphone in the stage's time, and be silent after it."""
        start_s = self.clock.monotonic()
        at = np.arange(int(CHUNK_S * 16_000))
        loud = (6000 * np.sin(at / 8)).astype("<i2").tobytes()
        for number in range(round((seconds + quiet_s) / CHUNK_S)):
            begin_s = start_s + number * CHUNK_S
            await self.sleep(max(0.0, begin_s + CHUNK_S - self.clock.monotonic()))
            self.session.feed(loud if number < round(seconds / CHUNK_S) else bytes(len(loud)), begin_s)

    async def converse(self) -> None:
        """Say something and have it answered."""
        answers = len(self.heard.finals(PersonaSide.PERSONA))
        await self.until_state(PersonaState.LISTENING)
        await self.speak()
        await self.until(lambda: len(self.heard.finals(PersonaSide.PERSONA)) > answers)
        await self.until_state(PersonaState.LISTENING)

    def sent(self, kind: str) -> list[Mapping[str, object]]:
        """Events of a kind that were sent."""
        return [e.body for e in self.session.events() if e.direction.value == "sent" and e.type == kind]


@asynccontextmanager
async def staged(
    *,
    faults: FaultsOf = no_faults,
    persona: Persona = PERSONA,
    lines: Sequence[str] = ("I was charged twice.",),
    voice_s: float = 0.3,
    answers: Answers | None = None,
    tools: Mapping[str, Tool] | None = None,
    rules: SessionRules | None = None,
    pace: float = 0.0,
    key: str = "",
    is_real_time: bool = False,
    tail_s: float = 0.2,
    think_s: float = 0.0,
) -> AsyncIterator[Stage]:
    """A session that runs, and the server that it talks to."""
    hearing, voice = RecordingHearing(lines), FixedVoice(voice_s)
    staging = Staging(hearing, voice, answers or ScriptedAnswers(), "en", pace, think_s)
    clock: Clock = SystemClock() if is_real_time else FastClock(SPEED)
    sessions: list[RehearsalSession] = []
    server = RehearsalServer(staging, faults, key, sessions.append)
    await server.start()
    settings = Settings(_env_file=None, realtime_base_url=server.base_url)
    realtime = OpenAIRealtime(settings)
    stage = Stage(server, hearing, voice, clock)
    stage.sessions = sessions
    stage.gate = MicrophoneGate(tail_s, persona.barge_in)
    stage.playout = PacedPlayout(clock, stage.gate)
    sleep: Callable[[float], Awaitable[None]] = stage.sleep
    stage.session = PersonaSession(
        replace(persona, tools=tuple(tools or {})),
        realtime,
        stage.playout,
        stage.heard,
        stage.gate,
        tools or {},
        "gpt-transcribe",
        rules or SessionRules(),
        clock,
        sleep,
    )
    stage.running = asyncio.create_task(stage.session.run(), name="persona-session")
    try:
        yield stage
    finally:
        stage.session.stop()
        await asyncio.wait_for(stage.running, 10)
        await realtime.close()
        await server.close()
