"""What the way over our server costs a persona's listener: part of `python -m bench.persona`.

A real client speaks a file over WebRTC to a real media process, in a network namespace of its own (root on Linux). Its
sound goes through gate and session to the scripted server, which answers at once; the answer goes out on a voice leg.

- `delta_to_ear_ms`: from the server sending the first sound of an answer to the client's receiver having the first
  packet of it. Aim: 95% under 60 ms;
- `speech_to_ear_ms`: the same, and the way there: from when that moment of the listener's sound was spoken at which the
  server takes the turn to have ended (half a second after the last word: its own time). Aim: 95% under 60 ms;
- `voice_transport_ms`: without session and model, sound that comes is given to the voice leg as it is: from the mouth
  to the server and back to the ear, framing and codecs included, no jitter buffer at the ear. Aim: 200 ms on average;
- `cpu_pct_of_core_per_voice`: of the media process, of twenty voices that all speak at once.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.media import SpokenFile, mouth_to_ear_s, write_beats
from core.media.controller import MediaProcess
from core.media.events import LegSpec, MediaEvent, MediaLoad, VoiceSent
from core.media.opus import OpusDecoder
from core.media.packet import CLOCK_RATE, MediaPacket
from core.media.player import FileClient
from core.model.audio import PcmChunk
from core.model.call import CallId, LegId, ParticipantId
from core.model.clock import SystemClock
from core.model.persona import PERSONA_FORMAT, HeardItem
from core.persona.microphone_gate import MicrophoneGate
from core.persona.realtime import OpenAIRealtime
from core.persona.resampler import Resampler
from core.persona.session import PersonaSession
from core.persona.session_rules import SessionRules
from core.settings import Settings
from tests.fakes.persona_stage import PERSONA, Recorder
from tests.support.sound_files import write_sound

CALL, MOUTH, VOICE = CallId("call"), LegId("mouth"), LegId("voice")
CHUNK_S = 0.02
SPOKEN_S, PERIOD_S = 0.4, 1.8
ANSWER_S = 0.3
LOUD = 1_000
SPEAKERS = 20


def tone(seconds: float) -> bytes:
    """Sound in the persona's format."""
    at = np.arange(round(seconds * PERSONA_FORMAT.sample_rate)) / PERSONA_FORMAT.sample_rate
    return (8000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()


class LegPlayout:
    """Implements `core.model.persona.Playout` over a voice leg."""

    def __init__(self, media: MediaProcess, gate: MicrophoneGate) -> None:
        self._gate = gate
        self._line: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._unsent_s = 0.0
        self._giving = asyncio.create_task(self._give(media), name="bench-playout")

    async def _give(self, media: MediaProcess) -> None:
        while True:
            item_id, pcm = await self._line.get()
            await media.speak(VOICE, item_id, pcm)

    def put(self, item_id: str, pcm: bytes) -> None:
        self._unsent_s += PERSONA_FORMAT.seconds(pcm)
        self._line.put_nowait((item_id, pcm))

    def take(self, sent: VoiceSent) -> None:
        """Note what has gone out."""
        self._unsent_s -= sent.seconds
        self._gate.note_sent(sent.start_s, sent.seconds)

    def clear(self) -> None:
        """Nobody interrupts."""

    def heard(self) -> tuple[HeardItem, ...]:
        return ()

    @property
    def is_playing(self) -> bool:
        return self._unsent_s > 1e-6

    async def close(self) -> None:
        self._giving.cancel()
        await asyncio.gather(self._giving, return_exceptions=True)


@dataclass
class Hop:
    """A client on a leg of a media process that hears a voice leg."""

    media: MediaProcess
    client: FileClient
    file: SpokenFile
    packets: list[MediaPacket] = field(default_factory=list)

    @staticmethod
    async def open(path: Path, take: Callable[[MediaEvent], None]) -> "Hop":
        """Connect a client that is going to speak a file."""
        media = MediaProcess(Settings(log_level="WARNING", _env_file=None), take, SystemClock())
        await media.start()
        await media.open_leg(LegSpec(MOUTH, CALL, ParticipantId("mouth"), speech=True, chunk_s=CHUNK_S))
        await media.open_leg(LegSpec(VOICE, CALL, ParticipantId("voice"), speech=False, is_voice=True))
        await media.set_routes(CALL, {MOUTH: frozenset({VOICE})})
        file = SpokenFile(path)
        await asyncio.to_thread(file.start)
        packets: list[MediaPacket] = []
        client = FileClient(file, lambda offer: media.answer(MOUTH, offer), packets.append)
        await client.connect()
        return Hop(media, client, file, packets)

    async def close(self) -> None:
        await self.client.close()
        await self.media.stop()


def first_loud_s(packets: list[MediaPacket]) -> list[float]:
    """When the first packet of each stretch of sound arrived."""
    decoder = OpusDecoder()
    found: list[float] = []
    last_s = float("-inf")
    for packet in packets:
        if np.abs(decoder.decode(packet.payload).astype(int)).max(initial=0) > LOUD:
            if packet.arrival_s - last_s > ANSWER_S:
                found.append(packet.arrival_s)
            last_s = packet.arrival_s
    return found


async def answered(
    folder: Path, turns: int, port: int, sent_s: list[float], decided_ms: list[float]
) -> tuple[list[float], list[float]]:
    """The delays of answers, in seconds: from the server, and from the moment of the sound at which it answers."""
    at = np.arange(round(PERIOD_S * CLOCK_RATE)) / CLOCK_RATE
    spoken = np.where(at < SPOKEN_S, 8000 * np.sin(2 * np.pi * 300 * at), 0)
    path = write_sound(folder / "turns.wav", np.tile(spoken, turns))
    gate = MicrophoneGate(0.2)
    sessions: list[PersonaSession] = []
    playouts: list[LegPlayout] = []
    begun_s: list[float] = []

    def take(event: MediaEvent) -> None:
        match event:
            case PcmChunk():
                for session in sessions:
                    begun_s.append(event.start_s)
                    session.feed(event.pcm, event.start_s)
            case VoiceSent():
                playouts[0].take(event)

    hop = await Hop.open(path, take)
    server = OpenAIRealtime(Settings(_env_file=None, realtime_base_url=f"http://127.0.0.1:{port}/v1"))
    playouts.append(LegPlayout(hop.media, gate))
    clock = SystemClock()
    session = PersonaSession(PERSONA, server, playouts[0], Recorder(), gate, {}, "m", SessionRules(), clock)
    running = asyncio.create_task(session.run(), name="persona-session")
    try:
        await asyncio.sleep(2.0)
        sessions.append(session)
        hop.client.begin()
        await asyncio.sleep(turns * PERIOD_S + 1.0)
    finally:
        session.stop()
        await running
        await server.close()
        await playouts[0].close()
        await hop.close()
    ears = first_loud_s(hop.packets)
    return _each(sent_s, ears), _each([begun_s[0] + at_ms / 1000 for at_ms in decided_ms], ears)


def _each(begun: list[float], ears: list[float]) -> list[float]:
    """From each beginning to the first ear after it, within a period."""
    later = [next((ear_s - at_s for ear_s in ears if ear_s > at_s), PERIOD_S) for at_s in begun]
    return [each for each in later if each < PERIOD_S]


async def carried(folder: Path, seconds: float) -> list[float]:
    """From the mouth to the server and back to the ear, in seconds."""
    path = write_beats(folder / "beats.wav", seconds)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    resampler = Resampler()

    def take(event: MediaEvent) -> None:
        if isinstance(event, PcmChunk):
            pcm = resampler.push(event.pcm)
            # Silence given as sound would wait in line before what follows.
            if np.abs(np.frombuffer(event.pcm, "<i2").astype(int)).max(initial=0) > LOUD / 4:
                heard.put_nowait(pcm)

    hop = await Hop.open(path, take)

    async def give() -> None:
        while True:
            await hop.media.speak(VOICE, "echo", await heard.get())

    giving = asyncio.create_task(give(), name="bench-echo")
    try:
        hop.client.begin()
        await asyncio.sleep(seconds)
    finally:
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)
        await hop.close()
    return mouth_to_ear_s(path, hop.file.sent_s, hop.packets)


