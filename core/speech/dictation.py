"""The speech engine as a process that others talk to: `python -m core.speech.dictation`.

For parts that may not import this one, such as the rehearsal persona. It reads stretches of speech from its standard
input, and writes what was said in each to its standard output:

    {"language": "en", "bytes": 32000}\\n  and so many bytes of 16 kHz mono PCM    ->    {"text": "Good morning."}\\n

Its first line is `{"ready": true}`, or `{"error": "..."}` where the engine cannot be used, after which it ends with 2.
"""

import json
import logging
import sys
import time
from typing import BinaryIO, TextIO

from core.model.clock import SystemClock
from core.model.errors import EarshotError, EngineUnavailable
from core.model.health import PartState
from core.model.utterance import Recognition
from core.settings import load_settings
from core.speech.engine import open_transcriber
from core.speech.hints_file import HintsFile
from core.speech.recording import RecordingClock, blocks_of, feed_blocks
from core.speech.transcriber import Transcriber

STRETCH_S = 60.0
"""How long recognising one stretch may take."""
LARGEST_STRETCH = 16_000 * 2 * 120
"""Bytes: two minutes."""
_POLL_S = 0.05


def main() -> int:
    """Serve until the input ends."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        settings = load_settings()
        hints = HintsFile(settings.effective_speech_hints, SystemClock())
        transcriber = open_transcriber(settings, RecordingClock(), interims=False, hints=hints)
        try:
            _wait_until_loaded(transcriber, settings.engine)
            _write(sys.stdout, {"ready": True})
            serve(transcriber, sys.stdin.buffer, sys.stdout)
        finally:
            transcriber.close()
    except EarshotError as error:
        _write(sys.stdout, {"error": str(error)})
        return 2
    return 0


def serve(transcriber: Transcriber, source: BinaryIO, target: TextIO) -> None:
    """Recognise one stretch after the other; of one that is longer than `LARGEST_STRETCH` the beginning. Blocking."""
    while line := source.readline(1000):
        head = json.loads(line)
        pcm = source.read(int(head["bytes"]))[:LARGEST_STRETCH]
        _write(target, {"text": recognise(transcriber, pcm, str(head["language"]))})


def recognise(transcriber: Transcriber, pcm: bytes, language: str) -> str:
    """What was said in a stretch of 16 kHz mono PCM. Blocking."""
    finals: list[str] = []

    def hear(recognition: Recognition) -> None:
        if recognition.is_final and recognition.text:
            finals.append(recognition.text)

    session = transcriber.open_session("dictation", language, hear)
    deadline = time.monotonic() + STRETCH_S
    feed_blocks(session, blocks_of(pcm), STRETCH_S)
    session.close(max(0.0, deadline - time.monotonic()))
    return " ".join(finals)


def _wait_until_loaded(transcriber: Transcriber, engine: str) -> None:
    while (health := transcriber.health).state is PartState.STARTING:
        time.sleep(_POLL_S)
    if health.state is PartState.DOWN:
        raise EngineUnavailable(engine=engine, reason=health.in_english.rstrip("."))


def _write(target: TextIO, answer: object) -> None:
    target.write(json.dumps(answer, ensure_ascii=False) + "\n")
    target.flush()


if __name__ == "__main__":
    sys.exit(main())
