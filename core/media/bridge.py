"""Who hears whom, carried out: the interface of all bridges, and what those with an ear for each leg share."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from aiortc import MediaStreamTrack, RTCRtpTransceiver

from core.media.guard import Guard, Tally
from core.media.mixer import Mixer
from core.media.opus import Pcm
from core.media.pacer import Pacer
from core.media.packet import FRAME_SAMPLES, MediaPacket
from core.media.timeline import Timeline
from core.media.track import OutgoingTrack
from core.model.call import LegId

Receive = Callable[[MediaPacket], None]


class Bridge(ABC):
    """Takes the packets of every leg to the legs that hear it. Media loop only; nothing here blocks.

    A leg is heard when it is among a listener's sources, not muted, and has sent something. A listener with one such
    source gets it as it is (what that means is each bridge's own); with several it gets a mix; with none it gets
    silence, 50 packets a second. Silence rather than nothing, because then the browser's jitter buffer stays settled,
    round-trip times go on being measured, and "no packets arrive" means one thing only: the path is broken, or the one
    source has stopped sending. The outgoing sequence and timestamps go on through every change.
    """

    @abstractmethod
    def attach(self, leg_id: LegId, transceiver: RTCRtpTransceiver, receive: Receive) -> None:
        """Wire a leg's audio line, before its offer is answered.

        Args:
            leg_id: The leg.
            transceiver: Its audio line, with Opus as the only codec.
            receive: Called with every packet that comes from the leg, also while it is muted.
        """

    @abstractmethod
    def inject(self, leg_id: LegId, packet: MediaPacket) -> None:
        """Take a packet that was made here in its slot, as if it had come from the leg's network."""

    @abstractmethod
    def set_sources(self, leg_id: LegId, sources: frozenset[LegId]) -> None:
        """Decide whom a leg hears. Idempotent; sources that are not attached (yet) are silent."""

    @abstractmethod
    def set_muted(self, leg_id: LegId, muted: bool) -> None:
        """Keep a leg from being heard, or let it be heard again. Idempotent."""

    @abstractmethod
    def take_deviation(self, leg_id: LegId) -> tuple[float, float] | None:
        """Send deviation of what went to the leg since the last call, p50 and p99 in ms; None without packets.

        See `OutgoingTrack.take_deviation`.
        """

    @property
    @abstractmethod
    def held(self) -> int:
        """Of how many legs anything is kept: none that was detached."""

    @abstractmethod
    async def detach(self, leg_id: LegId) -> None:
        """Forget a leg: it hears nothing and is heard by none. Idempotent."""

    @abstractmethod
    async def close(self) -> None:
        """Forget all legs and stop what runs. Idempotent."""


class Ear(ABC):
    """What one leg hears."""

    def __init__(self, pacer: Pacer, tally: Tally) -> None:
        self._pacer = pacer
        self.timeline = Timeline()
        self.mixer: Mixer[LegId] = Mixer(tally)
        self.track = OutgoingTrack(tally)
        self.sources: frozenset[LegId] = frozenset()
        """Who may be heard, by the table."""
        self.voices: frozenset[LegId] = frozenset()
        """Who of them is heard now."""

    def set_voices(self, voices: frozenset[LegId]) -> None:
        """Change who is heard now."""
        self.voices = voices
        self.mixer.set_voices(voices if len(voices) > 1 else ())
        if len(voices) == 1:
            self._pacer.remove(self)
        else:
            self._pacer.add(self)

    def tick(self, slot: int) -> None:
        """Send the next 20 ms of a mix or of silence; the pacer's call."""
        if not self.track.started:
            return
        pts = self.timeline.place("pacer", slot * FRAME_SAMPLES, time.monotonic())
        if pts is None:
            return
        if self.voices:
            self.send_mix(self.mixer.mix(), pts)
        else:
            self.send_silence(pts)

    @abstractmethod
    def send_mix(self, pcm: Pcm, pts: int) -> None:
        """Send 20 ms of mixed sound."""

    @abstractmethod
    def send_silence(self, pts: int) -> None:
        """Send 20 ms of silence."""

    def close(self) -> None:
        """Let nothing more be heard."""
        self._pacer.remove(self)
        self.track.stop()


class TrackBridge(Bridge):
    """A bridge with an ear for each leg, whose track the leg's aiortc sender is given.

    Whether the sender finds packets there (tap, relay) or they leave past it (forward) is each bridge's own.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._guard = Guard("packet_handler_errors", tally)
        self._pacer = Pacer(tally)
        self._ears: dict[LegId, Ear] = {}
        self._heard_by: dict[LegId, list[Ear]] = {}
        self._speaking: set[LegId] = set()
        self._muted: set[LegId] = set()

    @abstractmethod
    def _new_ear(self) -> Ear:
        """An ear of this bridge's kind."""

    def _attach_ear(self, leg_id: LegId) -> MediaStreamTrack:
        ear = self._ears[leg_id] = self._new_ear()
        self._choose_voices(ear)
        return ear.track

    def set_sources(self, leg_id: LegId, sources: frozenset[LegId]) -> None:
        """See `Bridge`."""
        ear = self._ears.get(leg_id)
        if ear is not None and ear.sources != sources:
            ear.sources = sources
            self._choose_voices(ear)

    def set_muted(self, leg_id: LegId, muted: bool) -> None:
        """See `Bridge`."""
        if muted:
            self._muted.add(leg_id)
        else:
            self._muted.discard(leg_id)
        self._choose_again(leg_id)

    def take_deviation(self, leg_id: LegId) -> tuple[float, float] | None:
        """See `Bridge`."""
        ear = self._ears.get(leg_id)
        return None if ear is None else ear.track.take_deviation()

    @property
    def held(self) -> int:
        """See `Bridge`."""
        return len(self._held())

    def _held(self) -> set[LegId]:
        return {*self._ears, *self._heard_by, *self._speaking, *self._muted}

    async def detach(self, leg_id: LegId) -> None:
        """See `Bridge`."""
        ear = self._ears.pop(leg_id, None)
        if ear is not None:
            ear.sources = frozenset()
            self._choose_voices(ear)
            ear.close()
        self._muted.discard(leg_id)
        self._speaking.discard(leg_id)
        self._choose_again(leg_id)

    async def close(self) -> None:
        """See `Bridge`."""
        for leg_id in list(self._ears):
            await self.detach(leg_id)
        await self._pacer.close()

    def _hearing(self, leg_id: LegId) -> list[Ear]:
        """The ears that hear a leg now; none while it is muted."""
        if leg_id not in self._speaking:
            self._speaking.add(leg_id)
            self._choose_again(leg_id)
        return self._heard_by.get(leg_id, [])

    def _choose_again(self, leg_id: LegId) -> None:
        for ear in self._ears.values():
            if leg_id in ear.sources:
                self._choose_voices(ear)

    def _choose_voices(self, ear: Ear) -> None:
        voices = (ear.sources & self._speaking) - self._muted
        for leg_id in ear.voices - voices:
            self._heard_by[leg_id].remove(ear)
            if not self._heard_by[leg_id]:
                del self._heard_by[leg_id]
        for leg_id in voices - ear.voices:
            self._heard_by.setdefault(leg_id, []).append(ear)
        ear.set_voices(voices)
