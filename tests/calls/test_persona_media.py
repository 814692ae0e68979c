"""A persona call on the real media process: a real client over WebRTC, the real SDK, the rehearsal's server."""

import asyncio
import base64
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.calls.session import CallSession
from core.media.controller import MediaProcess
from core.media.events import MediaEvent
from core.media.opus import OpusDecoder
from core.media.packet import MediaPacket
from core.media.player import FileClient
from core.media.sound_file import SoundFile
from core.model.call import LegState, Participant, Role
from core.model.clock import SystemClock
from core.model.persona import PERSONA_FORMAT, PersonaState
from core.persona.realtime import OpenAIRealtime
from core.persona.rehearsal.answers import ScriptedAnswers
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging
from core.settings import Settings
from tests.calls.conftest import World, opened_world
from tests.fakes.persona_call import PERSONA
from tests.fakes.persona_stage import FixedVoice, RecordingHearing
from tests.support.sound_files import SAMPLE_RATE, write_sound

LOUD = 300.0
FRAME_S = 0.02
QUIET_PERSONA = replace(PERSONA, greeting="")


class Phone(FileClient):
    """A customer's client: notes when something was to be heard in it."""

    def __init__(self, file: SoundFile, negotiate: Callable[[str], Awaitable[str]]) -> None:
        self.heard_at: list[float] = []
        """When the frames came in which something is to be heard, monotonic seconds."""
        self._decoder = OpusDecoder()
        super().__init__(file, negotiate, self._take)

    def _take(self, packet: MediaPacket) -> None:
        pcm = self._decoder.decode(packet.payload).astype(np.float64)
        if np.sqrt(np.mean(np.square(pcm))) > LOUD:
            self.heard_at.append(time.monotonic())


