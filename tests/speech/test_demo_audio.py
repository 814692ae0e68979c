"""The demo call's sound, against the text that it was made from."""

import itertools
from pathlib import Path

import pytest

from bench.accuracy import demo_text, joined, recognise, word_error_rate
from core.speech.recording import read_recording
from core.speech.transcriber import Transcriber

SIDES = ("agent", "customer")


@pytest.mark.model
def test_our_engine_understands_the_demo_whose_sides_take_turns(whisper: Transcriber, demo_dir: Path) -> None:
    heard = {side: recognise(whisper, demo_dir / f"{side}.ogg", "en") for side in SIDES}
    for side in SIDES:
        assert word_error_rate(demo_text(side), joined(heard[side])) < 0.15
    turns = sorted((each for side in SIDES for each in heard[side]), key=lambda each: each.start_s)
    assert turns[0].start_s < 2.0
    assert turns[0] in heard["agent"]
    for former, latter in itertools.pairwise(turns):
        assert latter.start_s >= former.end_s


def test_both_files_are_small_and_equally_long(demo_dir: Path) -> None:
    paths = [demo_dir / f"{side}.ogg" for side in SIDES]
    assert sum(path.stat().st_size for path in paths) < 1_000_000
    seconds = [sum(map(len, read_recording(path))) / 32_000 for path in paths]
    assert seconds[0] == pytest.approx(seconds[1], abs=0.03)
    assert 60 < seconds[0] < 150
