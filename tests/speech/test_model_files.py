"""Whisper's files: joined once, checked, and replaced by a sentence where they are not what they should be."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.model.errors import ModelFileCorrupt, ModelFileMissing
from core.settings import PROJECT_ROOT, Settings
from core.speech.model_files import ModelFile, check_sizes, ensure_model, join_model, model_folder

PACKAGE = "speech_model_of_a_test"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModelFile, ...]:
    """A small model in two parts, in an importable package."""
    package = tmp_path / "site" / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "part1").write_bytes(b"first half, ")
    (package / "part2").write_bytes(b"second half")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    whole = b"first half, second half"
    parts = ((PACKAGE, "part1"), (PACKAGE, "part2"))
    return (ModelFile("model.bin", parts, len(whole), hashlib.sha256(whole).hexdigest()),)


def test_a_model_is_joined_from_its_parts(tmp_path: Path, files: tuple[ModelFile, ...]) -> None:
    folder = tmp_path / "models" / "whisper-test"
    join_model(folder, files)
    assert (folder / "model.bin").read_bytes() == b"first half, second half"
    check_sizes(folder, files)
    assert list(folder.parent.iterdir()) == [folder]


def test_joining_again_leaves_a_whole_model(tmp_path: Path, files: tuple[ModelFile, ...]) -> None:
    folder = tmp_path / "models" / "whisper-test"
    join_model(folder, files)
    join_model(folder, files)
    check_sizes(folder, files)
    assert list(folder.parent.iterdir()) == [folder]


def test_a_part_that_was_changed_is_refused_and_nothing_is_left(tmp_path: Path, files: tuple[ModelFile, ...]) -> None:
    folder = tmp_path / "models" / "whisper-test"
    (tmp_path / "site" / PACKAGE / "part2").write_bytes(b"Second half")
    with pytest.raises(ModelFileCorrupt):
        join_model(folder, files)
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize("part", [("a_package_that_is_not_there", "part1"), (PACKAGE, "part3")])
def test_a_part_that_is_missing_is_named(tmp_path: Path, files: tuple[ModelFile, ...], part: tuple[str, str]) -> None:
    with pytest.raises(ModelFileMissing) as raised:
        join_model(tmp_path / "models" / "whisper-test", (replace(files[0], parts=(part,)),))
    assert part[0 if part[0] != PACKAGE else 1] in raised.value.path
    assert list((tmp_path / "models").iterdir()) == []


def test_a_cut_off_file_and_a_missing_file_are_told_apart(tmp_path: Path, files: tuple[ModelFile, ...]) -> None:
    folder = tmp_path / "models" / "whisper-test"
    join_model(folder, files)
    (folder / "model.bin").write_bytes(b"first")
    with pytest.raises(ModelFileCorrupt) as raised:
        check_sizes(folder, files)
    assert raised.value.path == str(folder / "model.bin")
    (folder / "model.bin").unlink()
    with pytest.raises(ModelFileMissing):
        check_sizes(folder, files)


def test_a_folder_of_the_users_own_is_used_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "my model"
    own.mkdir()
    (own / "model.bin").touch()
    settings = Settings(_env_file=None, data_dir=tmp_path, whisper_model=str(own))
    assert ensure_model(settings) == own


def test_a_name_is_looked_up_in_the_data_folder_and_never_fetched_at_a_start(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, whisper_model="Systran/small")
    assert model_folder(settings) == tmp_path / "models" / "whisper-Systran--small"
    with pytest.raises(ModelFileMissing):
        ensure_model(settings)


def test_setup_says_in_a_sentence_that_a_named_model_cannot_be_had(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "EARSHOT_DATA_DIR": str(tmp_path),
        "EARSHOT_WHISPER_MODEL": "small",
    }
    done = subprocess.run(
        [sys.executable, "-m", "core.speech.model_files"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "The speech model small is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "models" / "whisper-small").exists()