class Wire:
    """What sound reached the model's side, and when."""

    def __init__(self) -> None:
        self.upstreams: list[RehearsalSession] = []
        self.pcm = bytearray()

    def tap(self, session: RehearsalSession) -> None:
        """Listen in on a connection."""
        self.upstreams.append(session)
        take = session.take

        async def listen(message: str | bytes) -> None:
            event = json.loads(message)
            if event.get("type") == "input_audio_buffer.append":
                self.pcm += base64.b64decode(event["audio"])
            await take(message)

        session.take = listen  # type: ignore[method-assign]

    def loud_frames(self) -> list[bool]:
        """Of each 20 ms that reached it, whether anything was to be heard."""
        size = int(FRAME_S * PERSONA_FORMAT.sample_rate)
        samples = np.frombuffer(bytes(self.pcm), "<i2").astype(np.float64)
        frames = samples[: len(samples) // size * size].reshape(-1, size)
        return [bool(level > LOUD) for level in np.sqrt(np.mean(np.square(frames), axis=1))]


@dataclass
class Line:
    """What a test has in hand."""

    world: World
    media: MediaProcess
    server: RehearsalServer
    wire: Wire
    session: CallSession
    voice: FixedVoice
    phones: list[Phone]

    async def call_in(self, file: Path, customer: Participant | None = None) -> tuple[Participant, Phone]:
        """A customer joins, or comes back, and is connected; the file plays once the test says so."""
        customer = customer or await self.session.join(Role.CUSTOMER, "Chris")
        leg_id = await self.session.connect(customer.id)
        sound = SoundFile(file, loop=True)
        await asyncio.to_thread(sound.start)
        phone = Phone(sound, lambda offer: self.session.answer(leg_id, offer))
        self.phones.append(phone)
        await phone.connect()
        await self.world.until(lambda: self.session.leg_state(leg_id) is LegState.CONNECTED, 20)
        return customer, phone

    @property
    def state(self) -> PersonaState | None:
        picture = self.session.record.snapshot().persona
        return picture.status.state if picture else None

    async def until_state(self, state: PersonaState, seconds: float = 30.0) -> None:
        await self.world.until(lambda: self.state is state, seconds)

    def finals(self, role: Role) -> list[str]:
        return [u.text for u in self.session.record.finals() if u.role is role and not u.is_cut]


@asynccontextmanager
async def line(folder: Path, *, voice_s: float = 1.0, greeting: str = "") -> AsyncIterator[Line]:
    """A persona's call, its media process and its server."""
    hearing, voice, wire = RecordingHearing(("I was charged twice.",)), FixedVoice(voice_s), Wire()
    server = RehearsalServer(Staging(hearing, voice, ScriptedAnswers(), "en", 1.0, 0.0), on_session=wire.tap)
    await server.start()
    realtime = OpenAIRealtime(Settings(_env_file=None, realtime_base_url=server.base_url))
    takers: list[Callable[[MediaEvent], None]] = []
    clock = SystemClock()
    media = MediaProcess(
        Settings(_env_file=None, log_level="WARNING"), lambda e: [t(e) for t in takers] and None, clock
    )
    await media.start()
    async with opened_world(folder, clock=clock, media=media) as world:
        takers.append(world.registry.take)
        persona = replace(PERSONA, greeting=greeting)
        session = await world.registry.start_persona(persona, realtime, {}, is_rehearsal=True)
        held = Line(world, media, server, wire, session, voice, [])
        try:
            yield held
        finally:
            await asyncio.gather(*(phone.close() for phone in held.phones), return_exceptions=True)
            await world.registry.close()
            await media.stop()
            await realtime.close()
            await server.close()


def beats(path: Path, loud_s: float, period_s: float) -> Path:
    """A tone at the beginning of each period."""
    at = np.arange(int(SAMPLE_RATE * period_s)) / SAMPLE_RATE
    return write_sound(path, np.where(at < loud_s, 8000 * np.sin(2 * np.pi * 440 * at), 0))


async def test_a_customer_speaks_and_hears_the_answer_and_the_whole_call_is_kept(tmp_path: Path) -> None:
    async with line(tmp_path, greeting="Hello.") as call:
        _, phone = await call.call_in(beats(tmp_path / "words.wav", 0.7, 8.0))
        await call.world.until(lambda: call.finals(Role.PERSONA), 30)
        await call.until_state(PersonaState.LISTENING)
        phone.begin()
        await call.world.until(lambda: len(call.finals(Role.PERSONA)) >= 2, 30)
        assert call.finals(Role.CUSTOMER)[:1] == ["I was charged twice."]
        heard = phone.heard_at
        assert len(heard) * FRAME_S >= 1.8, "the greeting and the answer came, frame by frame"
        await call.session.end()
        kept = call.world.store.load_call(call.session.call.id)
        assert [u.role for u in kept.utterances][:3] == [Role.PERSONA, Role.CUSTOMER, Role.PERSONA]


async def test_no_frame_that_was_captured_while_the_persona_was_heard_reaches_the_model(tmp_path: Path) -> None:
    """The customer's tone has no pause: of each frame of it one can tell whether it passed."""
    async with line(tmp_path, voice_s=1.5) as call:
        at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
        tone = write_sound(tmp_path / "tone.wav", 8000 * np.sin(2 * np.pi * 440 * at))
        _, phone = await call.call_in(tone)
        await call.until_state(PersonaState.LISTENING)
        await call.world.until(lambda: len(call.wire.pcm) > 0, 30)
        phone.begin()
        await call.world.until(lambda: sum(call.wire.loud_frames()) > 25, 30)
        began_s = time.monotonic()
        assert call.session.persona is not None
        call.session.persona.type("Say something.")
        await call.until_state(PersonaState.SPEAKING)
        await call.until_state(PersonaState.LISTENING)
        opened_s = time.monotonic()
        await asyncio.sleep(1.0)
        frames, heard = call.wire.loud_frames(), [at_s for at_s in phone.heard_at if at_s > began_s]
        assert len(heard) * FRAME_S >= 1.3
        first_loud = frames.index(True)
        closed = [number for number, is_loud in enumerate(frames) if number > first_loud and not is_loud]
        # One closed stretch, at least as long as the sound was heard and its tail; open before and after it.
        assert closed == list(range(closed[0], closed[-1] + 1))
        assert len(closed) * FRAME_S >= heard[-1] - heard[0] + 0.3
        assert closed[-1] < len(frames) - 5, "it is open again"
        assert opened_s > heard[-1]


async def test_a_media_process_that_is_killed_costs_the_call_no_persona(tmp_path: Path) -> None:
    async with line(tmp_path, voice_s=4.0, greeting="One two three four five six seven eight.") as call:
        customer, _ = await call.call_in(beats(tmp_path / "words.wav", 0.7, 8.0))
        await call.until_state(PersonaState.SPEAKING)
        await call.world.until(lambda: len(call.phones[0].heard_at) * FRAME_S > 1.5, 30)
        call.voice.seconds = 0.5
        assert call.media.pid is not None
        os.kill(call.media.pid, signal.SIGKILL)
        await call.world.until(lambda: any(u.is_cut for u in call.session.record.finals()), 30)
        await call.world.until(lambda: "media_restarted" in [note.code for note in call.session.record.notes], 30)
        _, phone = await call.call_in(beats(tmp_path / "again.wav", 0.7, 8.0), customer)
        phone.begin()
        await call.world.until(lambda: call.finals(Role.PERSONA), 30)
        assert phone.heard_at
        assert call.server.connections == 1, "its session went on"
