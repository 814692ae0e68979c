"""The checks of what listens, thinks and looks things up, against engines that work and that fail."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fastapi.responses import JSONResponse

from core.assist.openai_model import OpenAIModel
from core.calls.checks.engines import (
    SENTENCE,
    SENTENCE_S,
    SLOW_MODEL_S,
    SLOW_S,
    look_up,
    read_answer,
    recognise,
    tiny_request,
)
from core.guidance.embedded import EmbeddedRetriever
from core.guidance.remote import RemoteRetriever
from core.model.check import CheckState, Finding
from core.model.clock import SystemClock
from core.model.errors import GuidanceServerFailed, ModelAnswerInvalid, ModelKeyRefused, RecordingUnreadable
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.settings import PROJECT_ROOT, Settings
from core.speech.endpointing import EndpointRules
from core.speech.engine import open_transcriber
from core.speech.local import LoadedModels, LocalTranscriber
from core.speech.scheduler import DecodeStats
from core.speech.session import SessionRules
from tests.fakes.clock import ManualClock
from tests.fakes.decoder import LoudnessActivity, ScriptedDecoder, certain
from tests.fakes.openai_server import OpenAIServer, Script, fails, says, serving
from tests.fakes.retrieval_server import running_retrieval_server
from tests.fakes.speech import ScriptedSession, ScriptedTranscriber
from tests.support.waiting import wait_for

RECORDING = PROJECT_ROOT / "demo" / "agent.ogg"


class Engine(ScriptedTranscriber):
    """Understands what the test says as soon as everything was fed."""

    def __init__(self, text: str, clock: ManualClock, late_s: float = 0.5, state: PartState = PartState.UP) -> None:
        super().__init__()
        self._text, self._clock, self._late_s, self._state = text, clock, late_s, state

    @property
    def health(self) -> PartHealth:
        return PartHealth("speech", self._state, needed=False, detail=(Message("scripted"),))

    def open_session(self, name: str, language: str, on_recognition: Callable[..., None]) -> ScriptedSession:
        session = super().open_session(name, language, on_recognition)
        close = session.close

        def late(timeout_s: float) -> bool:
            self._clock.advance(self._late_s)
            if self._text:
                session.recognise(self._text)
            return close(timeout_s)

        session.close = late  # type: ignore[method-assign]
        return session


def heard(text: str, late_s: float = 0.5, state: PartState = PartState.UP) -> tuple[Finding, Engine]:
    clock = ManualClock()
    engine = Engine(text, clock, late_s, state)
    return recognise(engine, RECORDING, clock, clock.advance), engine


@pytest.mark.parametrize(
    ("text", "late_s", "state", "words"),
    [
        (SENTENCE, 0.5, CheckState.GOOD, "16 of 16 words of a recorded sentence, 0.5 s after its end."),
        ("thank you for calling sunrise my name is dana", 0.5, CheckState.GOOD, "10 of 16"),
        (SENTENCE, SLOW_S + 1, CheckState.WARNING, "5.0 s after"),
        ("감사합니다", 0.5, CheckState.FAILED, "0 were recognised"),
        ("", 0.5, CheckState.FAILED, "0 were recognised"),
    ],
)
def test_speech_is_judged_by_the_words_and_the_time(text: str, late_s: float, state: CheckState, words: str) -> None:
    finding, engine = heard(text, late_s)
    assert (finding.state, finding.cure is None) == (state, state is CheckState.GOOD)
    assert words in str(finding.found[0])
    session = engine.sessions["doctor"]
    assert session.is_closed
    starts = [start_s for _pcm, start_s in session.fed]
    assert starts[-1] - starts[0] == pytest.approx(SENTENCE_S - 0.1), "at the pace at which it is spoken"


@pytest.mark.parametrize(
    ("state", "shown"), [(PartState.STARTING, CheckState.WARNING), (PartState.DOWN, CheckState.FAILED)]
)
def test_an_engine_that_cannot_be_asked_is_not(state: PartState, shown: CheckState) -> None:
    finding, engine = heard(SENTENCE, state=state)
    assert finding.state is shown
    assert engine.sessions == {}
    assert "scripted" in " ".join(map(str, finding.found))


class Behind(LocalTranscriber):
    """Takes what the demo's agent says first for its sentence, and has more to do."""

    def __init__(self) -> None:
        decoder = ScriptedDecoder(lambda loudness, is_final: certain(SENTENCE))
        load = lambda: LoadedModels(decoder, LoudnessActivity, Message("scripted"))  # noqa: E731
        super().__init__(load, SessionRules(EndpointRules(), None), workers=1, clock=ManualClock())

    @property
    def decoding(self) -> DecodeStats:
        return DecodeStats(waiting_finals=3, oldest_s=2.5, late_s=None, skipped_interims=40)


