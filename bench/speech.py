"""Speech recognition measured: `python -m bench.speech [--json] [--seconds N]`.

Accuracy and real-time factor from files as fast as they can be read; delays with voices fed at real time, as a call
feeds them. Delays count from the true end (or start) of speech as the endpointing finds it, so they hold the
endpointing's own silence too. The accuracy for Korean needs a recording that is not part of the project.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

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
from core.model.audio import SPEECH_FORMAT
from core.model.clock import SystemClock
from core.model.health import PartState
from core.model.utterance import Recognition
from core.settings import Settings, load_settings
from core.speech.engine import open_transcriber
from core.speech.recording import RecordingClock, read_recording
from core.speech.transcriber import Transcriber

CLOSE_S = 60.0
SIDES = ("agent", "customer")


@dataclass
class Voice:
    """One speaker: blocks of 100 ms, and what was recognised of them with the time at which it came."""

    blocks: list[bytes]
    heard: list[tuple[float, Recognition]] = field(default_factory=list)


def accuracy(settings: Settings) -> dict[str, float | None]:
    """Error rates and the cost of recognising files."""
    transcriber = open_transcriber(settings, RecordingClock(), interims=False)
    try:
        wait_until_up(transcriber)
        started_s, cpu_s = time.monotonic(), time.process_time()
        heard = {side: recognise(transcriber, DEMO_DIR / f"{side}.ogg", "en") for side in SIDES}
        took_s, cpu_s = time.monotonic() - started_s, time.process_time() - cpu_s
        audio_s = sum(seconds(DEMO_DIR / f"{side}.ogg") for side in SIDES)
        spoken_s = sum(each.end_s - each.start_s for side in SIDES for each in heard[side])
        korean = None
        if KOREAN_RECORDING.exists():
            korean = character_error_rate(korean_text(), joined(recognise(transcriber, KOREAN_RECORDING, "ko")))
        said = " ".join(map(demo_text, SIDES))
        return {
            "word_error_rate_english_ratio": word_error_rate(said, " ".join(joined(heard[side]) for side in SIDES)),
            "character_error_rate_korean_ratio": korean,
            "real_time_factor_ratio": took_s / audio_s,
            "real_time_factor_of_speech_ratio": took_s / spoken_s,
            "cpu_per_speech_ratio": cpu_s / spoken_s,
        }
    finally:
        transcriber.close()


def delays(settings: Settings, speakers: int, limit_s: float) -> dict[str, float | None]:
    """Delays with `speakers` voices at real time. Half of them talk at any time, as in so many calls' halves."""
    voices = [Voice(shifted(blocks_of(SIDES[n % 2], limit_s), n // 2)) for n in range(speakers)]
    transcriber = open_transcriber(settings, SystemClock())
    try:
        wait_until_up(transcriber)
        start_s, cpu_s = time.monotonic() + 0.1, time.process_time()
        feeders = [
            threading.Thread(target=speak, args=(transcriber, voice, start_s), name=f"bench-voice-{number}")
            for number, voice in enumerate(voices)
        ]
        for feeder in feeders:
            feeder.start()
        for feeder in feeders:
            feeder.join()
        cores = (time.process_time() - cpu_s) / (time.monotonic() - start_s)
    finally:
        transcriber.close()
    finals, interims = [], []
    for voice in voices:
        finals += [at_s - each.end_s for at_s, each in voice.heard if each.is_final and each.text]
        first: dict[int, float] = {}
        for at_s, each in voice.heard:
            if not each.is_final:
                first.setdefault(each.ordinal, at_s - each.start_s)
        interims += list(first.values())
    name = f"{speakers}_speakers"
    return {
        f"end_of_speech_to_final_p50_s_{name}": percentile(finals, 50),
        f"end_of_speech_to_final_p95_s_{name}": percentile(finals, 95),
        f"start_of_speech_to_first_interim_p50_s_{name}": percentile(interims, 50),
        f"start_of_speech_to_first_interim_p95_s_{name}": percentile(interims, 95),
        f"cpu_of_one_core_ratio_{name}": cores,
        f"utterances_count_{name}": len(finals),
        f"utterances_with_interim_count_{name}": len(interims),
    }


def speak(transcriber: Transcriber, voice: Voice, start_s: float) -> None:
    """Feed one voice at real time; every block when its last sample would have been spoken."""
    session = transcriber.open_session(
        threading.current_thread().name, "en", lambda each: voice.heard.append((time.monotonic(), each))
    )
    at_s = start_s
    for block in voice.blocks:
        end_s = at_s + SPEECH_FORMAT.seconds(block)
        time.sleep(max(0.0, end_s - time.monotonic()))
        session.feed(block, at_s)
        at_s = end_s
    session.close(CLOSE_S)


def blocks_of(side: str, limit_s: float) -> list[bytes]:
    """One side of the demo call, up to `limit_s` seconds of it."""
    return list(read_recording(DEMO_DIR / f"{side}.ogg"))[: round(limit_s * 10)]


def shifted(blocks: list[bytes], calls: int) -> list[bytes]:
    """The same, beginning later in the call, so that not all calls pause at the same time."""
    return blocks[37 * calls :] + blocks[: 37 * calls]


def seconds(path: Path) -> float:
    """A sound file's length."""
    return sum(map(SPEECH_FORMAT.seconds, read_recording(path)))


def percentile(values: list[float], percent: int) -> float | None:
    """By linear interpolation; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def wait_until_up(transcriber: Transcriber) -> None:
    """Wait for the model, whose loading is no part of the figures."""
    while transcriber.health.state is PartState.STARTING:
        time.sleep(0.05)
    if transcriber.health.state is not PartState.UP:
        raise SystemExit(transcriber.health.in_english)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.speech", description="Measure speech recognition.")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each measurement at real time takes")
    options = parser.parse_args()
    settings = load_settings()
    figures: dict[str, float | str | None] = {
        "model": settings.whisper_model or "base",
        "workers_count": settings.whisper_workers,
        "beam_count": settings.whisper_beam,
        "endpoint_s": settings.endpoint_ms / 1000,
        "cores_count": os.cpu_count(),
        "load_average_1_min_count": os.getloadavg()[0],
        **accuracy(settings),
        **delays(settings, 2, options.seconds),
        **delays(settings, 4, options.seconds),
    }
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}
    if options.json:
        print(json.dumps(rounded))
    else:
        for key, value in rounded.items():
            print(f"{key:>52}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
