"""What analysts are given: typed columns, times with their zone, missing figures as NaN."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.calls.imported import imported_measures
from core.model.imported import ImportedCall, ImportKind
from core.quality import call_samples, calls_between
from core.quality.alerts import judged
from core.quality.rollup import call_rollup
from core.quality.rollup_files import RollupFiles
from core.quality.sample_export import samples_parquet
from core.quality.synthetic import Trouble, synthetic_call

BEGAN = datetime(2026, 11, 1, 23, 59, 30, tzinfo=UTC)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    rollups = []
    for number, trouble in enumerate((Trouble.NONE, Trouble.LOSS)):
        made = synthetic_call(trouble, length_s=60)
        begun_at = (BEGAN + timedelta(minutes=number)).timestamp()
        call = ImportedCall("made", ImportKind.SAMPLES, made.samples, made.leg_facts, made.notes, begun_at)
        picture = imported_measures(f"call{number}", call, judged(made.samples), str).picture
        rollups.append(call_rollup(picture, made.samples, ()))
        segment = tmp_path / "samples" / f"call{number}" / "00000.parquet"
        segment.parent.mkdir(parents=True)
        segment.write_bytes(samples_parquet(made.samples))
    RollupFiles(tmp_path / "rollups").put(rollups)
    return tmp_path


def test_a_calls_samples_have_types_units_and_moments(data_dir: Path) -> None:
    frame = call_samples(data_dir, "call0", BEGAN.timestamp())
    assert len(frame) == 60 * 2 * 2 * 2
    assert str(frame["at"].dt.tz) == "UTC"
    assert frame["at"].iloc[0] == BEGAN + timedelta(seconds=1)
    assert isinstance(frame["vantage"].dtype, pd.CategoricalDtype)
    assert frame["jitter_ms"].dtype == "float64"
    assert frame[frame["vantage"] == "server"]["jitter_buffer_ms"].isna().all()
    assert frame["mos"].between(1, 4.5).any()


def test_a_period_holds_what_began_in_it_across_midnight(data_dir: Path) -> None:
    both = calls_between(data_dir, BEGAN, BEGAN + timedelta(hours=1))
    assert list(dict.fromkeys(both["call_id"])) == ["call0", "call1"]
    assert len(both) == 16
    assert both["began"].iloc[0] == BEGAN
    first = calls_between(data_dir, BEGAN, BEGAN + timedelta(minutes=1))
    assert set(first["call_id"]) == {"call0"}
    lost = both.groupby("call_id", observed=True)["lost_pct"].max()
    assert lost["call0"] == 0
    assert lost["call1"] > 1


def test_a_period_without_calls_has_the_columns_all_the_same(tmp_path: Path) -> None:
    frame = calls_between(tmp_path, BEGAN, BEGAN + timedelta(days=1))
    assert len(frame) == 0
    assert {"began", "mos_mean", "jitter_ms_p95", "lost_pct"} <= set(frame.columns)
    assert str(frame["began"].dt.tz) == "UTC"


def test_moments_without_a_zone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        calls_between(tmp_path, BEGAN.replace(tzinfo=None), BEGAN)
