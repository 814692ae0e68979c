"""A real media process with real clients, for the tests: who plays what, who hears what."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np

from core.media.controller import MediaProcess
from core.media.events import LegChanged, LegSpec, MediaEvent, MediaLoad
from core.media.ice import OWN_ADDRESSES, IceConfiguration
from core.media.opus import OpusDecoder
from core.media.packet import CLOCK_RATE, MediaPacket, signed_difference
from core.media.player import FileClient, Negotiate
from core.media.sound_file import SoundFile
from core.model.call import CallId, LegId, LegState, ParticipantId
from core.model.clock import SystemClock
from core.settings import BridgeKind, Settings
from tests.support.sound_files import write_sound

CALL = CallId("call")
Event = TypeVar("Event")


def write_tone(path: Path, hertz: int, seconds: float, peak: int = 8000) -> Path:
    """A mono WAV file with one tone."""
    return write_beats(path, hertz, tone_s=seconds, period_s=seconds, peak=peak)


def write_beats(path: Path, hertz: int, tone_s: float, period_s: float, peak: int = 8000) -> Path:
    """A mono WAV file that begins with a tone, silent for the rest of the period."""
    moments = np.arange(int(CLOCK_RATE * period_s)) / CLOCK_RATE
    return write_sound(path, np.where(moments < tone_s, peak * np.sin(2 * np.pi * hertz * moments), 0))


def write_noise(path: Path, seed: int, seconds: float, loudness: float = 3000.0) -> Path:
    """A mono WAV file with noise: no two packets of it are alike, and none is like another seed's."""
    return write_sound(path, np.random.default_rng(seed).normal(0.0, loudness, int(CLOCK_RATE * seconds)))


class Client(FileClient):
    """A client that remembers what it sent and what it got."""

    def __init__(
        self, leg_id: LegId, file: SoundFile, negotiate: Negotiate, ice: IceConfiguration = OWN_ADDRESSES
    ) -> None:
        self.leg_id = leg_id
        self.packets: list[MediaPacket] = []
        self._sent: defaultdict[bytes, list[int]] = defaultdict(list)
        self._news = asyncio.Event()
        super().__init__(file, negotiate, self._take, ice)
        self._next = self._track.recv
        # aiortc's sender takes what it sends from here.
        self._track.recv = self._send_next

    async def _send_next(self) -> av.Packet:
        packet = await self._next()
        self._sent[bytes(packet)].append(packet.pts)
        return packet

    @property
    def sent(self) -> dict[bytes, int]:
        """The timestamps of the packets it sent, less one constant, by their payloads; of those that are unique."""
        return {payload: places[0] for payload, places in self._sent.items() if len(places) == 1}

    def _take(self, packet: MediaPacket) -> None:
        self.packets.append(packet)
        self._news.set()

    async def until_packets(self, count: int) -> None:
        """Wait until so many packets have arrived."""
        async with asyncio.timeout(20):
            while len(self.packets) < count:
                self._news.clear()
                await self._news.wait()


