"""Writes down what is said in sound files: `python -m core.speech FILE... --language ko [--json]`.

Exit code 0 when all files were read, 2 when one of them, or the engine, could not be used.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path

from core.model.errors import EarshotError, EngineUnavailable, RecordingUnreadable
from core.model.health import PartState
from core.model.utterance import Recognition
from core.settings import load_settings
from core.speech.engine import open_transcriber
from core.speech.hints_file import HintsFile
from core.speech.recording import RecordingClock, feed_recording
from core.speech.transcriber import Transcriber

READ_S = 600.0
"""How long the rest of a file that was fed may take to be recognised."""
_POLL_S = 0.05


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and all files."""
    parser = argparse.ArgumentParser(
        prog="python -m core.speech", description="Write down what is said in sound files."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="any sound file")
    parser.add_argument("--language", help="spoken language, ko or en; the one of EARSHOT_LANGUAGE if missing")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each utterance")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        settings = load_settings()
        clock = RecordingClock()
        hints = HintsFile(settings.effective_speech_hints, clock)
        transcriber = open_transcriber(settings, clock, interims=False, hints=hints)
    except EarshotError as error:
        print(error, file=sys.stderr)
        return 2
    exit_code = 0
    try:
        _wait_until_loaded(transcriber, settings.engine)
        for path in options.files:
            if len(options.files) > 1 and not options.json:
                print(f"{path}:", flush=True)
            try:
                _transcribe(transcriber, path, options.language or settings.language, options.json)
            except RecordingUnreadable as error:
                print(error, file=sys.stderr)
                exit_code = 2
    except EngineUnavailable as error:
        print(error, file=sys.stderr)
        exit_code = 2
    finally:
        transcriber.close()
    return exit_code


def _wait_until_loaded(transcriber: Transcriber, engine: str) -> None:
    while (health := transcriber.health).state is PartState.STARTING:
        time.sleep(_POLL_S)
    if health.state is PartState.DOWN:
        raise EngineUnavailable(engine=engine, reason=health.in_english.rstrip("."))


def _transcribe(transcriber: Transcriber, path: Path, language: str, as_json: bool) -> None:
    def show(recognition: Recognition) -> None:
        if recognition.is_final and recognition.text:
            print(_json_line(recognition) if as_json else _text_line(recognition), flush=True)

    session = transcriber.open_session(path.name, language, show)
    try:
        feed_recording(session, path)
    finally:
        complete = session.close(READ_S)
    if not complete:
        raise RecordingUnreadable(path=str(path), reason=f"a part was not recognised; {transcriber.health.in_english}")


def _json_line(recognition: Recognition) -> str:
    return json.dumps(
        {
            "text": recognition.text,
            "start_s": round(recognition.start_s, 3),
            "end_s": round(recognition.end_s, 3),
            "confidence": None if recognition.confidence is None else round(recognition.confidence, 3),
        },
        ensure_ascii=False,
    )


def _text_line(recognition: Recognition) -> str:
    return f"{_clock(recognition.start_s)} - {_clock(recognition.end_s)}  {recognition.text}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 10), 600)
    return f"{minutes:02d}:{rest / 10:04.1f}"


if __name__ == "__main__":
    sys.exit(main())
