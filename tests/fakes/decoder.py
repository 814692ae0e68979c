"""A decoder and a voice activity detector that do what the test tells them to."""

import threading
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.speech.decoder import Decoding

LOUD = 1_000
"""From this amplitude on `LoudnessActivity` takes a frame for speech."""


def certain(text: str) -> Decoding:
    """A decoding that no guard doubts."""
    return Decoding(text, average_log_probability=-0.1, no_speech_probability=0.0, engine="scripted", model="test")


class ScriptedDecoder:
    """Implements `core.speech.decoder.Decoder`: says the loudness of what it is given, or what `say` makes of it.

    With `hold()` every decoding waits until `release()`; `calls` counts those that have begun. With `batches` all
    utterances of one language may be decoded together, and `batches_taken` says of which loudness they were.
    """

    engine = "scripted"
    model = "test"

    def __init__(self, say: Callable[[int, bool], Decoding] | None = None, batches: bool = False) -> None:
        self._say = say or (lambda loudness, is_final: certain(f"loud {loudness}"))
        self._changed = threading.Condition()
        self._is_held = False
        self._batches = batches
        self.calls: list[tuple[int, bool]] = []
        self.batches_taken: list[list[int]] = []

    def hold(self) -> None:
        self._is_held = True

    def release(self) -> None:
        with self._changed:
            self._is_held = False
            self._changed.notify_all()

    def wait_for_calls(self, number: int, timeout_s: float = 5.0) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.calls) >= number, timeout_s)

    def knows(self, language: str) -> bool:
        return language in ("ko", "en")

    def decode(self, samples: NDArray[np.int16], language: str, is_final: bool) -> Decoding:
        loudness = int(samples.max())
        with self._changed:
            self.calls.append((loudness, is_final))
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_held, 10.0)
        return self._say(loudness, is_final)

    def batch_key(self, seconds: float, language: str) -> Hashable:
        return language if self._batches else None

    def decode_batch(self, batch: Sequence[NDArray[np.int16]], language: str) -> list[Decoding]:
        self.batches_taken.append([int(samples.max()) for samples in batch])
        return [self.decode(samples, language, is_final=True) for samples in batch]


class LoudnessActivity:
    """Implements `core.speech.voice_activity.ActivityStream`: what is loud is speech. Counts its resets."""

    def __init__(self) -> None:
        self.resets = 0

    def probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        return np.where(np.abs(frames).max(axis=1) >= LOUD, np.float32(0.95), np.float32(0.02))

    def reset(self) -> None:
        self.resets += 1
