"""A local transcriber on scripted parts, and the real Whisper base for tests marked `model`."""

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.model.clock import Clock
from core.model.health import PartState
from core.model.message import Message
from core.model.utterance import Recognition
from core.settings import PROJECT_ROOT, Settings
from core.speech.endpointing import EndpointRules
from core.speech.engine import open_transcriber
from core.speech.local import LoadedModels, LocalTranscriber
from core.speech.model_files import ensure_model
from core.speech.recording import RecordingClock
from core.speech.session import SessionRules
from core.speech.transcriber import Transcriber
from tests.fakes.clock import ManualClock
from tests.fakes.decoder import LoudnessActivity, ScriptedDecoder

OpenLocal = Callable[..., LocalTranscriber]


class Heard:
    """Collects recognitions."""

    def __init__(self) -> None:
        self.all: list[Recognition] = []

    def __call__(self, recognition: Recognition) -> None:
        self.all.append(recognition)

    @property
    def finals(self) -> list[Recognition]:
        return [r for r in self.all if r.is_final and not r.is_given_up]

    @property
    def lost(self) -> list[tuple[float, float]]:
        """From when to when audio was given up."""
        return [(r.start_s, r.end_s) for r in self.all if r.is_given_up]

    @property
    def texts(self) -> list[str]:
        return [recognition.text for recognition in self.finals]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def decoder() -> ScriptedDecoder:
    return ScriptedDecoder()


@pytest.fixture
def open_local(decoder: ScriptedDecoder) -> Iterator[OpenLocal]:
    """Opens local transcribers on scripted parts, and closes them after the test."""
    opened: list[LocalTranscriber] = []

    def open_one(
        load: Callable[[], LoadedModels] | None = None,
        interim_every_s: float | None = None,
        workers: int = 2,
        clock: Clock | None = None,
    ) -> LocalTranscriber:
        transcriber = LocalTranscriber(
            load=load or (lambda: LoadedModels(decoder, LoudnessActivity, Message("scripted"))),
            rules=SessionRules(EndpointRules(), interim_every_s),
            workers=workers,
            clock=clock or ManualClock(),
        )
        opened.append(transcriber)
        return transcriber

    yield open_one
    decoder.release()
    for transcriber in opened:
        transcriber.close()


@pytest.fixture(scope="session")
def whisper_settings() -> Settings:
    """Settings whose data folder holds Whisper base, joined once for all test processes."""
    settings = Settings(_env_file=None, data_dir=PROJECT_ROOT / "data", whisper_model="")
    settings.data_dir.mkdir(exist_ok=True)
    with (settings.data_dir / ".whisper-base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ensure_model(settings)
    return settings


@pytest.fixture(scope="session")
def whisper(whisper_settings: Settings) -> Iterator[Transcriber]:
    """The real engine, for files."""
    transcriber = open_transcriber(whisper_settings, RecordingClock(), interims=False)
    yield transcriber
    health = transcriber.health
    transcriber.close()
    assert health.state is PartState.UP, health.in_english


@pytest.fixture
def demo_dir() -> Path:
    return PROJECT_ROOT / "demo"
