"""Silero voice activity detection on a stream: how likely 32 ms of audio are speech. The only home of onnxruntime."""

import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.model.errors import ModelFileCorrupt, ModelFileMissing
from core.speech.framing import FRAME_SAMPLES

_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)
QUIET = 10
"""A frame that stays below this amplitude (-70 dBFS) is no speech: a muted or listening leg, most of the time."""
_SETTLE_FRAMES = 8
"""So many of them in a row are looked at all the same, so that the model's memory ends in silence."""


class ActivityStream(Protocol):
    """The detector's memory of one stream of audio. One thread at a time."""

    def probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        """The probability of speech, 0 to 1, for each row of `frames` (n, 512), which follow the former ones."""

    def reset(self) -> None:
        """Forget what was heard: the next frame does not follow the last one."""


class SileroModel:
    """The model, loaded once; any thread may open streams on it.

    Raises:
        ModelFileMissing: the detector does not lie in the installed faster-whisper.
        ModelFileCorrupt: it cannot be loaded.
    """

    def __init__(self) -> None:
        path = _model_path()
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except (RuntimeError, ValueError) as error:
            raise ModelFileCorrupt(path=str(path)) from error

    def open_stream(self) -> "SileroStream":
        """A detector for one stream of audio."""
        return SileroStream(self._session)


class SileroStream:
    """Implements `ActivityStream`: the recurrent state and the last 4 ms of one stream."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._hidden = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._cell = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._context = np.zeros((1, _CONTEXT_SAMPLES), dtype=np.float32)
        self._quiet_frames = 0

    def probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        """The probability of speech for each frame."""
        audio = frames.reshape(-1, FRAME_SAMPLES).astype(np.float32) / 32768.0
        if not len(audio):
            return np.zeros(0, dtype=np.float32)
        tails = audio[:, -_CONTEXT_SAMPLES:]
        rows = np.concatenate([np.concatenate([self._context, tails[:-1]]), audio], axis=1)
        self._context = tails[-1:]
        probabilities = np.zeros(len(rows), dtype=np.float32)
        heard = self._to_be_heard(np.abs(audio).max(axis=1) >= QUIET / 32768.0)
        if len(heard):
            output, self._hidden, self._cell = self._session.run(
                None, {"input": rows[heard], "h": self._hidden, "c": self._cell}
            )
            probabilities[heard] = np.asarray(output, dtype=np.float32).reshape(-1)
        return probabilities

    def _to_be_heard(self, is_loud: NDArray[np.bool_]) -> list[int]:
        heard = []
        for index, loud in enumerate(is_loud):
            self._quiet_frames = 0 if loud else self._quiet_frames + 1
            if self._quiet_frames <= _SETTLE_FRAMES:
                heard.append(index)
        return heard


def _model_path() -> Path:
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise ModelFileMissing(path="faster_whisper")
    assets = Path(next(iter(spec.submodule_search_locations))) / "assets"
    found = sorted(assets.glob("silero_vad*.onnx"))
    if not found:
        raise ModelFileMissing(path=str(assets / "silero_vad.onnx"))
    return found[-1]
