"""Several voices for one ear."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import numpy as np

from core.media.guard import Tally
from core.media.jitter_buffer import JitterBuffer
from core.media.opus import Pcm
from core.media.packet import CLOCK_RATE, FRAME_SAMPLES, MediaPacket

PRIME_SAMPLES = 2 * FRAME_SAMPLES
"""A voice is heard once this much of it has arrived: 40 ms of delay carry usual jitter. What is older is left out."""

LEVEL_SAMPLES = PRIME_SAMPLES - FRAME_SAMPLES
"""So much is left after a frame was taken, when all is well."""

SETTLE_FRAMES = 50
"""What a buffer has held too much for so many frames (one second) is taken out at once, so that no delay stays."""

BUFFER_SAMPLES = 10 * FRAME_SAMPLES
"""Most that a voice's buffer holds; beyond it the oldest is dropped until `PRIME_SAMPLES` are left."""

GLIDE_SAMPLES = 240
"""5 ms: so long it takes from where a voice's sound broke off to where it goes on. A step would be heard as a click."""

KNEE = 0.7
"""Loudness, of full scale, up to which a mix is left alone."""

Key = TypeVar("Key")


class VoiceBuffer:
    """One voice between its arrival and the mixing clock, as packets or as samples that were decoded elsewhere."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._packets = JitterBuffer(tally)
        self._samples: Pcm = np.empty(0, np.int16)
        """What comes before the packets' sound."""
        self._primed = False
        self._listened_to = False
        self.last = 0
        """The sample that was given out last, 0 in silence."""
        self._is_unbroken = False
        """Whether the next sample follows the last one."""
        self._spare = BUFFER_SAMPLES
        """The least that was left too much in all of the last `_pulls` pulls."""
        self._pulls = 0

    def push_packet(self, packet: MediaPacket) -> None:
        """Take an Opus packet; packets may be out of order, late or lost."""
        self._packets.push(packet)
        self._bound()

    def push(self, pcm: Pcm) -> None:
        """Take decoded samples."""
        self._samples = np.concatenate([self._samples, pcm])
        self._bound()

    def _bound(self) -> None:
        if self._waiting > BUFFER_SAMPLES:
            self._keep(PRIME_SAMPLES)

    @property
    def _waiting(self) -> int:
        return len(self._samples) + self._packets.waiting

    @property
    def waiting_s(self) -> float:
        """How much of the voice waits to be mixed, in seconds: so late is what is pushed now."""
        return self._waiting / CLOCK_RATE

    def pull(self) -> Pcm | None:
        """The next 20 ms, or None while the voice has nothing to say (and until it is primed again)."""
        self._listened_to = True
        if not self._primed:
            enough = max(PRIME_SAMPLES, self._packets.frame + FRAME_SAMPLES)
            if self._waiting < enough:
                return self._fall_silent()
            self._keep(enough)
            self._primed = True
        self._decode(FRAME_SAMPLES)
        if len(self._samples) < FRAME_SAMPLES:
            self._primed = False
            return self._fall_silent()
        frame, self._samples = self._samples[:FRAME_SAMPLES], self._samples[FRAME_SAMPLES:]
        if not self._is_unbroken:
            frame = glide(self.last, frame)
        self._is_unbroken, self.last = True, int(frame[-1])
        self._settle()
        return frame

    def _decode(self, samples: int) -> None:
        """Have so many samples ready, if there is as much."""
        while len(self._samples) < samples and (sound := self._packets.take()) is not None:
            self._samples = np.concatenate([self._samples, sound]) if len(self._samples) else sound

    def _keep(self, samples: int) -> None:
        """Leave out the oldest of what waits but for so many samples. It is decoded: what follows builds on it."""
        left_out = 0
        while self._waiting > samples:
            self._decode(1)
            # A hole that is too long to be waited through has made the excess smaller.
            excess = min(max(0, self._waiting - samples), len(self._samples))
            self._samples = self._samples[excess:]
            left_out += excess
        if not left_out:
            return
        self._is_unbroken = False
        # Until the ear's connection stands nobody pulls, and what gets stale is no loss to anybody.
        if self._listened_to:
            self._tally.add("mixer_frames", max(1, left_out // FRAME_SAMPLES))

    def _fall_silent(self) -> Pcm | None:
        self._is_unbroken = False
        last, self.last = self.last, 0
        return glide(last, np.zeros(FRAME_SAMPLES, np.int16)) if last else None

    def _settle(self) -> None:
        spare = self._waiting - LEVEL_SAMPLES
        if spare < FRAME_SAMPLES:
            self._spare, self._pulls = BUFFER_SAMPLES, 0
            return
        self._spare = min(self._spare, spare)
        self._pulls += 1
        if self._pulls >= SETTLE_FRAMES:
            # What came in a burst, or waited because packets were late, would make the voice late for good.
            self._keep(self._waiting - self._spare // FRAME_SAMPLES * FRAME_SAMPLES)
            self._spare, self._pulls = BUFFER_SAMPLES, 0


class Mixer(Generic[Key]):
    """The voices that one ear hears, mixed to 20 ms frames on the ear's own clock."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._voices: dict[Key, VoiceBuffer] = {}
        self._left = 0
        """Where the voices broke off that were left out since the last mix, added up."""

    def set_voices(self, keys: Iterable[Key]) -> None:
        """Choose whose voices are mixed; those that stay keep their buffers."""
        former = self._voices
        self._voices = {key: former.get(key) or VoiceBuffer(self._tally) for key in keys}
        self._left += sum(voice.last for key, voice in former.items() if key not in self._voices)

    def voice(self, key: Key) -> VoiceBuffer | None:
        """One voice's buffer, None when it is not mixed."""
        return self._voices.get(key)

    def mix(self) -> Pcm:
        """The next 20 ms of all voices together."""
        frames = [frame for voice in self._voices.values() if (frame := voice.pull()) is not None]
        if self._left:
            frames.append(glide(self._left, np.zeros(FRAME_SAMPLES, np.int16)))
            self._left = 0
        if not frames:
            return np.zeros(FRAME_SAMPLES, np.int16)
        if len(frames) == 1:
            return frames[0]
        return soft_clip(np.sum(np.stack(frames), axis=0, dtype=np.int32))


def glide(last: int, frame: Pcm) -> Pcm:
    """A frame that begins where the sound broke off, at the sample `last`, and soon is what it was."""
    glided = frame.astype(np.int32)
    ramp = np.linspace(1.0, 0.0, GLIDE_SAMPLES)[: len(frame)]
    glided[:GLIDE_SAMPLES] += np.round((last - glided[0]) * ramp).astype(np.int32)
    clipped: Pcm = glided.clip(-(2**15), 2**15 - 1).astype(np.int16)
    return clipped


def soft_clip(mixed: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Pcm:
    """Bring a sum of voices back into 16 bits: untouched up to the knee, bent smoothly (tanh) above it."""
    scaled = mixed / 32768.0
    loud = np.abs(scaled)
    bent = np.sign(scaled) * (KNEE + (1 - KNEE) * np.tanh((loud - KNEE) / (1 - KNEE)))
    clipped: Pcm = np.round(np.where(loud <= KNEE, scaled, bent) * 32767.0).astype(np.int16)
    return clipped