class Rig:
    """One media process, its events, and its clients."""

    def __init__(self, bridge: BridgeKind, **options: Any) -> None:
        settings = Settings(bridge=bridge, log_level="WARNING", _env_file=None, **options)
        self.media = MediaProcess(settings, self._take, SystemClock())
        self.events: list[MediaEvent] = []
        self.arrivals_s: list[float] = []
        """When each event came, in monotonic seconds."""
        self._news = asyncio.Event()
        self.clients: list[Client] = []
        self.routes: dict[LegId, frozenset[LegId]] = {}

    def _take(self, event: MediaEvent) -> None:
        self.events.append(event)
        self.arrivals_s.append(time.monotonic())
        self._news.set()

    async def connect(
        self,
        name: str,
        file: Path,
        speech: bool = False,
        call_id: CallId = CALL,
        ice: IceConfiguration = OWN_ADDRESSES,
    ) -> Client:
        """Open a leg and connect a client to it that plays `file` over and over."""
        leg_id = LegId(name)
        await self.media.open_leg(LegSpec(leg_id, call_id, ParticipantId(name), speech=speech))
        sound = SoundFile(file, loop=True)
        await asyncio.to_thread(sound.start)
        client = Client(leg_id, sound, lambda offer: self.media.answer(leg_id, offer), ice)
        self.clients.append(client)
        await client.connect()
        client.begin()
        return client

    async def route(self, **hears: Iterable[str]) -> None:
        """Set the call's whole table: `route(alice=["bob"])`."""
        table = {LegId(ear): frozenset(LegId(voice) for voice in voices) for ear, voices in hears.items()}
        await self.media.set_routes(CALL, table)

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def states(self, leg_id: str) -> list[LegState]:
        """A leg's states so far."""
        return [change.state for change in self.of(LegChanged) if change.leg_id == leg_id]

    async def until(self, condition: Callable[[], object], timeout_s: float = 15.0) -> None:
        """Wait until something is true that comes with an event; there is one each second at least."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_idle(self, tasks: int | None = None) -> MediaLoad:
        """Wait until the media process reports that nothing of any leg is left, and no more than `tasks` tasks."""
        seen = len(self.of(MediaLoad))

        def load() -> MediaLoad | None:
            return self.of(MediaLoad)[-1] if len(self.of(MediaLoad)) > seen else None

        def is_idle() -> bool:
            now = load()
            return now is not None and now.legs == now.held == 0 and (tasks is None or now.tasks <= tasks)

        try:
            await self.until(is_idle)
        except TimeoutError:
            raise AssertionError(f"something is left, or more than {tasks} tasks: {load()}") from None
        return self.of(MediaLoad)[-1]

    async def listen(self, client: Client, count: int) -> list[MediaPacket]:
        """The next `count` packets that a client gets."""
        first = len(client.packets)
        await client.until_packets(first + count)
        return client.packets[first : first + count]

    async def until_hears(self, client: Client, *hertz: int) -> None:
        """Wait until a client hears these tones and no others, in 0.6 s of packets."""
        heard: set[int] | None = None
        async with asyncio.timeout(20):
            while heard != set(hertz):
                heard = pitches(await self.listen(client, 30))


@asynccontextmanager
async def media_rig(bridge: BridgeKind = BridgeKind.FORWARD, **options: Any) -> AsyncIterator[Rig]:
    """A running media process, with any further settings; everything is closed at the end."""
    rig = Rig(bridge, **options)
    await rig.media.start()
    try:
        yield rig
    finally:
        await asyncio.gather(*(client.close() for client in rig.clients))
        await rig.media.stop()


def pitches(packets: list[MediaPacket]) -> set[int]:
    """The tones in a stretch of packets, in Hz rounded to tens: every one that is loud."""
    decoder = OpusDecoder()
    pcm = np.concatenate([decoder.decode(packet.payload) for packet in packets])[CLOCK_RATE // 5 :].astype(float)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))) / len(pcm)
    frequencies = np.fft.rfftfreq(len(pcm), 1 / CLOCK_RATE)
    return {int(round(frequency, -1)) for frequency in frequencies[spectrum > 400]}


def assert_continuous(packets: list[MediaPacket], longest_step_s: float = 1.0) -> None:
    """One stream: each sequence number follows the last, and the timestamps go with the time."""
    assert len({packet.ssrc for packet in packets}) == 1
    steps = [signed_difference(b.sequence, a.sequence, 16) for a, b in pairwise(packets)]
    assert set(steps) == {1}
    advances = [signed_difference(b.timestamp, a.timestamp, 32) / CLOCK_RATE for a, b in pairwise(packets)]
    assert min(advances) > 0
    assert max(advances) < longest_step_s
    elapsed_s = packets[-1].arrival_s - packets[0].arrival_s
    assert abs(sum(advances) - elapsed_s) < 0.5
