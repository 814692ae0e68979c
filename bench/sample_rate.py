"""16 kHz or 48 kHz: `python -m bench.sample_rate [--json] [--shifts N]`.

Whisper itself reads 16 kHz. What can be chosen is where a voice becomes that: in the Opus decoder, which makes 16 kHz
straight from the packets (what Earshot does), or after it, from 48 kHz. Both ways hear the same packets and go through
the same session, and the error rates of what is recognised are compared.

A model's reading of one recording changes by a character or two when the recording begins a few milliseconds later, so
it is encoded several times, each time shifted by some samples, and the mean of the rates is what counts. Korean needs a
recording that is not part of the project.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np

from bench.accuracy import (
    DEMO_DIR,
    KOREAN_RECORDING,
    character_error_rate,
    demo_text,
    joined,
    korean_text,
    recognise,
    word_error_rate,
)
from bench.speech import SIDES, opened
from core.media.libopus import Decoder
from core.media.opus import OpusDecoder, OpusEncoder, Pcm, audio_frame
from core.media.packet import FRAME_SAMPLES
from core.media.sound_file import read_frames
from core.model.audio import SPEECH_FORMAT
from core.settings import load_settings
from core.speech.local import LocalTranscriber
from core.speech.recording import ROOM_S
from core.speech.transcriber import SpeechSession

SHIFT_SAMPLES = 337
"""7 ms at 48 kHz, no multiple of any frame."""


def packets(path: Path, shift: int) -> Iterator[bytes]:
    """A file's voice as Opus packets, with some samples of silence before it."""
    sound = np.concatenate([np.zeros(shift, np.int16), *read_frames(path)])
    encoder = OpusEncoder()
    for at in range(0, len(sound) // FRAME_SAMPLES * FRAME_SAMPLES, FRAME_SAMPLES):
        yield encoder.encode(sound[at : at + FRAME_SAMPLES])


def straight(payloads: Iterator[bytes]) -> Iterator[Pcm]:
    """16 kHz from the decoder."""
    decoder = Decoder(SPEECH_FORMAT.sample_rate)
    for payload in payloads:
        yield np.frombuffer(decoder.decode(payload, FRAME_SAMPLES), np.int16)


def resampled(payloads: Iterator[bytes]) -> Iterator[Pcm]:
    """48 kHz from the decoder, brought to 16 kHz."""
    decoder = OpusDecoder()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SPEECH_FORMAT.sample_rate)
    for number, payload in enumerate(payloads):
        for frame in resampler.resample(audio_frame(decoder.decode(payload), number * FRAME_SAMPLES)):
            yield frame.to_ndarray()[0]
    for frame in resampler.resample(None):
        yield frame.to_ndarray()[0]


WAYS: dict[str, Callable[[Iterator[bytes]], Iterator[Pcm]]] = {"16_khz": straight, "48_khz": resampled}


def feed(way: str, shift: int, session: SpeechSession, path: Path) -> None:
    """Feed a file one way."""
    start_s = 0.0
    for pcm in WAYS[way](packets(path, shift)):
        while session.stats.waiting_s > ROOM_S:
            time.sleep(0.01)
        session.feed(pcm.tobytes(), start_s)
        start_s += len(pcm) / SPEECH_FORMAT.sample_rate


def error_rates(transcriber: LocalTranscriber, way: str, shift: int) -> dict[str, float]:
    """The rates of one way and one shift."""
    rates = {}
    heard = [
        joined(recognise(transcriber, DEMO_DIR / f"{side}.ogg", "en", partial(feed, way, shift))) for side in SIDES
    ]
    rates[f"word_error_rate_english_{way}"] = word_error_rate(" ".join(map(demo_text, SIDES)), " ".join(heard))
    if KOREAN_RECORDING.exists():
        korean = joined(recognise(transcriber, KOREAN_RECORDING, "ko", partial(feed, way, shift)))
        rates[f"character_error_rate_korean_{way}"] = character_error_rate(korean_text(), korean)
    return rates


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.sample_rate", description="16 kHz or 48 kHz for Whisper.")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--shifts", type=int, default=5, help="how often each recording is encoded")
    options = parser.parse_args()
    transcriber = opened(load_settings(), interims=False)
    found: dict[str, list[float]] = {}
    try:
        for number in range(options.shifts):
            for way in WAYS:
                for name, rate in error_rates(transcriber, way, number * SHIFT_SAMPLES).items():
                    found.setdefault(name, []).append(rate)
    finally:
        transcriber.close()
    figures = {}
    for name in sorted(found):
        figures[f"{name}_mean_ratio"] = round(statistics.mean(found[name]), 4)
        figures[f"{name}_lowest_ratio"] = round(min(found[name]), 4)
        figures[f"{name}_highest_ratio"] = round(max(found[name]), 4)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, figure in figures.items():
            print(f"{name:>60}  {figure}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
