"""One voice's packets, decoded when their sound is due."""

import numpy as np

from core.media.guard import Tally
from core.media.libopus import Decoder, duration, restorable
from core.media.opus import Pcm
from core.media.packet import CLOCK_RATE, FRAME_SAMPLES, MediaPacket, signed_difference
from core.media.reorder import RESTART

CONCEALED_FRAMES = 5
"""So many frames are made up while nothing comes: 100 ms. After that libopus has only noise; likely it is a pause."""

FARTHEST_SAMPLES = 10 * FRAME_SAMPLES
"""A hole longer than this is not waited through."""

JUMP_SAMPLES = 2 * FRAME_SAMPLES
"""A timestamp further ahead than this of where time and the lost packets put it is no loss: the sender paused, or its
clock was set."""

LATE_PACKETS = 3
JUDGED_SAMPLES = CLOCK_RATE
"""When so many packets came after their moment in so long (a second), the next ones are given a frame more time."""


class JitterBuffer:
    """Packets between their arrival and the moment their sound is due, on the RTP clock (samples of 1/48000 s).

    Whoever takes sound sets the pace: each take moves the moment on, whether its packet has come or not. What has not
    come by then is restored from the next packet, if that has come and holds it (in-band error correction), or else
    made up by libopus; so one lost packet neither silences the voice nor makes it late. Where packets go on being late,
    a frame is made up without moving on, which gives them more time.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._decoder = Decoder(CLOCK_RATE)
        self._held: dict[int, MediaPacket] = {}
        """By place: the unwrapped timestamp, without the jumps."""
        self._newest: MediaPacket | None = None
        self._start = self._end = 0
        """Where the newest packet's sound begins and ends."""
        self._due = 0
        self._is_running = False
        """Whether the moment moves on: not before the first sound, and not after none came for too long."""
        self._concealed = 0
        self._lates = 0
        """Packets that came after their moment, since `_judged`."""
        self._judged = 0
        self._taken: int | None = None
        """Sequence number of the packet that was decoded last."""

    def push(self, packet: MediaPacket) -> None:
        """Take a packet, in whatever order. One that is late or came before is dropped and counted."""
        frame = duration(packet.payload)
        if not frame:
            return
        place = self._place(packet, frame)
        if place < self._due:
            self._note_late()
        if place + frame <= self._due or place in self._held:
            self._tally.add("mixer_late_packets")
            return
        self._held[place] = packet

    def _place(self, packet: MediaPacket, frame: int) -> int:
        newest = self._newest
        place = expected = self._end
        if newest is not None:
            place = self._start + signed_difference(packet.timestamp, newest.timestamp, 32)
            ahead = signed_difference(packet.sequence, newest.sequence, 16)
            if packet.ssrc != newest.ssrc or abs(ahead) > RESTART:
                # Another stream. libopus decodes it from any state, so what is held of the former is heard before it.
                place = self._end
            elif ahead <= 0:
                # An older packet cannot lie behind the newest, whatever its timestamp says.
                return min(place, self._start)
            else:
                expected += (ahead - 1) * frame
        if place < self._end or place - max(expected, self._due) > JUMP_SAMPLES:
            place = max(expected, self._due)
            if not self._is_running:
                # It was too little to be heard before the pause, and is stale after it.
                self._held.clear()
        self._newest, self._start, self._end = packet, place, place + frame
        return place

    def _note_late(self) -> None:
        if self._due > self._judged + JUDGED_SAMPLES:
            self._judged, self._lates = self._due, 0
        self._lates += 1

    @property
    def waiting(self) -> int:
        """How much sound lies between the moment and the end of what has come, in samples; holes count."""
        if self._is_running:
            return max(0, self._end - self._due)
        return self._end - min(self._held) if self._held else 0

    @property
    def frame(self) -> int:
        """How long the newest packet's sound is, in samples."""
        return self._end - self._start

    def take(self) -> Pcm | None:
        """The sound that is due, a packet's or less; None when none has come for so long that the voice breaks off."""
        place = min(self._held, default=None)
        if self._is_running and self._lates >= LATE_PACKETS and (place is None or place > self._due):
            self._lates = 0
            return np.frombuffer(self._decoder.conceal(FRAME_SAMPLES), np.int16)
        if place is None:
            return self._bridge_absence() if self._is_running else None
        self._concealed = 0
        if not self._is_running or place - self._due > FARTHEST_SAMPLES:
            self._is_running, self._due, self._lates = True, place, 0
        packet = self._held[place]
        if place > self._due:
            return self._fill(place - self._due, packet)
        del self._held[place]
        self._taken = packet.sequence
        sound = self._decoder.decode(packet.payload, duration(packet.payload))
        return self._move_on(sound[2 * (self._due - place) :])

    def _bridge_absence(self) -> Pcm | None:
        if self._concealed >= CONCEALED_FRAMES:
            self._is_running, self._concealed = False, 0
            return None
        self._concealed += 1
        return self._move_on(self._decoder.conceal(FRAME_SAMPLES))

    def _fill(self, missing: int, following: MediaPacket) -> Pcm:
        """Sound for what is missing before a packet, or for the first frame of it."""
        is_loss = self._taken is not None and signed_difference(following.sequence, self._taken, 16) > 1
        restored = restorable(following.payload, missing) if is_loss else 0
        if restored == missing:
            return self._move_on(self._decoder.decode_former(following.payload, missing))
        return self._move_on(self._decoder.conceal(min(FRAME_SAMPLES, missing - restored)))

    def _move_on(self, sound: bytes) -> Pcm:
        pcm: Pcm = np.frombuffer(sound, np.int16)
        self._due += len(pcm)
        return pcm
