from pathlib import Path

import pytest

from core.model.call import CallId, LegId
from core.model.errors import SampleFileUnwritable
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.segments import FLUSH_S, SampleWriter, read_samples, thinned
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
        writer.append(CALL, each)
    writer.close(CALL)
    assert read_samples(tmp_path, CALL).samples == kept
    assert sorted(p.name for p in (tmp_path / CALL).iterdir()) == ["00000.parquet", "00001.parquet", "00002.parquet"]


def test_a_crash_costs_no_more_than_the_time_between_two_flushes(tmp_path: Path) -> None:
    clock = ManualClock()
    writer = SampleWriter(tmp_path, clock)
    for second in range(int(FLUSH_S) + 1):
        writer.append(CALL, sample(float(second)))
        clock.advance(1.0)
    assert len(read_samples(tmp_path, CALL).samples) >= FLUSH_S


def test_a_damaged_segment_is_skipped_and_named(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path, ManualClock())
    for second in (0.0, 61.0, 122.0):
        writer.append(CALL, sample(second))
    writer.close(CALL)
    broken = tmp_path / CALL / "00001.parquet"
    broken.write_bytes(broken.read_bytes()[:40])
    kept = read_samples(tmp_path, CALL)
    assert [s.at_s for s in kept.samples] == [0.0, 122.0]
    assert kept.damaged == (broken,)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / CALL).write_text("in the way")
    writer = SampleWriter(tmp_path, ManualClock())
    writer.append(CALL, sample(0.0))
    with pytest.raises(SampleFileUnwritable, match="c1"):
        writer.close(CALL)


def test_a_call_without_samples_has_none(tmp_path: Path) -> None:
    assert read_samples(tmp_path, CALL).samples == ()


def test_thinning_keeps_every_series_within_its_points() -> None:
    samples = tuple(sample(float(second)) for second in range(1_000))
    few = thinned(samples, points=300)
    assert 200 <= len(few) <= 300
    assert few[0].at_s == 0.0
    assert thinned((), points=5) == ()
