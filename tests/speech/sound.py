"""Made-up audio in `SPEECH_FORMAT`: what is loud counts as speech for `LoudnessActivity`."""

import numpy as np

from core.speech.transcriber import SpeechSession

CHUNK_S = 0.1


def loud(seconds: float, loudness: int = 5_000) -> bytes:
    return np.full(round(seconds * 16_000), loudness, dtype="<i2").tobytes()


def silent(seconds: float) -> bytes:
    return bytes(2 * round(seconds * 16_000))


def feed_in_chunks(session: SpeechSession, pcm: bytes, start_s: float = 0.0) -> float:
    """Feed as the media process does, 100 ms at a time. Returns the time after the last sample."""
    size = round(CHUNK_S * 32_000)
    for at in range(0, len(pcm), size):
        session.feed(pcm[at : at + size], start_s + at / 32_000)
    return start_s + len(pcm) / 32_000
