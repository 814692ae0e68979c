"""The speech engine behind pipes: one answer a stretch, whatever the stretch is like."""

import io
import json

import pytest

from core.model.utterance import Recognition
from core.speech import dictation
from core.speech.dictation import recognise, serve
from core.speech.session import MAX_WAITING_S
from core.speech.transcriber import OnRecognition, SpeechStats
from tests.fakes.speech import ScriptedSession, ScriptedTranscriber
from tests.speech.conftest import OpenLocal
from tests.speech.sound import loud, silent


class ClosingWords(ScriptedTranscriber):
    """Says, when a session is closed, that it was the so-manieth; a guess and a pause come with it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[ScriptedSession] = []

    def open_session(self, name: str, language: str, on_recognition: OnRecognition) -> ScriptedSession:
        session = super().open_session(name, language, on_recognition)
        self.opened.append(session)
        words = (("Good", False), (f"Good morning, number {len(self.opened)}.", True), ("", True), ("Bye.", True))
        session.on_close = [Recognition(n, text, final, 0.0, 1.0) for n, (text, final) in enumerate(words)]
        return session


def stretch(pcm: bytes, language: str = "en") -> bytes:
    return json.dumps({"language": language, "bytes": len(pcm)}).encode() + b"\n" + pcm


def answers(transcriber: ClosingWords, *stretches: bytes) -> list[dict[str, str]]:
    target = io.StringIO()
    serve(transcriber, io.BytesIO(b"".join(stretches)), target)
    return [json.loads(line) for line in target.getvalue().splitlines()]


def test_what_was_said_in_a_stretch_is_its_final_texts_alone() -> None:
    transcriber = ClosingWords()
    assert recognise(transcriber, b"\1\0" * 160, "ko") == "Good morning, number 1. Bye."
    (session,) = transcriber.opened
    assert session.language == "ko"
    assert session.fed == [(b"\1\0" * 160, 0.0)]


def test_each_stretch_has_its_answer_even_if_it_looks_like_a_line() -> None:
    transcriber = ClosingWords()
    told = answers(transcriber, stretch(b"{}\n" * 100), stretch(b""), stretch(b"\0\0" * 50, "ko"))
    assert [each["text"] for each in told] == [f"Good morning, number {number}. Bye." for number in (1, 2, 3)]
    assert [session.language for session in transcriber.opened] == ["en", "en", "ko"]


def test_of_too_long_a_stretch_the_beginning_is_heard_and_the_next_one_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictation, "LARGEST_STRETCH", 400)
    transcriber = ClosingWords()
    assert len(answers(transcriber, stretch(b"\1\0" * 300), stretch(b"\2\0" * 10))) == 2
    assert [session.fed for session in transcriber.opened] == [[(b"\1\0" * 200, 0.0)], [(b"\2\0" * 10, 0.0)]]


def test_a_stretch_longer_than_a_session_keeps_is_heard_to_its_end(open_local: OpenLocal) -> None:
    pcm = b"".join(loud(11.0, 5_000 + number) + silent(1.0) for number in range(10))
    assert MAX_WAITING_S * 32_000 < len(pcm) <= dictation.LARGEST_STRETCH
    assert recognise(open_local(), pcm, "ko") == " ".join(f"loud {5_000 + number}" for number in range(10))


def test_an_engine_that_is_stuck_holds_nobody_up_for_longer_than_a_stretch_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stuck(ClosingWords):
        def open_session(self, name: str, language: str, on_recognition: OnRecognition) -> ScriptedSession:
            session = super().open_session(name, language, on_recognition)
            session.stats = SpeechStats(fed_s=0.0, dropped_s=0.0, waiting_s=20.0)
            return session

    monkeypatch.setattr(dictation, "STRETCH_S", 0.1)
    transcriber = Stuck()
    assert recognise(transcriber, loud(1.0), "en") == "Good morning, number 1. Bye."
    assert b"".join(pcm for pcm, _ in transcriber.opened[0].fed) == loud(1.0)
