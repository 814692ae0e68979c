"""Sound files as streams of audio for a speech session."""

import math
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from core.model.audio import SPEECH_FORMAT
from core.model.errors import RecordingUnreadable
from core.speech.transcriber import SpeechSession

BLOCK_S = 0.1
BLOCK_BYTES = 2 * round(BLOCK_S * SPEECH_FORMAT.sample_rate)
ROOM_S = 10.0
"""A file waits while its session has more than this to look at, far below where sessions begin to drop audio."""
_POLL_S = 0.01


class RecordingClock:
    """Implements `core.model.clock.Clock`: time stands still, since a file that is read late is no broken line."""

    def monotonic(self) -> float:
        """Always the same."""
        return 0.0

    def wall(self) -> float:
        """Always the same."""
        return 0.0


def read_recording(path: Path) -> Iterator[bytes]:
    """The first sound track of any file that PyAV reads, as blocks of 100 ms in `SPEECH_FORMAT`.

    Raises:
        RecordingUnreadable: the file is not there, holds no sound, or is damaged; also in the middle of it.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise RecordingUnreadable(path=str(path), reason="it holds no sound")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=SPEECH_FORMAT.sample_rate)
            waiting = bytearray()
            for frame in container.decode(container.streams.audio[0]):
                for converted in resampler.resample(frame):
                    waiting += converted.to_ndarray().astype(np.int16, copy=False).tobytes()
                while len(waiting) >= BLOCK_BYTES:
                    yield bytes(waiting[:BLOCK_BYTES])
                    del waiting[:BLOCK_BYTES]
            for converted in resampler.resample(None):
                waiting += converted.to_ndarray().astype(np.int16, copy=False).tobytes()
            if waiting:
                yield bytes(waiting)
    except (OSError, ValueError) as error:
        raise RecordingUnreadable(path=str(path), reason=_words(error)) from error


def blocks_of(pcm: bytes) -> Iterator[bytes]:
    """Audio in `SPEECH_FORMAT` as blocks of 100 ms."""
    return (pcm[at : at + BLOCK_BYTES] for at in range(0, len(pcm), BLOCK_BYTES))


def feed_recording(session: SpeechSession, path: Path) -> float:
    """Feed a whole file as `feed_blocks` does.

    Raises:
        RecordingUnreadable: what was read until then has been fed.
    """
    return feed_blocks(session, read_recording(path))


def feed_blocks(session: SpeechSession, blocks: Iterable[bytes], patience_s: float = math.inf) -> float:
    """Feed audio as fast as the session can take it, and return its duration in seconds. Blocking.

    The session's clock starts at 0 with the first block. Nothing is dropped while there is patience: feeding waits
    for the session, whose transcriber therefore wants a `RecordingClock`.
    """
    start_s = 0.0
    deadline = time.monotonic() + patience_s
    for pcm in blocks:
        while session.stats.waiting_s > ROOM_S and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        session.feed(pcm, start_s)
        start_s += SPEECH_FORMAT.seconds(pcm)
    return start_s


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
