"""How well recognised text matches what was said."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import jiwer

from core.model.call import Language
from core.model.utterance import Recognition
from core.settings import PROJECT_ROOT
from core.speech.recording import feed_recording
from core.speech.transcriber import Transcriber

DEMO_DIR = PROJECT_ROOT / "demo"
SHARED_AUDIO = PROJECT_ROOT.parent / "shared" / "data" / "audio"
"""Real recordings that do not belong to the project; missing in a fresh clone."""
KOREAN_RECORDING = SHARED_AUDIO / "ko_narration_1.wav"

_CLOSE_S = 120.0


def demo_text(speaker: str) -> str:
    """What one side of the demo call says."""
    script = DEMO_DIR / "scenarios" / "en_double_charge.json"
    turns = json.loads(script.read_text(encoding="utf-8"))["turns"]
    return " ".join(turn["text"] for turn in turns if turn["speaker"] == speaker)


def korean_text() -> str:
    """What the Korean recording says."""
    return KOREAN_RECORDING.with_suffix(".txt").read_text(encoding="utf-8")


def recognise(transcriber: Transcriber, path: Path, language: Language) -> list[Recognition]:
    """The final recognitions of a sound file, through a session as a live call has it."""
    finals: list[Recognition] = []
    session = transcriber.open_session(path.stem, language, lambda r: finals.append(r) if r.is_final else None)
    try:
        feed_recording(session, path)
    finally:
        complete = session.close(_CLOSE_S)
    if not complete:
        raise RuntimeError(f"{path} was not recognised in full; the engine says: {transcriber.health.in_english}")
    return finals


def joined(recognitions: Iterable[Recognition]) -> str:
    """Their texts in one line."""
    return " ".join(recognition.text for recognition in recognitions)


def word_error_rate(said: str, heard: str) -> float:
    """Wrong, missing and added words by the number of words said; case and punctuation do not count."""
    return float(jiwer.wer(_words(said), _words(heard)))


def character_error_rate(said: str, heard: str) -> float:
    """The same by characters, without spaces, as is usual for Korean."""
    return float(jiwer.cer(_words(said).replace(" ", ""), _words(heard).replace(" ", "")))


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())
