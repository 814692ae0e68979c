"""Sound files that tests make."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000


def write_sound(path: Path, samples: NDArray[np.floating | np.signedinteger]) -> Path:
    """A mono WAV file of 48,000 samples of 16 bits a second."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.clip(-(2**15), 2**15 - 1).astype("<i2").tobytes())
    return path
