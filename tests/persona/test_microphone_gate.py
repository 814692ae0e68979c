"""No frame that was captured while the persona was heard passes, and no other is held back."""

from hypothesis import given
from hypothesis import strategies as st

from core.persona.microphone_gate import JOINED_S, MicrophoneGate
from core.persona.playout_ledger import PathDelay

FRAME_S = 0.02
TAIL_S = 0.2


def play(gate: MicrophoneGate, start_s: float, seconds: float) -> None:
    """Send sound in frames, as a leg does."""
    for number in range(round(seconds / FRAME_S)):
        gate.note_sent(start_s + number * FRAME_S, FRAME_S)


def test_each_frame_is_judged_by_when_it_was_captured() -> None:
    gate = MicrophoneGate(TAIL_S)
    gate.note_path(PathDelay(rtt_s=0.08, jitter_buffer_s=0.06))
    play(gate, 10.0, 1.0)
    # Heard from 10.1 to 11.1, and the tail until 11.3.
    passed = [round(n * FRAME_S, 2) for n in range(480, 600) if gate.passes(n * FRAME_S, FRAME_S)]
    assert passed == [round(n * FRAME_S, 2) for n in range(480, 600) if n * FRAME_S < 10.09 or n * FRAME_S > 11.29]


def test_a_frame_from_before_passes_though_it_comes_late_and_one_from_within_does_not() -> None:
    gate = MicrophoneGate(TAIL_S)
    gate.note_path(PathDelay(rtt_s=0.1, jitter_buffer_s=0.05))
    play(gate, 10.0, 1.0)
    play(gate, 20.0, 1.0)
    assert gate.passes(10.07, FRAME_S)
    assert not gate.passes(10.09, FRAME_S)
    assert not gate.passes(11.29, FRAME_S)
    assert gate.passes(11.31, FRAME_S)


def test_capture_lies_half_a_round_trip_before_arrival() -> None:
    gate = MicrophoneGate(TAIL_S)
    gate.note_path(PathDelay(rtt_s=0.3, jitter_buffer_s=0.05))
    assert gate.captured_s(10.0) == 9.85


def test_an_interruption_opens_the_microphone_once_what_was_sent_has_faded() -> None:
    gate = MicrophoneGate(TAIL_S)
    play(gate, 10.0, 0.5)
    assert not gate.is_open_at(10.69)
    assert gate.is_open_at(10.71)


def test_barge_in_leaves_the_microphone_open() -> None:
    gate = MicrophoneGate(TAIL_S, is_barge_in=True)
    play(gate, 10.0, 1.0)
    assert gate.passes(10.5, FRAME_S)
    assert gate.is_open_at(10.5)


def test_a_path_that_grows_while_the_persona_speaks_keeps_it_closed_longer_and_not_later() -> None:
    gate = MicrophoneGate(TAIL_S)
    gate.note_path(PathDelay(rtt_s=0.04))
    play(gate, 10.0, 0.5)
    gate.note_path(PathDelay(rtt_s=0.4, jitter_buffer_s=0.1))
    play(gate, 10.5, 0.5)
    assert gate.passes(9.99, FRAME_S)
    assert not gate.passes(10.02, FRAME_S)
    assert not gate.passes(11.49, FRAME_S)
    assert gate.passes(11.51, FRAME_S)


def test_what_is_too_old_to_be_judged_does_not_pass() -> None:
    gate = MicrophoneGate(TAIL_S)
    play(gate, 10.0, 1.0)
    play(gate, 300.0, 1.0)
    assert not gate.passes(10.5, FRAME_S)
    assert not gate.passes(5.0, FRAME_S)
    assert gate.passes(200.0, FRAME_S)


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 60)), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(0, 0.6), st.floats(0, 0.4)), min_size=8, max_size=8),
    st.floats(0, 0.5),
    st.lists(st.floats(0, 30), min_size=30, max_size=30),
)
def test_no_frame_that_overlaps_what_is_heard_ever_passes(
    bursts: list[tuple[int, int]], delays: list[tuple[float, float]], tail_s: float, captured: list[float]
) -> None:
    gate = MicrophoneGate(tail_s)
    now, heard = 1.0, []
    for (pause, frames), (rtt_s, jitter_s) in zip(bursts, delays, strict=False):
        now += pause * FRAME_S
        delay = PathDelay(rtt_s, jitter_s)
        gate.note_path(delay)
        for _ in range(frames):
            gate.note_sent(now, FRAME_S)
            heard.append((now + delay.ear_s, now + delay.ear_s + FRAME_S + tail_s))
            now += FRAME_S
    for start_s in captured:
        if any(start_s < until and since < start_s + FRAME_S for since, until in heard):
            assert not gate.passes(start_s, FRAME_S)


@given(st.integers(1, 200), st.floats(0, 0.5), st.floats(0, 0.3), st.floats(-3, 8))
def test_a_frame_outside_of_what_is_heard_passes(frames: int, rtt_s: float, jitter_s: float, offset_s: float) -> None:
    gate = MicrophoneGate(TAIL_S)
    gate.note_path(PathDelay(rtt_s, jitter_s))
    play(gate, 10.0, frames * FRAME_S)
    since, until = 10.0 + rtt_s / 2 + jitter_s, 10.0 + frames * FRAME_S + rtt_s / 2 + jitter_s + TAIL_S
    start_s = 10.0 + offset_s
    if start_s + FRAME_S < since - 1e-6 or start_s > until + 1e-6:
        assert gate.passes(start_s, FRAME_S)


def test_a_pause_too_short_to_say_anything_in_does_not_open_the_microphone() -> None:
    gate = MicrophoneGate(0.0)
    play(gate, 10.0, 1.0)
    play(gate, 11.0 + JOINED_S - 0.02, 1.0)
    assert not gate.passes(11.05, FRAME_S)
