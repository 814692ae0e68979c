"""How well recognised text matches what was said."""

import json
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import jiwer

from core.media.guard import Tally
from core.media.opus import OpusEncoder
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.sound_file import read_frames
from core.media.speech_feed import SpeechFeed
from core.model.audio import PcmChunk
from core.model.call import Language, LegId
from core.model.utterance import Recognition
from core.settings import PROJECT_ROOT
from core.speech.recording import ROOM_S, feed_recording
from core.speech.transcriber import SpeechSession, Transcriber

DEMO_DIR = PROJECT_ROOT / "demo"
SHARED_AUDIO = PROJECT_ROOT.parent / "shared" / "data" / "audio"
"""Real recordings that do not belong to the project; missing in a fresh clone."""
KOREAN_RECORDING = SHARED_AUDIO / "ko_narration_1.wav"
CALL_RECORDINGS = [SHARED_AUDIO / f"en_call_{side}.flac" for side in ("agent", "customer")]
"""The two sides of a real call in English, on one clock."""

_CLOSE_S = 120.0
_POLL_S = 0.01


def demo_text(speaker: str) -> str:
    """What one side of the demo call says."""
    script = DEMO_DIR / "scenarios" / "en_double_charge.json"
    turns = json.loads(script.read_text(encoding="utf-8"))["turns"]
    return " ".join(turn["text"] for turn in turns if turn["speaker"] == speaker)


def korean_text() -> str:
    """What the Korean recording says. Its transcript has `/` where the reader says the word."""
    return KOREAN_RECORDING.with_suffix(".txt").read_text(encoding="utf-8").replace("/", " 슬래시 ")


def recognise(
    transcriber: Transcriber,
    path: Path,
    language: Language,
    feed: Callable[[SpeechSession, Path], object] = feed_recording,
) -> list[Recognition]:
    """The final recognitions of a sound file, through a session as a live call has it."""
    finals: list[Recognition] = []
    session = transcriber.open_session(path.stem, language, lambda r: finals.append(r) if r.is_final else None)
    try:
        feed(session, path)
    finally:
        complete = session.close(_CLOSE_S)
    if not complete:
        raise RuntimeError(f"{path} was not recognised in full; the engine says: {transcriber.health.in_english}")
    return finals


def feed_packets(session: SpeechSession, path: Path) -> None:
    """Feed a file as a leg's voice comes: encoded as Opus, in packets, through the media process's own speech feed."""
    chunks: list[PcmChunk] = []
    encoder, feed = OpusEncoder(), SpeechFeed(LegId("bench"), chunks.append, Tally())
    for number, frame in enumerate(read_frames(path)):
        payload = encoder.encode(frame)
        feed.push(MediaPacket(1, number % 2**16, number * FRAME_SAMPLES, payload, (number + 1) * FRAME_S))
        while session.stats.waiting_s > ROOM_S:
            time.sleep(_POLL_S)
        while chunks:
            chunk = chunks.pop(0)
            session.feed(chunk.pcm, chunk.start_s)
    feed.flush()
    for chunk in chunks:
        session.feed(chunk.pcm, chunk.start_s)


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
