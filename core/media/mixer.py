"""Several voices for one ear."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import numpy as np

from core.media.guard import Tally
from core.media.opus import OpusDecoder, Pcm
from core.media.packet import FRAME_SAMPLES, MediaPacket
from core.media.reorder import Reorder

PRIME_SAMPLES = 2 * FRAME_SAMPLES
"""A voice is heard once this much of it has arrived: 40 ms of delay carry usual jitter."""

BUFFER_SAMPLES = 10 * FRAME_SAMPLES
"""Most that a voice's buffer holds; beyond it the oldest is dropped until `PRIME_SAMPLES` are left."""

KNEE = 0.7
"""Loudness, of full scale, up to which a mix is left alone."""

Key = TypeVar("Key")


class VoiceBuffer:
    """One voice's samples between their arrival and the mixing clock."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._reorder = Reorder()
        self._decoder = OpusDecoder()
        self._samples: Pcm = np.empty(0, np.int16)
        self._primed = False
        self._listened_to = False

    def push_packet(self, packet: MediaPacket) -> None:
        """Take an Opus packet; packets may be out of order."""
        for ready in self._reorder.push(packet):
            self.push(self._decoder.decode(ready.payload))

    def push(self, pcm: Pcm) -> None:
        """Take decoded samples."""
        self._samples = np.concatenate([self._samples, pcm])
        if len(self._samples) > BUFFER_SAMPLES:
            # Until the ear's connection stands nobody pulls, and what gets stale is no loss to anybody.
            if self._listened_to:
                self._tally.add("mixer_frames", (len(self._samples) - PRIME_SAMPLES) // FRAME_SAMPLES)
            self._samples = self._samples[-PRIME_SAMPLES:]

    def pull(self) -> Pcm | None:
        """The next 20 ms, or None while the voice has nothing to say (and until it is primed again)."""
        self._listened_to = True
        if not self._primed and len(self._samples) < PRIME_SAMPLES:
            return None
        self._primed = len(self._samples) >= FRAME_SAMPLES
        if not self._primed:
            return None
        frame, self._samples = self._samples[:FRAME_SAMPLES], self._samples[FRAME_SAMPLES:]
        return frame


class Mixer(Generic[Key]):
    """The voices that one ear hears, mixed to 20 ms frames on the ear's own clock."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._voices: dict[Key, VoiceBuffer] = {}

    def set_voices(self, keys: Iterable[Key]) -> None:
        """Choose whose voices are mixed; those that stay keep their buffers."""
        self._voices = {key: self._voices.get(key) or VoiceBuffer(self._tally) for key in keys}

    def voice(self, key: Key) -> VoiceBuffer | None:
        """One voice's buffer, None when it is not mixed."""
        return self._voices.get(key)

    def mix(self) -> Pcm:
        """The next 20 ms of all voices together."""
        frames = [frame for voice in self._voices.values() if (frame := voice.pull()) is not None]
        if not frames:
            return np.zeros(FRAME_SAMPLES, np.int16)
        if len(frames) == 1:
            return frames[0]
        return soft_clip(np.sum(np.stack(frames), axis=0, dtype=np.int32))


def soft_clip(mixed: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Pcm:
    """Bring a sum of voices back into 16 bits: untouched up to the knee, bent smoothly (tanh) above it."""
    scaled = mixed / 32768.0
    loud = np.abs(scaled)
    bent = np.sign(scaled) * (KNEE + (1 - KNEE) * np.tanh((loud - KNEE) / (1 - KNEE)))
    clipped: Pcm = np.round(np.where(loud <= KNEE, scaled, bent) * 32767.0).astype(np.int16)
    return clipped
