"""A call with a persona: the real session on the real SDK against the rehearsal's server, over loopback."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.calls.session import CallSession
from core.media.events import LegChanged, MediaEvent
from core.model.audio import PcmChunk
from core.model.call import LegId, LegState, Participant, PersonaId, Role
from core.model.clock import SystemClock
from core.model.persona import Persona, PersonaState, Tool
from core.persona.realtime import OpenAIRealtime
from core.persona.rehearsal.answers import Answers, ScriptedAnswers
from core.persona.rehearsal.faults import FaultsOf, no_faults
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging
from core.settings import Settings
from tests.calls.conftest import World, opened_world
from tests.fakes.persona_stage import FixedVoice, RecordingHearing
from tests.fakes.speaking_bridge import SpeakingBridge

PERSONA = Persona(
    id=PersonaId("test"),
    name="Robin",
    language="en",
    instructions="Be brief.",
    voice="marin",
    model="gpt-realtime-2.1-mini",
    greeting="Hello, this is Robin.",
    farewell="We close now. Goodbye.",
)
CHUNK_S = 0.1


@dataclass
class PersonaCall:
    """What a test has in hand."""

    world: World
    bridge: SpeakingBridge
    server: RehearsalServer
    hearing: RecordingHearing
    voice: FixedVoice
    session: CallSession
    upstreams: list[RehearsalSession]

    @property
    def state(self) -> PersonaState | None:
        """What the persona is doing, as the picture has it."""
        picture = self.session.record.snapshot().persona
        return picture.status.state if picture else None

    async def until_state(self, *states: PersonaState, seconds: float = 15.0) -> None:
        await self.world.until(lambda: self.state in states, seconds)

    async def come(self, name: str = "Chris", role: Role = Role.CUSTOMER) -> Participant:
        """Somebody joins and is connected."""
        return await self.world.connected(self.session, role, name)

    def find(self, participant: Participant) -> Participant:
        return next(p for p in self.session.call.participants if p.id == participant.id)

    async def speak(self, who: Participant, seconds: float = 0.5, quiet_s: float = 0.9) -> None:
        """Say something into the microphone in real time, and be silent after it."""
        leg_id, clock = self.find(who).leg_id or LegId(""), self.world.clock
        at = np.arange(int(CHUNK_S * 16_000))
        loud = (6000 * np.sin(at / 8)).astype("<i2").tobytes()
        start_s = clock.monotonic()
        for number in range(round((seconds + quiet_s) / CHUNK_S)):
            begin_s = start_s + number * CHUNK_S
            await asyncio.sleep(max(0.0, begin_s + CHUNK_S - clock.monotonic()))
            pcm = loud if number < round(seconds / CHUNK_S) else bytes(len(loud))
            self.world.registry.take(PcmChunk(leg_id, begin_s, pcm))

    def finals(self, role: Role) -> list[str]:
        """What a role said, for good."""
        return [u.text for u in self.session.record.finals() if u.role is role]

    def notes(self) -> list[str]:
        return [note.code for note in self.session.record.notes]

    def sent(self, kind: str) -> list[Mapping[str, object]]:
        """Events of a kind that were sent to the server."""
        persona = self.session.persona
        assert persona is not None
        return [e.body for e in persona.events() if e.direction.value == "sent" and e.type == kind]


@asynccontextmanager
async def persona_call(
    folder: Path,
    *,
    persona: Persona = PERSONA,
    lines: Sequence[str] = ("I was charged twice.",),
    voice_s: float = 0.5,
    answers: Answers | None = None,
    tools: Mapping[str, Tool] | None = None,
    faults: FaultsOf = no_faults,
    key: str = "",
    autostarted: bool = False,
    grace_s: float = 20.0,
) -> AsyncIterator[PersonaCall]:
    """A call in which a persona waits."""
    hearing, voice = RecordingHearing(lines), FixedVoice(voice_s)
    upstreams: list[RehearsalSession] = []
    staging = Staging(hearing, voice, answers or ScriptedAnswers(), "en", 0.0, 0.0)
    server = RehearsalServer(staging, faults, key, upstreams.append)
    await server.start()
    realtime = OpenAIRealtime(Settings(_env_file=None, realtime_base_url=server.base_url))
    clock = SystemClock()
    bridge = SpeakingBridge(clock)
    async with opened_world(folder, clock=clock, media=bridge, grace_s=grace_s) as world:
        bridge.emit = world.registry.take
        running = asyncio.create_task(bridge.run(), name="speaking-bridge")
        tools = tools or {}
        session = await world.registry.start_persona(
            replace(persona, tools=tuple(tools)),
            realtime,
            tools,
            is_rehearsal=True,
            created_by="someone",
            autostarted=autostarted,
        )
        try:
            yield PersonaCall(world, bridge, server, hearing, voice, session, upstreams)
        finally:
            await world.registry.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await realtime.close()
            await server.close()


def lost(leg_id: LegId, at_s: float) -> MediaEvent:
    """That a leg's path broke."""
    return LegChanged(leg_id, LegState.LOST, at_s)
