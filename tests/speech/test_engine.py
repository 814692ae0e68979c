"""Which engine is used, and that there is never a second one."""

import ast
import threading
from pathlib import Path

import pytest

from core.model.clock import SystemClock
from core.model.health import PartState
from core.settings import PROJECT_ROOT, Settings, SpeechEngine
from core.speech.engine import open_transcriber
from core.speech.local import LocalTranscriber
from core.speech.provider_transcriber import ProviderTranscriber
from tests.support.waiting import wait_for


def test_failure_8_google_is_one_engine_with_one_thread(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None, data_dir=tmp_path, engine=SpeechEngine.GOOGLE, google_project="a-project",
        google_endpoint="http://127.0.0.1:9",
    )  # fmt: skip
    before = set(threading.enumerate())
    transcriber = open_transcriber(settings, SystemClock())
    try:
        assert type(transcriber) is ProviderTranscriber
        assert "speech-google" in {thread.name for thread in set(threading.enumerate()) - before}
        assert wait_for(lambda: transcriber.health.state is PartState.UP)
    finally:
        transcriber.close()


@pytest.mark.parametrize("engine", [SpeechEngine.AUTO, SpeechEngine.WHISPER])
def test_failure_8_there_is_one_engine_with_one_set_of_threads(engine: SpeechEngine, tmp_path: Path) -> None:
    """Two engines side by side doubled the code, the cost and the ways to fail: a setting chooses one."""
    no_model = tmp_path / "no model"
    no_model.mkdir()
    settings = Settings(_env_file=None, data_dir=tmp_path, engine=engine, whisper_model=str(no_model))
    before = set(threading.enumerate())
    transcriber = open_transcriber(settings, SystemClock())
    try:
        assert type(transcriber) is LocalTranscriber
        started = [thread.name for thread in set(threading.enumerate()) - before]
        assert started.count("speech-endpointing") == 1
        assert set(started) <= {"speech-endpointing", "speech-load"}
    finally:
        transcriber.close()


def test_failure_8_nobody_but_engine_py_chooses_an_engine() -> None:
    """No part of the product knows which engine it talks to: they import the interface, or `open_transcriber`."""
    engines = {"core.speech.whisper", "core.speech.local", "core.speech.google", "core.speech.provider_transcriber"}
    inside = {"engine.py", "model_files.py"}
    offenders = []
    for path in [
        PROJECT_ROOT / "app.py",
        *(PROJECT_ROOT / "pages").rglob("*.py"),
        *(PROJECT_ROOT / "core").rglob("*.py"),
    ]:
        if path.parent.name == "speech" and path.name in inside:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in engines:
                offenders.append(f"{path.relative_to(PROJECT_ROOT)}: {node.module}")
    assert offenders == []


def test_a_model_that_is_no_model_is_shown_and_does_not_stop_the_server(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("config.json", "tokenizer.json", "model.bin"):
        (broken / name).write_bytes(b"not a model")
    transcriber = open_transcriber(
        Settings(_env_file=None, data_dir=tmp_path, whisper_model=str(broken)), SystemClock()
    )
    try:
        assert wait_for(lambda: transcriber.health.state is PartState.DOWN)
        assert "damaged" in transcriber.health.in_english
        assert str(broken) in transcriber.health.in_english
    finally:
        transcriber.close()
