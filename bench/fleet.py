"""`python -m bench.fleet [--json] [--samples N]`: how long questions over many calls take.

Made anew in a temporary folder: calls of ten minutes over two weeks, each with its own figures, until there are 10
million samples; once as calls are kept (a sample file each), and, with `--segments`, a file a minute as while they run.
Every question is asked by a new process' worth of state: no answer and no rollup is in memory yet. The files are in the
system's cache, as after a first look.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.model.call import LegId
from core.quality.fleet import Fleet
from core.quality.fleet_question import Counted, FleetFilter, Group, Metric
from core.quality.rollup import CallRollup, call_rollup
from core.quality.rollup_files import RollupFiles
from core.quality.segments import SCHEMA, WHOLE
from core.quality.synthetic import Trouble, synthetic_call
from tests.quality.fleet_calls import picture_of

SAMPLES = 10_000_000
LENGTH_S = 600
DAYS = 14
NOW = 1_790_000_000.0
ROUNDS = 3
FIGURES = ("jitter_ms", "rtt_ms")
"""What differs from call to call."""


class Sheet:
    """One call of each of some troubles, which all others are made of."""

    def __init__(self, trouble: Trouble) -> None:
        synthetic = synthetic_call(trouble, length_s=LENGTH_S, legs=(LegId("a"), LegId("c")))
        columns = [[getattr(each, name) for each in synthetic.samples] for name in SCHEMA.names]
        self.table = pa.table(columns, schema=SCHEMA)
        self.rollup = call_rollup(picture_of(synthetic), synthetic.samples, ())

    def varied(self, call_id: str, chance: np.random.Generator) -> tuple[pa.Table, CallRollup]:
        """Another call like it, better or worse by chance."""
        table = self.table
        for name in FIGURES:
            index = SCHEMA.get_field_index(name)
            table = table.set_column(index, SCHEMA.field(index), pc.multiply(table[name], chance.uniform(0.5, 2.5)))
        legs = pc.binary_join_element_wise(call_id, table["leg_id"], "-")
        table = table.set_column(0, SCHEMA.field(0), legs)
        created_at = NOW - DAYS * 86_400 * chance.random()
        own = tuple(replace(leg, leg_id=LegId(f"{call_id}-{leg.leg_id}")) for leg in self.rollup.legs)
        return table, replace(self.rollup, call_id=call_id, created_at=created_at, legs=own)


def make(folder: Path, samples: int, *, is_segmented: bool) -> int:
    chance = np.random.default_rng(0)
    sheets = [Sheet(trouble) for trouble in (Trouble.NONE, Trouble.LOSS, Trouble.JITTER, Trouble.FAR)]
    calls = samples // sheets[0].table.num_rows
    rollups = []
    for number in range(calls):
        call_id = f"{number:012x}"
        table, rollup = sheets[number % len(sheets)].varied(call_id, chance)
        rollups.append(rollup)
        own = folder / "samples" / call_id
        own.mkdir(parents=True)
        if not is_segmented:
            pq.write_table(table, own / WHOLE, write_page_checksum=True, compression="zstd")
            continue
        for minute in range(LENGTH_S // 60):
            part = table.slice(minute * table.num_rows * 60 // LENGTH_S, table.num_rows * 60 // LENGTH_S)
            pq.write_table(part, own / f"{minute:05d}.parquet", write_page_checksum=True)
    RollupFiles(folder / "rollups").put(rollups)
    return calls


def questions() -> Iterator[tuple[str, str, Callable[[Fleet], object]]]:
    every = FleetFilter()
    yield "rollup", "jitter by day", lambda fleet: fleet.figures(every, Metric.JITTER, Group.DAY, zone="Asia/Seoul")
    yield "rollup", "MOS by browser", lambda fleet: fleet.figures(every, Metric.MOS, Group.BROWSER)
    yield "rollup", "loss, how it spreads", lambda fleet: fleet.distribution(every, Metric.LOSS)
    yield "rollup", "the worst 15 calls", lambda fleet: fleet.worst(every, 15)
    yield "rollup", "issues", lambda fleet: fleet.issues(every)
    yield (
        "rollup",
        "two weeks compared, all figures",
        lambda fleet: fleet.compare(FleetFilter(until=NOW - 7 * 86_400), FleetFilter(since=NOW - 7 * 86_400)),
    )
    seconds = Counted.SECOND
    yield "raw", "jitter of all seconds", lambda fleet: fleet.figures(every, Metric.JITTER, counted=seconds)
    yield (
        "raw",
        "jitter of all seconds by day",
        lambda fleet: fleet.figures(every, Metric.JITTER, Group.DAY, counted=seconds, zone="Asia/Seoul"),
    )
    yield (
        "raw",
        "RTT of all seconds by participant",
        lambda fleet: fleet.figures(every, Metric.RTT, Group.PARTICIPANT, counted=seconds),
    )
    yield "raw", "loss of all seconds, spread", lambda fleet: fleet.distribution(every, Metric.LOSS, counted=seconds)


def measure(folder: Path) -> list[dict[str, object]]:
    found = []
    for kind, name, ask in questions():
        took, worked = [], []
        for _ in range(ROUNDS):
            fleet = Fleet(RollupFiles(folder / "rollups"), folder / "samples")
            begun, busy = time.perf_counter(), time.process_time()
            ask(fleet)
            took.append(time.perf_counter() - begun)
            worked.append(time.process_time() - busy)
        median_s, cpu_s = (round(sorted(each)[ROUNDS // 2], 3) for each in (took, worked))
        found.append(
            {"kind": kind, "question": name, "median_s": median_s, "best_s": round(min(took), 3), "cpu_s": cpu_s}
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--segments", action="store_true", help="a sample file a minute instead of one a call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        calls = make(Path(name), options.samples, is_segmented=options.segments)
        found = measure(Path(name))
    if options.json:
        print(json.dumps({"samples": options.samples, "calls": calls, "questions": found}))
        return
    print(f"{options.samples} samples of {calls} calls")
    for each in found:
        took = f"{each['median_s']} s, best {each['best_s']} s, CPU {each['cpu_s']} s"
        print(f"{each['kind']:7} {each['question']:36} {took}")


if __name__ == "__main__":
    main()
