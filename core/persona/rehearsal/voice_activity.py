"""The rehearsal's `server_vad`: by loudness, with the protocol's prefix and silence. Pure."""

from dataclasses import dataclass

import numpy as np

from core.model.persona import PERSONA_FORMAT

FRAME_S = 0.02
FRAME_BYTES = int(FRAME_S * PERSONA_FORMAT.sample_rate) * 2
LOUD = 300.0
ONSET_FRAMES = 3
"""Loud frames in a row that are a voice."""


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody began to speak."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Somebody has spoken."""

    audio_end_ms: int
    pcm: bytes
    """From the prefix to the end of the silence."""


class VoiceActivity:
    """One connection's."""

    def __init__(self, prefix_ms: int = 300, silence_ms: int = 500) -> None:
        self.prefix_ms = prefix_ms
        self.silence_ms = silence_ms
        self._rest = b""
        self._buffer: list[bytes] = []
        self._frames = 0
        self._loud = self._quiet = 0
        self.is_speaking = False

    def push(self, pcm: bytes) -> list[Began | Ended]:
        """Take sound; tells what it shows."""
        found: list[Began | Ended] = []
        self._rest += pcm
        while len(self._rest) >= FRAME_BYTES:
            frame, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            if event := self._take(frame):
                found.append(event)
        return found

    def clear(self) -> None:
        """Forget what was not committed."""
        self._buffer, self._rest, self.is_speaking = [], b"", False
        self._loud = self._quiet = 0

    def _take(self, frame: bytes) -> Began | Ended | None:
        self._frames += 1
        self._buffer.append(frame)
        samples = np.frombuffer(frame, "<i2").astype(np.float32)
        is_loud = float(samples @ samples) / len(samples) >= LOUD * LOUD
        self._loud = self._loud + 1 if is_loud else 0
        self._quiet = 0 if is_loud else self._quiet + 1
        if not self.is_speaking:
            kept = int(self.prefix_ms / 1000 / FRAME_S) + ONSET_FRAMES
            del self._buffer[:-kept]
            if self._loud < ONSET_FRAMES:
                return None
            self.is_speaking = True
            return Began(max(0, round((self._frames - len(self._buffer)) * FRAME_S * 1000)))
        if self._quiet * FRAME_S * 1000 < self.silence_ms:
            return None
        pcm, self._buffer, self.is_speaking = b"".join(self._buffer), [], False
        return Ended(round((self._frames - self._quiet) * FRAME_S * 1000), pcm)
