"""Speech recognition measured: `python -m bench.speech [--json] [--speakers 4 50] [--seconds N]`.

Accuracy and real-time factor from files as fast as they can be read; delays with voices fed at real time, as a call
feeds them, by a process of its own whose share of the machine is reported apart. Delays count from the true end (or
start) of speech as the endpointing finds it, so they hold the endpointing's own silence too. The voices are real
recordings of calls, and the Korean text belongs to a recording; where these, which are not part of the project, are
not there, the demo's voices speak, and there is no figure for Korean.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faster_whisper import WhisperModel

from bench.accuracy import (
    CALL_RECORDINGS,
    DEMO_DIR,
    KOREAN_RECORDING,
    character_error_rate,
    demo_text,
    feed_packets,
    joined,
    korean_text,
    recognise,
    word_error_rate,
)
from bench.voices import Voices
from core.model.audio import SPEECH_FORMAT
from core.model.clock import SystemClock
from core.model.health import PartState
from core.model.utterance import Recognition
from core.settings import Settings, load_settings
from core.speech.engine import open_transcriber
from core.speech.local import LocalTranscriber
from core.speech.model_files import ensure_model
from core.speech.recording import BLOCK_S, RecordingClock, read_recording
from core.speech.whisper import COMPUTE_TYPE

CLOSE_S = 60.0
SIDES = ("agent", "customer")
LOOK_S = 0.2
"""How often the queue's age is looked at."""


@dataclass
class Heard:
    """What was recognised of one speaker, with the times at which it came."""

    all: list[tuple[float, Recognition]] = field(default_factory=list)

    def __call__(self, recognition: Recognition) -> None:
        """Called by the engine."""
        self.all.append((time.monotonic(), recognition))

    def final_delays(self, until_s: float) -> Iterator[float]:
        """End of speech to final text, of speech that ended before `until_s`: later the voices were cut off."""
        yield from (
            at_s - each.end_s for at_s, each in self.all if each.is_final and each.text and each.end_s < until_s
        )

    def first_interims(self) -> Iterator[float]:
        """Start of speech to first interim text."""
        for times, utterance in self._interims():
            yield times[0] - utterance.start_s

    def interim_gaps(self) -> Iterator[float]:
        """From each interim text to the next one of the same utterance."""
        for times, _ in self._interims():
            yield from (latter - former for former, latter in itertools.pairwise(times))

    def _interims(self) -> Iterator[tuple[list[float], Recognition]]:
        interims = [(at_s, each) for at_s, each in self.all if not each.is_final]
        for _, same in itertools.groupby(interims, key=lambda one: one[1].ordinal):
            shown = list(same)
            yield [at_s for at_s, _ in shown], shown[0][1]


def accuracy(settings: Settings) -> dict[str, float | None]:
    """Error rates and the cost of recognising files."""
    transcriber = opened(settings, interims=False)
    try:
        started_s, cpu_s = time.monotonic(), time.process_time()
        heard = {side: recognise(transcriber, DEMO_DIR / f"{side}.ogg", "en") for side in SIDES}
        took_s, cpu_s = time.monotonic() - started_s, time.process_time() - cpu_s
        audio_s = sum(seconds(DEMO_DIR / f"{side}.ogg") for side in SIDES)
        spoken_s = sum(each.end_s - each.start_s for side in SIDES for each in heard[side])
        live = [joined(recognise(transcriber, DEMO_DIR / f"{side}.ogg", "en", feed_packets)) for side in SIDES]
        said = " ".join(map(demo_text, SIDES))
        return {
            "word_error_rate_english_ratio": word_error_rate(said, " ".join(joined(heard[side]) for side in SIDES)),
            "word_error_rate_english_through_packets_ratio": word_error_rate(said, " ".join(live)),
            **korean_accuracy(transcriber, settings),
            "real_time_factor_ratio": took_s / audio_s,
            "real_time_factor_of_speech_ratio": took_s / spoken_s,
            "cpu_per_speech_ratio": cpu_s / spoken_s,
        }
    finally:
        transcriber.close()


def korean_accuracy(transcriber: LocalTranscriber, settings: Settings) -> dict[str, float | None]:
    """Error rates in Korean: as a call hears it, as a file, and as the model does on its own with the whole of it."""
    if not KOREAN_RECORDING.exists():
        return {}
    model = WhisperModel(str(ensure_model(settings)), device="cpu", compute_type=COMPUTE_TYPE, local_files_only=True)
    segments, _ = model.transcribe(str(KOREAN_RECORDING), language="ko", beam_size=settings.whisper_beam)
    heard = {
        "through_packets": joined(recognise(transcriber, KOREAN_RECORDING, "ko", feed_packets)),
        "of_the_file": joined(recognise(transcriber, KOREAN_RECORDING, "ko")),
        "whole_to_the_model": " ".join(segment.text for segment in segments),
    }
    said = korean_text()
    return {f"character_error_rate_korean_{way}_ratio": character_error_rate(said, text) for way, text in heard.items()}


