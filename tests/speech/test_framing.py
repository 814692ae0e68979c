"""Frames on an unbroken clock, whatever the chunks look like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.speech.framing import FRAME_S, FRAME_SAMPLES, FrameBlock, Framer


def ramp(samples: int, start: int = 0) -> bytes:
    return (np.arange(start, start + samples) % 30_000).astype("<i2").tobytes()


def all_samples(blocks: list[FrameBlock]) -> np.ndarray:
    return np.concatenate([block.samples.reshape(-1) for block in blocks])


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=30))
def test_frames_hold_exactly_what_was_fed_however_it_was_cut(sizes: list[int]) -> None:
    framer, blocks, fed = Framer(), [], 0
    for size in sizes:
        blocks += framer.push(ramp(size, fed), 50.0 + fed / 16_000)
        fed += size
    blocks += framer.flush()
    if not fed:
        assert blocks == []
        return
    samples = all_samples(blocks)
    assert samples[:fed].tobytes() == ramp(fed)
    assert not samples[fed:].any()
    starts = [start for block in blocks for start in block.start_times()]
    assert starts == pytest.approx([50.0 + index * FRAME_S for index in range(len(starts))])
    assert [block.follows for block in blocks] == [False] + [True] * (len(blocks) - 1)


def test_a_lost_packet_is_filled_with_silence_and_times_are_kept() -> None:
    framer = Framer()
    blocks = framer.push(ramp(FRAME_SAMPLES), 10.0)
    blocks += framer.push(ramp(FRAME_SAMPLES), 10.0 + 2 * FRAME_S)
    assert all(block.follows for block in blocks[1:])
    assert len(all_samples(blocks)) == 3 * FRAME_SAMPLES
    assert not all_samples(blocks)[FRAME_SAMPLES : 2 * FRAME_SAMPLES].any()


def test_a_long_gap_breaks_the_stream_and_the_rest_before_it_is_not_lost() -> None:
    framer = Framer()
    framer.push(ramp(100), 10.0)
    rest, after = framer.push(ramp(FRAME_SAMPLES), 15.0)
    assert rest.start_s == pytest.approx(10.0)
    assert rest.samples[0, :100].tobytes() == ramp(100)
    assert not after.follows
    assert after.start_s == pytest.approx(15.0)


def test_a_clock_that_jumps_back_breaks_the_stream() -> None:
    framer = Framer()
    framer.push(ramp(FRAME_SAMPLES), 10.0)
    (block,) = framer.push(ramp(FRAME_SAMPLES), 3.0)
    assert not block.follows
    assert block.start_s == pytest.approx(3.0)


def test_rounding_of_times_is_no_gap() -> None:
    framer = Framer()
    blocks = [block for i in range(50) for block in framer.push(ramp(1_600), round(7.0 + i * 0.1, 2) + 0.004 * (i % 2))]
    assert all(block.follows for block in blocks[1:])
    assert blocks[-1].start_s < 12.0
