"""Fixtures of the media tests."""

from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT
from tests.media.rig import write_tone


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Short sound files, each one tone, by frequency in Hz."""
    folder = tmp_path_factory.mktemp("tones")
    return {hertz: write_tone(folder / f"{hertz}.wav", hertz, seconds=1.0) for hertz in (440, 1000, 1700)}


@pytest.fixture(scope="session")
def speech_file() -> Path:
    """A voice of the demo: no two packets of it are alike."""
    return PROJECT_ROOT / "demo" / "agent.ogg"
