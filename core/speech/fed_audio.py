"""A session's audio by position: one unbroken count of samples, and what time each has on the caller's clock."""

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from core.model.audio import SPEECH_FORMAT

PIECE_S = 0.1
"""Audio that is looked at, and sent, together."""
LOUD = 300.0
"""Root mean square of a piece's 16-bit samples from which it may be speech."""
_RATE = SPEECH_FORMAT.sample_rate
_TOLERANCE_S = 0.02
"""A jump up to this is rounding or clock jitter."""
_LONGEST_SILENCE_S = 0.6
"""A gap is heard as so much silence at most: enough to part two utterances, and nothing is paid for the rest."""
_ANCHORS_S = 600.0
"""Times of positions that were trimmed are known for this long."""


class FedAudio:
    """Grows at its end, is trimmed at its start. One thread at a time. Positions count samples from the first one."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._start = 0
        self._positions = [0]
        self._times_s = [0.0]

    @property
    def start(self) -> int:
        """Position of the first sample that is kept."""
        return self._start

    @property
    def end(self) -> int:
        """Position after the last sample."""
        return self._start + len(self._bytes) // 2

    def append(self, pcm: bytes, start_s: float) -> None:
        """Take 16-bit mono samples, the first of which is at `start_s`. A gap before them becomes silence."""
        pcm = pcm[: len(pcm) // 2 * 2]
        if self.end == 0:
            self._times_s = [start_s]
        gap_s = start_s - self.clock_s(self.end)
        if gap_s > _TOLERANCE_S:
            self._bytes += bytes(2 * round(min(gap_s, _LONGEST_SILENCE_S) * _RATE))
        if abs(gap_s) > _TOLERANCE_S:
            self._positions.append(self.end)
            self._times_s.append(start_s)
        self._bytes += pcm

    def read(self, position: int, samples: int) -> bytes:
        """Samples from a position that is kept."""
        at = 2 * (position - self._start)
        return bytes(self._bytes[at : at + 2 * samples])

    def loud_pieces(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """From where to where there may be speech between two positions that are kept."""
        piece = round(PIECE_S * _RATE)
        for at in range(start, end, piece):
            until = min(end, at + piece)
            if is_loud(self.read(at, until - at)):
                yield at, until

    def trim(self, position: int) -> None:
        """Forget samples before a position."""
        samples = min(position, self.end) - self._start
        if samples <= 0:
            return
        del self._bytes[: 2 * samples]
        self._start += samples
        oldest = bisect_right(self._positions, self._start - round(_ANCHORS_S * _RATE)) - 1
        if oldest > 0:
            del self._positions[:oldest], self._times_s[:oldest]

    def clock_s(self, position: int) -> float:
        """The time of a sample on the caller's clock, in seconds; also after the end, or trimmed not long ago."""
        index = max(0, bisect_right(self._positions, position) - 1)
        return self._times_s[index] + (position - self._positions[index]) / _RATE


def is_loud(pcm: bytes) -> bool:
    """Whether there may be speech in a piece."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    return bool(len(samples)) and float(np.sqrt(np.mean(samples * samples))) >= LOUD
