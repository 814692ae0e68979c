"""For analysts: what is kept of calls, as pandas frames. Made for notebooks; `notebooks/quality.ipynb` shows how.

    from core.quality import call_samples, calls_between

Both read files and may be called while the server runs; it loses nothing by it. Figures that nobody measured are NaN.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from core.model.call import CallId
from core.quality.figures import with_scores
from core.quality.rollup_files import RollupFiles
from core.quality.stored_frames import read_frame

SPREADS = ("mos", "jitter_ms", "loss_pct", "rtt_ms", "jitter_buffer_ms", "concealed_pct", "send_deviation_p99_ms")
"""Figures of which a period's frame has the mean and percentiles over each call's seconds."""
PERCENTILES = ("mean", "p5", "p50", "p95", "p99")
PLAIN = ("seconds", "packets", "lost_pct")
LEG_TEXTS = ("leg_id", "participant", "role", "browser", "platform", "network", "path")
CATEGORIES = ("direction", "vantage", "role", "language", "origin", "browser", "platform", "network")


def call_samples(data_dir: Path, call_id: str, begun_at: float | None = None) -> pd.DataFrame:
    """A call's samples, one row for each second of each leg, direction and vantage, in the order of their times.

    The columns are the fields of `core.model.sample.RtpSample`, in its units: times in seconds on the call's clock,
    delays in milliseconds, shares in percent, loudness in dBFS. Beside them stand `packets_per_s`, `loss_pct` (of a
    row that states a far end's report: as long as the report holds) and `mos` (1 to 4.4, estimated).

    Args:
        data_dir: The server's `EARSHOT_DATA_DIR`.
        call_id: The call.
        begun_at: When it began, in seconds since the Unix epoch; with it, a column `at` has each row's moment (UTC).
    """
    frame = with_scores(read_frame(data_dir / "samples", CallId(call_id)).frame)
    frame = frame.astype(dict.fromkeys(("leg_id", "direction", "vantage"), "category"))
    if begun_at is not None:
        frame.insert(0, "at", pd.to_datetime(frame["at_s"] + begun_at, unit="s", utc=True))
    return frame


def calls_between(data_dir: Path, start: datetime, end: datetime) -> pd.DataFrame:
    """The calls that began in a period and have ended: one row for each leg, direction and vantage of each.

    Columns: `call_id`, `began` (UTC), `length_s`, `language`, `origin`; of the leg `leg_id`, `participant`, `role`,
    `browser`, `platform`, `network`, `path`, `set_up_s`, `drift_ms_per_min`; `direction`, `vantage`, `seconds` (how
    many were measured), `packets`, `lost_pct`; and of each figure of `SPREADS` its mean and percentiles over the call's
    seconds, such as `jitter_ms_p95`. Units are in the names.

    Args:
        data_dir: The server's `EARSHOT_DATA_DIR`.
        start: The first moment of the period.
        end: The moment after it. Both must have a time zone.

    Raises:
        ValueError: a moment has no time zone, so that nobody knows when it is.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("start and end need a time zone, such as datetime(2026, 11, 1, tzinfo=UTC)")
    since, until = start.timestamp(), end.timestamp()
    table = RollupFiles(data_dir / "rollups").load(since, until).table
    rows = [row for call in table.to_pylist() if since <= call["created_at"] < until for row in _rows(call)]
    frame = pd.DataFrame(rows, columns=list(_columns()))
    frame["began"] = pd.to_datetime(frame["began"], unit="s", utc=True)
    figures = [name for name in frame.columns if name not in (*TEXTS, "began")]
    frame = frame.astype(dict.fromkeys(figures, "float64"))
    return frame.astype(dict.fromkeys(CATEGORIES, "category")).sort_values("began", kind="stable", ignore_index=True)


TEXTS = ("call_id", "language", "origin", *LEG_TEXTS, "direction", "vantage")


def _columns() -> dict[str, None]:
    names = ["call_id", "began", "length_s", "language", "origin", *LEG_TEXTS, "set_up_s", "drift_ms_per_min"]
    names += ["direction", "vantage", *PLAIN, *(f"{name}_{each}" for name in SPREADS for each in PERCENTILES)]
    return dict.fromkeys(names)


def _rows(call: dict[str, Any]) -> list[dict[str, Any]]:
    own = {name: call[name] for name in ("call_id", "length_s", "language", "origin")} | {"began": call["created_at"]}
    rows = []
    for leg in call["legs"]:
        named = {name: leg[name] for name in (*LEG_TEXTS, "set_up_s", "drift_ms_per_min")}
        for stream in leg["streams"]:
            spreads = {f"{name}_{each}": (stream[name] or {}).get(each) for name in SPREADS for each in PERCENTILES}
            plain = {name: stream[name] for name in ("direction", "vantage", *PLAIN)}
            rows.append({**own, **named, **plain, **spreads})
    return rows
