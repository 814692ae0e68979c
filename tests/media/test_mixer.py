"""Several voices for one ear."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.guard import Tally
from core.media.mixer import BUFFER_SAMPLES, PRIME_SAMPLES, Mixer, VoiceBuffer, soft_clip
from core.media.packet import FRAME_SAMPLES


def constant(value: int, frames: int = 1) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(frames * FRAME_SAMPLES, value, np.int16)


def test_voices_are_added() -> None:
    mixer: Mixer[str] = Mixer(Tally())
    mixer.set_voices(["a", "b"])
    for key, value in (("a", 1000), ("b", 2500)):
        voice = mixer.voice(key)
        assert voice is not None
        voice.push(constant(value, 2))
    assert np.allclose(mixer.mix(), 3500, atol=1)


def test_a_voice_that_stays_keeps_its_buffer_and_one_that_goes_is_gone() -> None:
    mixer: Mixer[str] = Mixer(Tally())
    mixer.set_voices(["a", "b"])
    kept = mixer.voice("a")
    mixer.set_voices(["a", "c"])
    assert mixer.voice("a") is kept
    assert mixer.voice("b") is None


def test_nobody_speaking_is_silence() -> None:
    mixer: Mixer[str] = Mixer(Tally())
    mixer.set_voices(["a", "b"])
    assert not mixer.mix().any()
    assert len(mixer.mix()) == FRAME_SAMPLES


def test_a_voice_is_heard_once_it_has_a_little_in_store_and_again_after_it_ran_dry() -> None:
    voice = VoiceBuffer(Tally())
    voice.push(constant(5))
    assert voice.pull() is None
    voice.push(constant(5))
    assert voice.pull() is not None
    assert voice.pull() is not None
    assert voice.pull() is None
    voice.push(constant(5))
    assert voice.pull() is None


def test_a_voice_that_comes_too_fast_loses_its_oldest_and_it_is_counted() -> None:
    tally = Tally()
    voice = VoiceBuffer(tally)
    assert voice.pull() is None
    voice.push(constant(1, BUFFER_SAMPLES // FRAME_SAMPLES))
    voice.push(constant(2, 3))
    assert tally.read()["mixer_frames"] == 11
    heard = [frame for _ in range(5) if (frame := voice.pull()) is not None]
    assert sum(len(frame) for frame in heard) == PRIME_SAMPLES
    assert all((frame == 2).all() for frame in heard)


def test_what_gets_stale_before_anybody_listens_is_no_loss() -> None:
    tally = Tally()
    voice = VoiceBuffer(tally)
    voice.push(constant(1, 3 * BUFFER_SAMPLES // FRAME_SAMPLES))
    assert tally.read().get("mixer_frames", 0) == 0
    heard = [frame for _ in range(5) if (frame := voice.pull()) is not None]
    assert sum(len(frame) for frame in heard) == PRIME_SAMPLES


@settings(deadline=None)
@given(st.lists(st.integers(-(2**18), 2**18), min_size=1, max_size=50))
def test_clipping_is_soft_monotonic_and_within_bounds(values: list[int]) -> None:
    mixed = np.array(sorted(values), np.int32)
    clipped = soft_clip(mixed)
    assert clipped.dtype == np.int16
    assert (np.diff(clipped.astype(int)) >= 0).all()
    quiet = np.abs(mixed) < 20_000
    assert np.abs(clipped[quiet].astype(int) - mixed[quiet]).max(initial=0) <= 1
