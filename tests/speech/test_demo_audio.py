"""The demo call's sound, against the text that it was made from."""

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from bench.accuracy import demo_text, joined, recognise, word_error_rate
from core.quality.microphone_watch import CONSTANT_DB
from core.speech.recording import read_recording
from core.speech.transcriber import Transcriber
from core.speech.voice_activity import SileroModel
from tests.speech.conftest import Heard

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


@pytest.mark.model
def test_no_word_is_lost_or_doubled_where_a_monologue_is_cut(
    whisper: Transcriber, demo_dir: Path, heard: Heard
) -> None:
    pcm = b"".join(read_recording(demo_dir / "agent.ogg"))
    frames = np.frombuffer(pcm[: len(pcm) // 1024 * 1024], dtype="<i2").reshape(-1, 512)
    probabilities = SileroModel().open_stream().probabilities(frames)
    # One long turn: of a pause no more than four frames are left.
    silent = np.convolve(probabilities < 0.35, np.ones(5), mode="full")[: len(frames)] > 4
    monologue = frames[~silent].tobytes()
    session = whisper.open_session("monologue", "en", heard)
    for at in range(0, len(monologue), 3_200):
        while session.stats.waiting_s > 10.0:
            time.sleep(0.02)
        session.feed(monologue[at : at + 3_200], at / 32_000)
    assert session.close(120.0)
    assert len(heard.finals) > 2
    for former, latter in itertools.pairwise(heard.finals):
        assert latter.start_s - former.end_s < 0.3
    assert word_error_rate(demo_text("agent"), joined(heard.finals)) < 0.15


def test_both_files_are_small_and_equally_long(demo_dir: Path) -> None:
    paths = [demo_dir / f"{side}.ogg" for side in SIDES]
    assert sum(path.stat().st_size for path in paths) < 1_000_000
    seconds = [sum(map(len, read_recording(path))) / 32_000 for path in paths]
    assert seconds[0] == pytest.approx(seconds[1], abs=0.03)
    assert 60 < seconds[0] < 150


@pytest.mark.parametrize("side", SIDES)
def test_a_voice_that_waits_for_its_turn_is_no_dead_microphone(demo_dir: Path, side: str) -> None:
    pcm = np.frombuffer(b"".join(read_recording(demo_dir / f"{side}.ogg")), dtype="<i2") / 32_768
    seconds = pcm[: len(pcm) // 16_000 * 16_000].reshape(-1, 16_000)
    levels = 20 * np.log10(np.sqrt(np.mean(seconds**2, axis=1)) + 1e-9)
    assert levels.min() > -75
    assert np.lib.stride_tricks.sliding_window_view(np.abs(np.diff(levels)), 3).max(axis=1).min() > CONSTANT_DB
