"""`python -m core.speech`, as a user runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT, Settings
from core.speech.recording import read_recording
from tests.speech.sound import loud
from tests.speech.test_recording import write_wav


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core.speech", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.model
def test_files_are_written_down_and_a_bad_one_does_not_stop_the_others(
    whisper_settings: Settings, demo_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    good = str(demo_dir / "customer.ogg")
    done = run(
        str(tmp_path / "bad.wav"), good, "--language", "en", "--json", EARSHOT_DATA_DIR=str(whisper_settings.data_dir)
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"The recording {tmp_path / 'bad.wav'} cannot be read" in done.stderr
    utterances = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(utterances) >= 8
    assert all(set(each) == {"text", "start_s", "end_s", "confidence"} for each in utterances)
    assert all(0 <= each["confidence"] <= 1 and each["start_s"] < each["end_s"] for each in utterances)
    assert [each["start_s"] for each in utterances] == sorted(each["start_s"] for each in utterances)


@pytest.mark.model
def test_without_json_each_line_has_its_times(whisper_settings: Settings, demo_dir: Path, tmp_path: Path) -> None:
    blocks = list(read_recording(demo_dir / "customer.ogg"))
    beginning = write_wav(tmp_path / "beginning.wav", b"".join(blocks[:170]))
    done = run(str(beginning), "--language", "en", EARSHOT_DATA_DIR=str(whisper_settings.data_dir))
    assert done.returncode == 0, done.stderr
    assert re.match(r"00:0\d\.\d - 00:1\d\.\d  Hello", done.stdout)


def test_an_engine_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = run(str(write_wav(tmp_path / "a.wav", loud(1.0))), EARSHOT_ENGINE="google")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Google" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_is_missing_is_told_in_a_sentence(tmp_path: Path) -> None:
    sound = str(write_wav(tmp_path / "a.wav", loud(1.0)))
    done = run(sound, EARSHOT_WHISPER_MODEL="nowhere", EARSHOT_DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "make setup" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    done = run(str(write_wav(tmp_path / "a.wav", loud(1.0))), EARSHOT_WHISPER_WORKERS="0")
    assert done.returncode == 2
    assert "EARSHOT_WHISPER_WORKERS" in done.stderr
