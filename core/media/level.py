"""How loud a voice is."""

import numpy as np

from core.media.opus import Pcm

SILENCE_DBFS = -127.0
"""Level of digital silence, the lowest of RFC 6464."""


class LevelMeter:
    """Adds up the energy of 16-bit sound between two readings. One thread."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._samples = 0

    def add(self, pcm: Pcm) -> None:
        """Take some sound."""
        loud = pcm.astype(np.float32)
        self._energy += float(loud @ loud)
        self._samples += len(loud)

    def take(self) -> float | None:
        """RMS level in dBFS of what was added since the last call; None when that was nothing."""
        energy, samples = self._energy, self._samples
        self._energy, self._samples = 0.0, 0
        if not samples:
            return None
        rms = np.sqrt(energy / samples) / 32768.0
        return float(max(SILENCE_DBFS, 20 * np.log10(rms))) if rms > 0 else SILENCE_DBFS