def test_how_far_an_engine_on_this_machine_is_behind_is_told() -> None:
    clock = ManualClock()
    with closing(Behind()) as transcriber:
        assert wait_for(lambda: transcriber.health.state is PartState.UP)
        finding = recognise(transcriber, RECORDING, clock, clock.advance)
    assert finding.state is CheckState.GOOD
    assert str(finding.found[-1]) == (
        "When it was asked, 3 utterances of calls waited for recognition, and final texts were 2.5 s behind; 40 interim"
        " texts were left out since the start."
    )
    assert len(heard(SENTENCE)[0].found) == 1, "a service has no queue here"


def test_a_session_is_closed_when_the_recording_is_missing(tmp_path: Path) -> None:
    clock = ManualClock()
    engine = Engine("", clock)
    with pytest.raises(RecordingUnreadable):
        recognise(engine, tmp_path / "none.ogg", clock, clock.advance)
    assert engine.sessions["doctor"].is_closed


def test_the_real_engine_understands_the_demos_first_sentence() -> None:
    with closing(open_transcriber(Settings(_env_file=None), SystemClock())) as transcriber:
        assert wait_for(lambda: transcriber.health.state is PartState.UP, 60.0)
        finding = recognise(transcriber, RECORDING, SystemClock())
    assert finding.state in (CheckState.GOOD, CheckState.WARNING), finding


@contextmanager
def model(script: Script) -> Iterator[OpenAIModel]:
    with serving(OpenAIServer(script=script)) as server:
        settings = Settings(_env_file=None, openai_base_url=server.base_url, openai_model=server.model)
        with closing(OpenAIModel(settings)) as opened:
            yield opened


def asked(model: OpenAIModel, clock: ManualClock | None = None) -> Finding:
    clock = clock or ManualClock()
    with closing(model.stream(tiny_request(200))) as answer:
        began_s = clock.monotonic()
        clock.advance(0.5)
        return read_answer(model, answer, clock, began_s)


def test_a_model_that_answers_is_good_and_its_time_is_told() -> None:
    with model(says('{"ready": "yes"}')) as opened:
        finding = asked(opened)
        assert finding.state is CheckState.GOOD
        assert "answered: first word after 0.5 s, all of it after 0.5 s." in str(finding.found[0])


def test_a_slow_model_is_a_warning() -> None:
    clock = ManualClock()
    with model(says('{"ready": "yes"}')) as opened, closing(opened.stream(tiny_request(200))) as answer:
        assert read_answer(opened, answer, clock, clock.monotonic() - SLOW_MODEL_S - 1).state is CheckState.WARNING


def test_a_model_that_refuses_or_says_no_json_is_told_by_its_error() -> None:
    with model(fails(401, "invalid_api_key")) as opened, pytest.raises(ModelKeyRefused):
        asked(opened)
    with model(says("I am ready.")) as opened, pytest.raises(ModelAnswerInvalid):
        asked(opened)


def test_the_handbook_is_asked_and_an_empty_one_is_a_warning(tmp_path: Path) -> None:
    finding = look_up(EmbeddedRetriever.load(PROJECT_ROOT / "knowledge"), SystemClock())
    assert finding.state is CheckState.GOOD
    assert "with 3 passages" in str(finding.found[0])
    with running_retrieval_server() as server, closing(RemoteRetriever(server.address, "", 5.0, SystemClock())) as far:
        assert look_up(far, SystemClock()).state is CheckState.GOOD
        server.answer = lambda: JSONResponse({"guidance": "", "documents": []})
        nothing = look_up(far, SystemClock())
        assert (nothing.state, "no passage" in str(nothing.found[0])) == (CheckState.WARNING, True)
        server.answer = lambda: JSONResponse({"detail": "broken"}, 500)
        with pytest.raises(GuidanceServerFailed):
            look_up(far, SystemClock())