def delays(settings: Settings, speakers: int, limit_s: float) -> dict[str, float | None]:
    """Delays with `speakers` voices at real time, two to a call: about half of them talk at any time."""
    transcriber = opened(settings, interims=True)
    recordings = CALL_RECORDINGS if all(path.exists() for path in CALL_RECORDINGS) else demo_voices()
    heard = [Heard() for _ in range(speakers)]
    ages: list[float] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_S):
            ages.append(transcriber.decoding.oldest_s)

    looking = threading.Thread(target=look, name="bench-queue-age")
    try:
        sessions = [transcriber.open_session(f"voice-{n}", "en", heard[n]) for n in range(speakers)]
        voices = Voices(recordings, speakers, limit_s)
        looking.start()
        start_s, cpu_s = time.monotonic(), time.process_time()
        for block in voices:
            sessions[block.speaker].feed(block.pcm, block.start_s)
        stopped_s = time.monotonic()
        took_s = stopped_s - start_s
        cores, generator = (time.process_time() - cpu_s) / took_s, voices.cpu_s / took_s
        skipped = transcriber.decoding.skipped_interims
        closed = [session.close(CLOSE_S) for session in sessions]
        dropped_s = sum(session.stats.dropped_s for session in sessions)
    finally:
        is_over.set()
        looking.join()
        transcriber.close()
    until_s = stopped_s - settings.endpoint_ms / 1000 - BLOCK_S
    finals = [delay for each in heard for delay in each.final_delays(until_s)]
    first = [delay for each in heard for delay in each.first_interims()]
    gaps = [gap for each in heard for gap in each.interim_gaps()]
    spoken_s = sum(each.end_s - each.start_s for one in heard for _, each in one.all if each.is_final)
    figures = {
        "end_of_speech_to_final_p50_s": percentile(finals, 50),
        "end_of_speech_to_final_p95_s": percentile(finals, 95),
        "start_of_speech_to_first_interim_p50_s": percentile(first, 50),
        "start_of_speech_to_first_interim_p95_s": percentile(first, 95),
        "between_interims_p50_s": percentile(gaps, 50),
        "between_interims_p95_s": percentile(gaps, 95),
        "interims_count": len(first) + len(gaps),
        "skipped_interims_count": skipped,
        "queue_age_p95_s": percentile(ages, 95),
        "queue_age_max_s": max(ages, default=None),
        "utterances_count": len(finals),
        "speaking_at_once_count": spoken_s / took_s,
        "cpu_of_one_core_ratio": cores,
        "generator_cpu_of_one_core_ratio": generator,
        "generator_late_max_s": voices.late_s,
        "given_up_s": dropped_s,
        "complete_ratio": float(all(closed)),
    }
    return {f"{name}_{speakers}_speakers": value for name, value in figures.items()}


def opened(settings: Settings, interims: bool) -> LocalTranscriber:
    """The local engine, when it is ready: loading is no part of the figures."""
    transcriber = open_transcriber(settings, SystemClock() if interims else RecordingClock(), interims)
    if not isinstance(transcriber, LocalTranscriber):
        raise SystemExit("the figures are those of the engine on this machine: leave EARSHOT_ENGINE alone")
    while transcriber.health.state is PartState.STARTING:
        time.sleep(0.05)
    if transcriber.health.state is not PartState.UP:
        raise SystemExit(transcriber.health.in_english)
    return transcriber


def demo_voices() -> Sequence[Path]:
    """The voices that come with the project."""
    return [DEMO_DIR / f"{side}.ogg" for side in SIDES]


def seconds(path: Path) -> float:
    """A sound file's length."""
    return sum(map(SPEECH_FORMAT.seconds, read_recording(path)))


def percentile(values: list[float], percent: int) -> float | None:
    """By linear interpolation; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.speech", description="Measure speech recognition.")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each measurement at real time takes")
    parser.add_argument(
        "--speakers", type=int, nargs="+", default=[4, 50], metavar="N", help="voices at the same time; 4 and 50"
    )
    options = parser.parse_args()
    settings = load_settings()
    figures: dict[str, float | str | None] = {
        "model": settings.whisper_model or "base",
        "workers_count": settings.whisper_workers,
        "threads_count": settings.whisper_threads,
        "beam_count": settings.whisper_beam,
        "window_s": settings.whisper_window_s,
        "endpoint_s": settings.endpoint_ms / 1000,
        "cores_count": os.cpu_count(),
        "load_average_1_min_count": os.getloadavg()[0],
        **accuracy(settings),
    }
    for speakers in options.speakers:
        figures |= delays(settings, speakers, options.seconds)
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}
    if options.json:
        print(json.dumps(rounded))
    else:
        for key, value in rounded.items():
            print(f"{key:>60}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
