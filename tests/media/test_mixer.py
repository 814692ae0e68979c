"""Several voices for one ear."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.guard import Tally
from core.media.mixer import BUFFER_SAMPLES, GLIDE_SAMPLES, PRIME_SAMPLES, SETTLE_FRAMES, Mixer, VoiceBuffer, soft_clip
from core.media.packet import CLOCK_RATE, FRAME_SAMPLES


def constant(value: int, frames: int = 1) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(frames * FRAME_SAMPLES, value, np.int16)


def test_voices_are_added() -> None:
    mixer: Mixer[str] = Mixer(Tally())
    mixer.set_voices(["a", "b"])
    for key, value in (("a", 1000), ("b", 2500)):
        voice = mixer.voice(key)
        assert voice is not None
        voice.push(constant(value, 2))
    assert np.allclose(mixer.mix()[GLIDE_SAMPLES:], 3500, atol=1)


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
    dying_away = voice.pull()
    assert dying_away is not None
    assert not dying_away[GLIDE_SAMPLES:].any()
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
    first, second = voice.pull(), voice.pull()
    assert first is not None
    assert second is not None
    assert (np.concatenate([first, second])[GLIDE_SAMPLES:] == 2).all()
    assert voice.waiting_s == 0


def test_what_gets_stale_before_anybody_listens_is_no_loss() -> None:
    tally = Tally()
    voice = VoiceBuffer(tally)
    voice.push(constant(1, 3 * BUFFER_SAMPLES // FRAME_SAMPLES))
    assert tally.read().get("mixer_frames", 0) == 0
    assert voice.waiting_s == PRIME_SAMPLES / CLOCK_RATE


@settings(deadline=None)
@given(st.lists(st.integers(-(2**18), 2**18), min_size=1, max_size=50))
def test_clipping_is_soft_monotonic_and_within_bounds(values: list[int]) -> None:
    mixed = np.array(sorted(values), np.int32)
    clipped = soft_clip(mixed)
    assert clipped.dtype == np.int16
    assert (np.diff(clipped.astype(int)) >= 0).all()
    quiet = np.abs(mixed) < 20_000
    assert np.abs(clipped[quiet].astype(int) - mixed[quiet]).max(initial=0) <= 1


def test_a_burst_makes_a_voice_late_for_a_second_at_most() -> None:
    tally = Tally()
    voice = VoiceBuffer(tally)
    voice.push(constant(1, 2))
    assert voice.pull() is not None
    voice.push(constant(1, 5))
    lateness = []
    for _ in range(3 * SETTLE_FRAMES):
        voice.push(constant(1))
        assert voice.pull() is not None
        lateness.append(voice.waiting_s)
    assert lateness[0] == 0.12
    assert set(lateness[SETTLE_FRAMES:]) == {0.02}
    assert tally.read()["mixer_frames"] == 5


def test_of_a_burst_that_ends_a_pause_the_newest_is_heard_and_nothing_is_late() -> None:
    tally = Tally()
    voice = VoiceBuffer(tally)
    assert voice.pull() is None
    voice.push(constant(1, 5))
    voice.push(constant(2, 2))
    frame = voice.pull()
    assert frame is not None
    assert (frame[GLIDE_SAMPLES:] == 2).all()
    assert voice.waiting_s == 0.02
    assert tally.read()["mixer_frames"] == 5


PEAK, HERTZ = 12_000, 440
OWN_STEP = PEAK * 2 * np.pi * HERTZ / CLOCK_RATE
"""The largest step between two samples of the tone itself."""


def tone(frames: int, first: int = 0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    moments = (np.arange(frames * FRAME_SAMPLES) + first * FRAME_SAMPLES + 100) / CLOCK_RATE
    return np.round(PEAK * np.sin(2 * np.pi * HERTZ * moments)).astype(np.int16)


@given(
    st.lists(st.integers(0, 14), min_size=1, max_size=40),
    st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_however_a_voice_comes_and_goes_it_never_clicks(bursts: list[int], mixed: list[bool]) -> None:
    mixer: Mixer[str] = Mixer(Tally())
    heard, sent = [], 0
    for burst, is_mixed in zip(bursts, mixed, strict=False):
        mixer.set_voices(["a"] if is_mixed else [])
        if (voice := mixer.voice("a")) is not None:
            voice.push(tone(burst, first=sent))
        sent += burst
        heard += [mixer.mix(), mixer.mix()]
    steps = np.abs(np.diff(np.concatenate([[0], *heard]).astype(int)))
    assert steps.max() <= OWN_STEP + 2 * PEAK * 2 / GLIDE_SAMPLES
