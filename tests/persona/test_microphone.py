"""The listener's sound on its way to the model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.persona.microphone import Microphone, Sound
from core.persona.microphone_gate import MicrophoneGate
from core.persona.recent_sound import KEPT_S, ONSET_S, RecentSound
from core.persona.resampler import Resampler

RATE = 16_000


def tone(hertz: float, seconds: float, level: float = 8000.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype("<i2")


@pytest.mark.parametrize("hertz", [80.0, 440.0, 1000.0, 3400.0, 6000.0])
def test_a_tone_is_the_same_tone_at_24_khz(hertz: float) -> None:
    sound = np.frombuffer(Resampler().push(tone(hertz, 1.0).tobytes()), "<i2").astype(float)[200:-200]
    at = np.arange(len(sound)) / 24_000
    basis = np.stack([np.sin(2 * np.pi * hertz * at), np.cos(2 * np.pi * hertz * at)], axis=1)
    parts, *_ = np.linalg.lstsq(basis, sound, rcond=None)
    rest = sound - basis @ parts
    assert np.hypot(*parts) == pytest.approx(8000, rel=0.02)
    assert np.sqrt((rest**2).mean()) < 8000 * 0.003


@given(st.lists(st.integers(0, 700), min_size=1, max_size=30))
def test_pieces_of_any_length_make_the_same_sound_as_the_whole(sizes: list[int]) -> None:
    samples = tone(700.0, 0.5)[: sum(sizes)]
    pieces, at, resampler = [], 0, Resampler()
    for size in sizes:
        pieces.append(resampler.push(samples[at : at + size].tobytes()))
        at += size
    assert b"".join(pieces) == Resampler().push(samples.tobytes())


def test_no_frame_of_a_closed_time_is_in_what_is_sent() -> None:
    """Frame by frame: each of a second's frames has a level of its own, and only those outside are found again."""
    gate = MicrophoneGate(tail_s=0.1)
    for number in range(20):
        gate.note_sent(100.3 + number * 0.02, 0.02)
    microphone = Microphone(gate)
    sent = b""
    for chunk in range(10):
        levels = np.repeat(np.arange(chunk * 5, chunk * 5 + 5), 320) * 100 + 1000
        sent += microphone.push(levels.astype("<i2").tobytes(), 100.0 + chunk * 0.1).pcm
    out = np.frombuffer(sent, "<i2").astype(int)
    for number in range(49):
        middle = out[number * 480 + 100 : number * 480 + 380]
        is_closed = (number + 1) * 0.02 - 1e-9 > 0.3 and number * 0.02 < 0.8 - 1e-9
        # Silence of the same length stands in, so that the model's clock goes on.
        wanted = 0 if is_closed else number * 100 + 1000
        assert abs(middle - wanted).max() <= 2, number


def test_a_short_gap_is_filled_and_a_long_one_is_not() -> None:
    microphone = Microphone(MicrophoneGate(0.2))
    microphone.push(tone(300, 0.1).tobytes(), 10.0)
    filled = microphone.push(tone(300, 0.1).tobytes(), 10.4)
    assert filled.seconds == pytest.approx(0.4)
    assert filled.captured_s == pytest.approx(10.1)
    beyond = microphone.push(tone(300, 0.1).tobytes(), 20.0)
    assert beyond.seconds == pytest.approx(0.1)
    assert beyond.captured_s == 20.0


def test_loud_and_held_back_sound_is_told_apart() -> None:
    gate = MicrophoneGate(0.0)
    gate.note_sent(10.0, 0.1)
    microphone = Microphone(gate)
    assert microphone.push(tone(300, 0.1).tobytes(), 10.0).closed_s == pytest.approx(0.1)
    loud = microphone.push(tone(300, 0.1).tobytes(), 10.1)
    assert (loud.loud_s, loud.closed_s) == (pytest.approx(0.1), 0.0)
    assert microphone.push(bytes(3200), 10.2).loud_s == 0.0


def sound(start_s: float, seconds: float = 0.1) -> Sound:
    return Sound(bytes(int(seconds * 24_000) * 2), start_s, seconds, 0.0, 0.0)


def test_recent_sound_is_bounded_and_counts_what_it_gives_up() -> None:
    recent = RecentSound()
    lost = sum(recent.add(sound(number * 0.1)) for number in range(400))
    assert lost == pytest.approx(10.0, abs=0.11)
    assert sum(each.seconds for each in recent.take(is_all=True)) == pytest.approx(KEPT_S, abs=0.11)


def test_recent_sound_is_handed_out_in_large_pieces_and_in_order() -> None:
    recent = RecentSound()
    for number in range(30):
        recent.add(sound(number * 0.1 + (5.0 if number >= 15 else 0.0)))
    pieces = list(recent.take(is_all=True))
    assert [round(piece.captured_s, 1) for piece in pieces] == [0.0, 1.0, 6.5, 7.5]
    assert sum(len(piece.pcm) for piece in pieces) == 30 * 4800


def test_what_was_understood_is_kept_but_for_a_words_beginning() -> None:
    recent = RecentSound()
    for number in range(30):
        recent.add(sound(number * 0.1))
    recent.settle()
    assert sum(each.seconds for each in recent.take(is_all=True)) == pytest.approx(ONSET_S, abs=0.11)
