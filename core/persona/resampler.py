"""From the 16 kHz of our own speech audio to the Realtime API's 24 kHz, piece by piece without a seam. Pure.

A polyphase interpolator (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983): three outputs for two
inputs, each a windowed sinc's sum over the inputs around it, cut off at 7.6 kHz.
"""

import numpy as np
import numpy.typing as npt

from core.model.audio import SPEECH_FORMAT
from core.model.persona import PERSONA_FORMAT

UP, DOWN = 3, 2
assert SPEECH_FORMAT.sample_rate * UP == PERSONA_FORMAT.sample_rate * DOWN
TAPS = 24
"""Inputs that one output is made of: 1.5 ms, half of which it comes late."""
_CUTOFF = 0.95
"""Of the input's Nyquist frequency."""


def _phases() -> npt.NDArray[np.float32]:
    at = np.arange(TAPS)[None, :] - (TAPS / 2 - 1) - np.arange(UP)[:, None] / UP
    filters = np.sinc(at * _CUTOFF) * _CUTOFF * np.kaiser(2001, 8.0)[np.round((at / TAPS + 0.5) * 2000).astype(int)]
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), np.float32)


_PHASES = _phases()


class Resampler:
    """One stream. One thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the stream: what comes next does not follow it."""
        self._held = np.zeros(TAPS // 2 - 1, np.float32)
        self._position = 0
        """Of the next output, in thirds of an input, from the first held one that it may be centred on."""

    def push(self, pcm: bytes) -> bytes:
        """The sound in `PERSONA_FORMAT` that follows from sound in `SPEECH_FORMAT`: half as many samples again."""
        held = np.concatenate([self._held, np.frombuffer(pcm, "<i2").astype(np.float32)])
        windows = len(held) - TAPS + 1
        if windows <= 0:
            self._held = held
            return b""
        positions = np.arange(self._position, windows * UP, DOWN)
        rows = np.lib.stride_tricks.sliding_window_view(held, TAPS)[positions // UP]
        sound = np.einsum("ij,ij->i", rows, _PHASES[positions % UP])
        following = int(positions[-1]) + DOWN if len(positions) else self._position
        self._position = following - windows * UP
        self._held = held[windows:]
        return bytes(np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes())
