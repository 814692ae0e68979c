from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model.call import CallId, LegId
from core.model.errors import SampleFileUnwritable
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, PathState, RtpSample, Vantage
from core.quality.segments import FLUSH_S, SampleWriter, StoredSamples, read_samples, thinned
from tests.fakes.clock import ManualClock

CALL = CallId("c1")


def sample(at_s: float, jitter_ms: float | None = 3.0) -> RtpSample:
    return RtpSample(
        LegId("l1"), Direction.INBOUND, Vantage.SERVER, at_s, 1.0, packets=50, octets=4000, jitter_ms=jitter_ms
    )


def test_samples_come_back_as_they_were_kept_a_missing_figure_still_missing(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, ManualClock())
    kept = tuple(sample(float(second), None if second % 2 else 2.5) for second in range(130))
    for each in kept:
        writer.append(CALL, [each])
    writer.close(CALL)
    assert read_samples(tmp_path, CALL).samples == kept
    assert sorted(p.name for p in (tmp_path / CALL).iterdir()) == ["00000.parquet", "00001.parquet", "00002.parquet"]


def test_what_a_browser_measured_comes_back_in_its_own_words(tmp_path: Path) -> None:
    told = RtpSample(
        LegId("l1"),
        Direction.OUTBOUND,
        Vantage.BROWSER,
        1.0,
        1.0,
        packets=50,
        octets=4_000,
        jitter_buffer_ms=31.5,
        jitter_buffer_total_s=880.25,
        concealed_pct=0.0,
        is_muted=False,
        path_state=PathState.DISCONNECTED,
        local_candidate=CandidateType.RELAY,
        remote_candidate=CandidateType.HOST,
        path_transport=PathTransport.TLS,
        path_id="CPx",
        timestamp_drift_ms_per_min=-1.5,
    )
    writer = SampleWriter(tmp_path, ManualClock())
    writer.append(CALL, [told])
    writer.close(CALL)
    assert read_samples(tmp_path, CALL).samples == (told,)


def test_a_segment_from_before_browsers_measured_reads_with_their_figures_missing(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, ManualClock())
    writer.append(CALL, [sample(1.0)])
    writer.close(CALL)
    path = tmp_path / CALL / "00000.parquet"
    pq.write_table(
        pq.read_table(path).drop_columns(["timestamp_drift_ms_per_min", "path_id", "is_muted", "loop_lag_p99_ms"]), path
    )
    assert read_samples(tmp_path, CALL) == StoredSamples((sample(1.0),), ())


def test_a_crash_costs_no_more_than_the_time_between_two_flushes(tmp_path: Path) -> None:
    clock = ManualClock()
    writer = SampleWriter(tmp_path, clock)
    for second in range(int(FLUSH_S) + 1):
        writer.append(CALL, [sample(float(second))])
        clock.advance(1.0)
    assert len(read_samples(tmp_path, CALL).samples) >= FLUSH_S


def test_a_damaged_segment_is_skipped_and_named(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, ManualClock())
    writer.append(CALL, [sample(second) for second in (0.0, 61.0, 122.0)])
    writer.close(CALL)
    broken = tmp_path / CALL / "00001.parquet"
    broken.write_bytes(broken.read_bytes()[:40])
    kept = read_samples(tmp_path, CALL)
    assert [s.at_s for s in kept.samples] == [0.0, 122.0]
    assert kept.damaged == (broken,)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / CALL).write_text("in the way")
    writer = SampleWriter(tmp_path, ManualClock())
    writer.append(CALL, [sample(0.0)])
    with pytest.raises(SampleFileUnwritable, match="c1"):
        writer.close(CALL)
    assert writer.is_failing


def test_what_could_not_be_written_waits_and_is_written_when_it_can_be(tmp_path: Path) -> None:
    clock = ManualClock()
    writer = SampleWriter(tmp_path, clock)
    obstacle = tmp_path / CALL
    obstacle.write_text("in the way")
    failures = 0
    for second in range(150):
        try:
            writer.append(CALL, [sample(float(second))])
        except SampleFileUnwritable:
            failures += 1
        clock.advance(1.0)
    assert failures == 14
    with pytest.raises(SampleFileUnwritable):
        writer.close(CALL)
    obstacle.unlink()
    clock.advance(FLUSH_S)
    writer.append(CallId("another"), [sample(0.0)])
    assert [s.at_s for s in read_samples(tmp_path, CALL).samples] == [float(second) for second in range(150)]
    assert (writer.dropped, writer.is_failing) == (0, False)


def test_what_waits_is_bounded_and_what_is_dropped_is_counted(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, ManualClock(), limit=100)
    writer.append(CALL, [sample(0.0)] * 107)
    assert writer.dropped == 7
    writer.close(CALL)
    writer.append(CALL, [sample(90.0)] * 100)
    writer.close(CALL)
    assert len(read_samples(tmp_path, CALL).samples) == 200
    assert writer.dropped == 7


def test_samples_that_come_after_the_call_was_closed_replace_none(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, ManualClock())
    for at_s in (1.0, 2.0, 3.0):
        writer.append(CALL, [sample(at_s)])
        writer.close(CALL)
        writer.close(CALL)
    assert [s.at_s for s in read_samples(tmp_path, CALL).samples] == [1.0, 2.0, 3.0]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_segment_stops_the_others_from_being_read(tmp_path: Path, data: st.DataObject) -> None:
    whole, broken = tmp_path / CALL / "00000.parquet", tmp_path / CALL / "00001.parquet"
    if not whole.exists():
        writer = SampleWriter(tmp_path, ManualClock())
        writer.append(CALL, [sample(0.0), sample(61.0), sample(62.0)])
        writer.close(CALL)
    good = broken.read_bytes()
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    broken.write_bytes(bytes(bad[: data.draw(st.just(len(bad)) | st.integers(0, len(bad)))]))
    kept = read_samples(tmp_path, CALL)
    broken.write_bytes(good)
    assert sample(0.0) in kept.samples
    assert kept.damaged in ((), (broken,))


def test_a_call_without_samples_has_none(tmp_path: Path) -> None:
    assert read_samples(tmp_path, CALL).samples == ()


def test_thinning_keeps_every_series_within_its_points() -> None:
    samples = tuple(sample(float(second)) for second in range(1_000))
    few = thinned(samples, points=300)
    assert 200 <= len(few) <= 300
    assert few[0].at_s == 0.0
    assert thinned((), points=5) == ()
