"""The segments of a call that is over become one file, without losing, doubling or hiding anything."""

from pathlib import Path

import pytest

from core.model.call import CallId
from core.model.errors import SampleFileUnwritable
from core.quality.compaction import compact
from core.quality.segments import WHOLE, SampleWriter, read_samples, sample_files
from core.quality.synthetic import synthetic_call
from tests.fakes.clock import ManualClock

CALL = CallId("c1")


def written(folder: Path, length_s: int = 150) -> None:
    writer = SampleWriter(folder, ManualClock())
    writer.append(CALL, synthetic_call(length_s=length_s).samples)
    writer.close(CALL)


def test_a_compacted_call_reads_as_before_from_one_file(tmp_path: Path) -> None:
    written(tmp_path)
    before = read_samples(tmp_path, CALL)
    assert len(sample_files(tmp_path, CALL)) == 3
    compact(tmp_path / CALL)
    assert [path.name for path in (tmp_path / CALL).iterdir()] == [WHOLE]
    assert sorted(read_samples(tmp_path, CALL).samples, key=repr) == sorted(before.samples, key=repr)
    compact(tmp_path / CALL)
    assert len(read_samples(tmp_path, CALL).samples) == len(before.samples)


def test_a_crash_before_the_segments_were_deleted_doubles_nothing(tmp_path: Path) -> None:
    written(tmp_path)
    segments = {path: path.read_bytes() for path in sample_files(tmp_path, CALL)}
    before = read_samples(tmp_path, CALL)
    compact(tmp_path / CALL)
    for path, content in list(segments.items())[1:]:
        path.write_bytes(content)
    assert len(read_samples(tmp_path, CALL).samples) == len(before.samples)
    compact(tmp_path / CALL)
    assert [path.name for path in (tmp_path / CALL).iterdir()] == [WHOLE]
    assert len(read_samples(tmp_path, CALL).samples) == len(before.samples)


def test_what_comes_after_is_read_too_and_taken_in_the_next_time(tmp_path: Path) -> None:
    written(tmp_path, 90)
    compact(tmp_path / CALL)
    written(tmp_path, 30)
    late = read_samples(tmp_path, CALL)
    assert len(late.samples) == 8 * 120
    compact(tmp_path / CALL)
    assert [path.name for path in (tmp_path / CALL).iterdir()] == [WHOLE]
    assert len(read_samples(tmp_path, CALL).samples) == 8 * 120


def test_a_damaged_segment_stays_and_is_still_named(tmp_path: Path) -> None:
    written(tmp_path)
    broken = sample_files(tmp_path, CALL)[1]
    broken.write_bytes(broken.read_bytes()[:200])
    before = read_samples(tmp_path, CALL)
    compact(tmp_path / CALL)
    after = read_samples(tmp_path, CALL)
    assert after.damaged == before.damaged == (broken,)
    assert len(after.samples) == len(before.samples)
    assert {path.name for path in (tmp_path / CALL).iterdir()} == {WHOLE, broken.name}


def test_a_call_of_one_segment_or_none_is_left_as_it_is(tmp_path: Path) -> None:
    written(tmp_path, 20)
    compact(tmp_path / CALL)
    assert [path.name for path in (tmp_path / CALL).iterdir()] == ["00000.parquet"]
    compact(tmp_path / "nobody")
    assert not (tmp_path / "nobody").exists()


def test_where_the_whole_cannot_be_written_the_segments_stay(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / CALL / "whole.draft").mkdir()
    before = read_samples(tmp_path, CALL)
    with pytest.raises(SampleFileUnwritable, match=CALL):
        compact(tmp_path / CALL)
    assert read_samples(tmp_path, CALL) == before
