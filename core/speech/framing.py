"""From chunks of audio as they come to frames of 32 ms on an unbroken clock, with the gaps between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.model.audio import SPEECH_FORMAT

FRAME_SAMPLES = 512
FRAME_S = FRAME_SAMPLES / SPEECH_FORMAT.sample_rate

_TOLERANCE_S = 0.02
"""A jump up to this is rounding or clock jitter."""
_MAX_FILL_S = 0.3
"""A gap up to this (lost packets) is filled with silence; a longer one breaks the stream."""


@dataclass(frozen=True, slots=True)
class FrameBlock:
    """Consecutive frames: `samples` has the shape (n, 512)."""

    start_s: float
    """Of the first sample, on the caller's clock."""
    samples: NDArray[np.int16]
    follows: bool
    """Whether the block continues the former one; if not, there is a gap before it."""

    def start_times(self) -> list[float]:
        """When each frame starts, on the caller's clock."""
        return [self.start_s + index * FRAME_S for index in range(len(self.samples))]


class Framer:
    """Cuts one stream into frames; a rest of less than a frame waits for more. One thread at a time."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.int16)
        self._anchor_s = 0.0
        self._samples = 0
        self._started = False
        self._follows = False

    @property
    def _expected_s(self) -> float:
        return self._anchor_s + self._samples / SPEECH_FORMAT.sample_rate

    def push(self, pcm: bytes, start_s: float) -> list[FrameBlock]:
        """The whole frames that `pcm`, whose first sample is at `start_s`, completes. At most two blocks."""
        audio = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.int16, copy=False)
        blocks: list[FrameBlock] = []
        gap_s = start_s - self._expected_s
        if not self._started:
            self._restart(start_s)
        elif gap_s < -_TOLERANCE_S or gap_s > _MAX_FILL_S:
            blocks += self.flush()
            self._restart(start_s)
        elif gap_s > _TOLERANCE_S:
            silence = np.zeros(round(gap_s * SPEECH_FORMAT.sample_rate), dtype=np.int16)
            audio = np.concatenate([silence, audio])
        self._rest = np.concatenate([self._rest, audio])
        self._samples += len(audio)
        blocks += self._take(len(self._rest) // FRAME_SAMPLES)
        return blocks

    def flush(self) -> list[FrameBlock]:
        """The rest, filled up with silence; at most one block. What comes next does not follow it."""
        missing = -len(self._rest) % FRAME_SAMPLES
        self._rest = np.concatenate([self._rest, np.zeros(missing, dtype=np.int16)])
        self._samples += missing
        blocks = self._take(len(self._rest) // FRAME_SAMPLES)
        self._started = False
        return blocks

    def _restart(self, start_s: float) -> None:
        self._rest = np.zeros(0, dtype=np.int16)
        self._anchor_s = start_s
        self._samples = 0
        self._started = True
        self._follows = False

    def _take(self, frames: int) -> list[FrameBlock]:
        if not frames:
            return []
        start_s = self._anchor_s + (self._samples - len(self._rest)) / SPEECH_FORMAT.sample_rate
        block = FrameBlock(start_s, self._rest[: frames * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES), self._follows)
        self._rest = self._rest[frames * FRAME_SAMPLES :]
        self._follows = True
        return [block]
