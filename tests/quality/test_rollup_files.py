"""Rollup files: kept, replaced, deleted, damaged, and read by days."""

from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.model.call import CallId
from core.model.errors import RollupUnwritable
from core.quality.rollup import VERSION
from core.quality.rollup_files import RollupFiles, day_of
from core.quality.synthetic import Trouble
from tests.quality.fleet_calls import NOON, rollup_of

DAY_S = 86_400.0


def kept(files: RollupFiles, since: float | None = None, until: float | None = None) -> list[str]:
    return sorted(files.load(since, until).table["call_id"].to_pylist())


def test_a_rollup_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    rollup = rollup_of("c1", Trouble.LOSS)
    files.put([rollup])
    (row,) = RollupFiles(tmp_path).load().table.to_pylist()
    plain = asdict(rollup)
    for name in ("people", "legs", "turns", "alerts", "causes"):
        plain[name] = list(plain[name])
    for leg in plain["legs"]:
        leg["streams"] = list(leg["streams"])
    assert row == plain


def test_a_call_is_kept_once_however_often_it_is_put(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    files.put([rollup_of("c1"), rollup_of("c2")])
    files.put([replace(rollup_of("c1"), length_s=99.0)])
    assert kept(files) == ["c1", "c2"]
    assert sorted(files.load().table["length_s"].to_pylist()) == [40.0, 99.0]


def test_calls_are_read_by_the_days_that_a_span_touches(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    files.put([rollup_of(f"c{day}", created_at=NOON + day * DAY_S) for day in range(4)])
    assert len(list(tmp_path.glob("*.parquet"))) == 4
    assert kept(files, NOON + DAY_S, NOON + 2 * DAY_S) == ["c1", "c2"]
    assert kept(files, until=NOON) == ["c0"]


def test_deleting_leaves_the_others_and_no_empty_file(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    files.put([rollup_of("c1"), rollup_of("c2"), rollup_of("c3", created_at=NOON + DAY_S)])
    again = RollupFiles(tmp_path)
    again.delete([CallId("c2"), CallId("c3"), CallId("never")])
    assert kept(again) == ["c1"]
    assert [path.stem for path in tmp_path.glob("*.parquet")] == [day_of(NOON)]
    assert set(again.call_ids()) == {"c1"}


def test_every_change_gives_another_revision(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    seen = {files.revision}
    files.put([rollup_of("c1")])
    seen.add(files.revision)
    files.put([rollup_of("c2")])
    seen.add(files.revision)
    files.delete([CallId("c1")])
    seen.add(files.revision)
    assert len(seen) == 4
    assert files.revision == RollupFiles(tmp_path).revision


@pytest.mark.parametrize("damage", [b"", b"PAR1 nonsense PAR1", None])
def test_a_damaged_file_is_left_out_and_named_and_its_calls_count_as_missing(
    tmp_path: Path, damage: bytes | None
) -> None:
    RollupFiles(tmp_path).put([rollup_of("c1"), rollup_of("c2", created_at=NOON + DAY_S)])
    path = tmp_path / f"{day_of(NOON)}.parquet"
    whole = path.read_bytes()
    middle = len(whole) // 3
    path.write_bytes(whole[:middle] + bytes(32) + whole[middle + 32 :] if damage is None else damage)
    files = RollupFiles(tmp_path)
    assert files.load().damaged == (path,)
    assert kept(files) == ["c2"]
    assert set(files.call_ids()) == {"c2"}
    files.put([rollup_of("c1")])
    assert files.load().damaged == ()
    assert kept(files) == ["c1", "c2"]
    path.write_bytes(b"nothing")
    assert files.drop_damaged() == (path,)
    assert files.load().damaged == ()


def test_a_rollup_of_another_version_counts_as_missing(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    files.put([replace(rollup_of("c1"), version=VERSION + 1), rollup_of("c2")])
    fresh = RollupFiles(tmp_path)
    assert kept(fresh) == ["c2"]
    assert set(fresh.call_ids()) == {"c2"}
    fresh.delete([CallId("c1"), CallId("c2")])
    assert not list(tmp_path.glob("*.parquet"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RollupUnwritable, match="file"):
        RollupFiles(tmp_path / "file").put([rollup_of("c1")])


def test_what_is_read_follows_what_another_process_wrote(tmp_path: Path) -> None:
    reading = RollupFiles(tmp_path)
    RollupFiles(tmp_path).put([rollup_of("c1")])
    assert kept(reading) == ["c1"]
    RollupFiles(tmp_path).put([rollup_of("c2")])
    assert kept(reading) == ["c1", "c2"]


def test_a_file_is_an_ordinary_parquet_file(tmp_path: Path) -> None:
    RollupFiles(tmp_path).put([rollup_of("c1")])
    assert pq.read_metadata(tmp_path / f"{day_of(NOON)}.parquet").num_rows == 1
