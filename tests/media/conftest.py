"""Fixtures of the media tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.rig import write_tone
from tests.support.namespace import own_namespace


@pytest.fixture(scope="module")
def namespace() -> Iterator[tuple[str, str]]:
    """The whole module runs in a network namespace of its own."""
    with own_namespace() as addresses:
        yield addresses


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Short sound files, each one tone, by frequency in Hz."""
    folder = tmp_path_factory.mktemp("tones")
    return {hertz: write_tone(folder / f"{hertz}.wav", hertz, seconds=1.0) for hertz in (440, 1000, 1700)}
