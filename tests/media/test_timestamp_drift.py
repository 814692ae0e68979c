"""Time stamps that run away from time are measured, whatever else the network does to the packets."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.timestamp_drift import TimestampDrift


def packets(
    seconds: float,
    drift_ms_per_min: float = 0.0,
    jitter_s: float = 0.0,
    loss: float = 0.0,
    seed: int = 1,
    first_timestamp: int = 0,
    ssrc: int = 7,
    start_s: float = 500.0,
) -> Iterator[MediaPacket]:
    """What arrives of a stream, in the order of arrival; above 0 the sender's clock is fast."""
    chance = random.Random(seed)
    step_s = FRAME_S * 60_000 / (60_000 + drift_ms_per_min)
    sent = [(start_s + n * step_s + chance.uniform(0, jitter_s), n) for n in range(int(seconds / step_s))]
    for arrival_s, n in sorted(sent):
        if chance.random() >= loss:
            timestamp = (first_timestamp + n * FRAME_SAMPLES) & 0xFFFFFFFF
            yield MediaPacket(ssrc, n & 0xFFFF, timestamp, b"", arrival_s)


def measured(*streams: Iterator[MediaPacket]) -> float | None:
    drift = TimestampDrift()
    for stream in streams:
        for packet in stream:
            drift.note(packet)
    return drift.ms_per_min


@settings(deadline=None, max_examples=25)
@given(
    drift=st.floats(-600, 600),
    jitter_s=st.floats(0, 0.2),
    loss=st.floats(0, 0.3),
    seed=st.integers(0, 1000),
    first=st.integers(0, 0xFFFFFFFF),
)
def test_a_drift_is_measured_through_loss_jitter_and_the_wrap_of_time_stamps(
    drift: float, jitter_s: float, loss: float, seed: int, first: int
) -> None:
    found = measured(packets(90, drift, jitter_s, loss, seed, first))
    assert found is not None
    assert abs(found - drift) < 6


def test_nothing_is_said_of_a_stream_that_has_only_begun() -> None:
    assert measured(packets(25, drift_ms_per_min=300)) is None


def test_a_clock_that_keeps_time_has_no_drift() -> None:
    assert abs(measured(packets(300, jitter_s=0.03)) or 0.0) < 1


def test_a_slower_path_is_no_drift() -> None:
    """Thirty seconds ago every packet began to take 80 ms longer."""
    before = packets(120, jitter_s=0.005)
    after = packets(30, jitter_s=0.005, first_timestamp=120 * 48_000, start_s=620.08)
    assert abs(measured(before, after) or 0.0) < 10


@pytest.mark.parametrize("pause_s", [0.0, 60.0])
def test_another_source_or_a_pause_of_its_clock_begins_anew(pause_s: float) -> None:
    before = packets(60, drift_ms_per_min=300)
    after = packets(20, ssrc=7 if pause_s else 8, first_timestamp=60 * 48_000, start_s=560.0 + pause_s)
    assert measured(before, after) is None


def test_what_is_over_is_forgotten() -> None:
    drifting = packets(60, drift_ms_per_min=300)
    calm = packets(130, first_timestamp=60 * 48_000, start_s=560.0)
    assert abs(measured(drifting, calm) or 0.0) < 3