async def cpu_pct_per_voice(seconds: float) -> float:
    """What one of twenty voices that speak costs, in percent of a core."""
    loads: list[float] = []

    def take(event: MediaEvent) -> None:
        if isinstance(event, MediaLoad):
            loads.append(event.cpu_pct)

    media = MediaProcess(Settings(log_level="WARNING", _env_file=None), take, SystemClock())
    await media.start()
    try:
        await asyncio.sleep(3.0)
        idle = statistics.median(loads)
        for number in range(SPEAKERS):
            leg_id = LegId(f"{number}")
            await media.open_leg(LegSpec(leg_id, CALL, ParticipantId(leg_id), speech=False, is_voice=True))
            await media.speak(leg_id, "item", tone(seconds + 10))
        loads.clear()
        await asyncio.sleep(seconds)
        return (statistics.median(loads[1:]) - idle) / SPEAKERS
    finally:
        await media.stop()


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it, delays in seconds."""

    delta: list[float]
    speech: list[float]
    transport: list[float]
    cpu_pct: float


async def measure(turns: int, port: int, sent_s: list[float], decided_ms: list[float]) -> Measured:
    """In a namespace, with the scripted server at `port`; it notes when it answers, and up to where it had heard."""
    with tempfile.TemporaryDirectory() as folder:
        deltas, speech = await answered(Path(folder), turns, port, sent_s, decided_ms)
        transport = await carried(Path(folder), 20.0)
    cpu = await cpu_pct_per_voice(8.0)
    return Measured(deltas, speech, transport, cpu)
