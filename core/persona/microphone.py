"""The listener's sound on its way to the model: judged frame by frame, without gaps, in the model's format. Pure.

What the gate holds back is replaced by silence of the same length. So nothing that was captured then reaches the model,
while the model's own clock goes on, and its voice activity detection sees a turn end that the closing cut off.
"""

from dataclasses import dataclass

import numpy as np

from core.model.audio import SPEECH_FORMAT
from core.persona.microphone_gate import MicrophoneGate
from core.persona.resampler import Resampler

FRAME_S = 0.02
FRAME_BYTES = int(FRAME_S * SPEECH_FORMAT.sample_rate) * 2
LOUD = 300.0
"""Root mean square of 16-bit samples from which a frame may be speech."""
FILLED_S = 1.0
"""A gap is filled with silence up to this; what is longer was a connection that was away."""
SLIP_S = 0.005


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch for the model, in `PERSONA_FORMAT`."""

    pcm: bytes
    captured_s: float
    seconds: float
    loud_s: float
    """How much of it passed the gate and may be speech."""
    closed_s: float
    """How much of it is silence in place of what was held back."""


class Microphone:
    """One listener's. One thread."""

    def __init__(self, gate: MicrophoneGate) -> None:
        self.gate = gate
        self._resampler = Resampler()
        self._end_s: float | None = None

    def push(self, pcm: bytes, start_s: float) -> Sound:
        """Take sound in `SPEECH_FORMAT` that arrival placed at `start_s`, as `PcmChunk` has it."""
        captured_s = self.gate.captured_s(start_s)
        seconds = SPEECH_FORMAT.seconds(pcm)
        begin_s, judged = captured_s, bytearray()
        if self._end_s is not None and captured_s - self._end_s > SLIP_S:
            if captured_s - self._end_s <= FILLED_S:
                begin_s = self._end_s
                judged += bytes(2 * round((captured_s - begin_s) * SPEECH_FORMAT.sample_rate))
            else:
                self._resampler.reset()
        loud_s = closed_s = 0.0
        for start in range(0, len(pcm), FRAME_BYTES):
            frame = pcm[start : start + FRAME_BYTES]
            frame_s = SPEECH_FORMAT.seconds(frame)
            if not self.gate.passes(captured_s + start / FRAME_BYTES * FRAME_S, frame_s):
                closed_s += frame_s
                frame = bytes(len(frame))
            elif _is_loud(frame):
                loud_s += frame_s
            judged += frame
        self._end_s = captured_s + seconds
        total_s = SPEECH_FORMAT.seconds(bytes(judged))
        return Sound(self._resampler.push(bytes(judged)), begin_s, total_s, loud_s, closed_s)


def _is_loud(frame: bytes) -> bool:
    samples = np.frombuffer(frame, "<i2").astype(np.float32)
    return bool(len(samples)) and float(samples @ samples) / len(samples) >= LOUD * LOUD
