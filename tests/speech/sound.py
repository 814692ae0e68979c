"""Made-up audio in `SPEECH_FORMAT`: what is loud counts as speech for `LoudnessActivity`."""

import numpy as np
from numpy.typing import NDArray

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


def _noise(random: np.random.Generator, seconds: float, slope: float) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(random.normal(size=round(seconds * 16_000)))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** slope
    return np.fft.irfft(spectrum)


def _keys(random: np.random.Generator, seconds: float) -> NDArray[np.float64]:
    sound = np.zeros(round(seconds * 16_000) + 400)
    for at in np.cumsum(random.uniform(0.08, 0.3, round(seconds / 0.3))):
        sound[round(at * 16_000) :][:400] += random.normal(size=400) * np.exp(-np.arange(400) / 60)
    return sound


def _music(seconds: float) -> NDArray[np.float64]:
    sound = np.zeros(round((seconds + 0.5) * 16_000))
    at_s = np.arange(8_000) / 16_000
    for number in range(round(seconds / 0.25)):
        pitch = (261, 329, 392, 523, 440, 349)[number % 6]
        overtones = [np.sin(2 * np.pi * pitch * n * at_s + 0.3 * np.sin(31 * at_s)) / n for n in range(1, 8)]
        sound[number * 4_000 :][:8_000] += sum(overtones) * np.exp(-4 * at_s)
    return sound


def noises(loudness: int, seconds: float = 3.0) -> dict[str, bytes]:
    """What is heard on a line where nobody speaks."""
    random = np.random.default_rng(7)
    at_s = np.arange(round(seconds * 16_000)) / 16_000
    sounds = {
        "white noise": _noise(random, seconds, 0.0),
        "pink noise": _noise(random, seconds, 0.5),
        "hum": sum(np.sin(2 * np.pi * 50 * n * at_s) for n in (1, 2, 3, 5, 7)),
        "keys": _keys(random, seconds),
        "a tone": np.sin(2 * np.pi * 440 * at_s),
        "music": _music(seconds),
        "breath": _noise(random, seconds, 0.3) * np.maximum(0, np.sin(np.pi * at_s)),
    }
    return {name: (sound / np.abs(sound).max() * loudness).astype("<i2").tobytes() for name, sound in sounds.items()}
