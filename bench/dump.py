"""How long a large dump takes to read, and what memory it takes: `python -m bench.dump [--megabytes 200] [--json]`.

The dump has the form that Chromium writes today, a connection after the other, each with a thousand seconds (what the
page keeps) and the hundreds of fields that nobody here looks at.
"""

import argparse
import gzip
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from core.quality.imports import read_import_path
from tests.fakes.webrtc_dump import Form, Talk, connection

SECONDS = 1_000
OTHER_FIELDS = 400
"""Of video, data channels and codecs: most of a real dump."""


def write_dump(path: Path, megabytes: float) -> int:
    """Write a dump of about so many megabytes; returns how many connections it has."""
    filler = json.dumps([round(1_000.123 * number, 3) for number in range(SECONDS)], separators=(",", ":"))
    made = connection(Talk(seconds=SECONDS, loss=0.01, videos=2), Form.NEWEST)
    span = {"startTime": "2026-11-28T20:00:01.000Z", "endTime": "2026-11-28T20:16:40.000Z", "statsType": "codec"}
    for number in range(OTHER_FIELDS):
        made["stats"][f"OT01V1-filler{number}"] = {**span, "values": filler}
    text = json.dumps(made, indent=1)
    count = max(1, round(megabytes * 1e6 / len(text)))
    with path.open("w") as file:
        file.write('{"getUserMedia": [], "UserAgent": "Chrome/156.0", "PeerConnections": {')
        for number in range(count):
            file.write(f'{"," if number else ""}"8-{number}": {text}')
        file.write("}}")
    return count


def peak_mb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=200.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path, packed = Path(folder, "dump.txt"), Path(folder, "dump.gz")
        count = write_dump(path, options.megabytes)
        with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
            while piece := plain.read(1 << 20):
                file.write(piece)
        figures |= {"megabytes": path.stat().st_size / 1e6, "packed_megabytes": packed.stat().st_size / 1e6}
        figures |= {"connections": count, "before_mb": peak_mb()}
        for name, each in (("plain_s", path), ("packed_s", packed)):
            began, used = time.perf_counter(), time.process_time()
            call = read_import_path(each)
            figures[name], figures[f"{name}_cpu"] = time.perf_counter() - began, time.process_time() - used
        figures |= {"samples": len(call.samples), "peak_mb": peak_mb()}
    if options.json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    for name, value in figures.items():
        print(f"{name:18} {value:10.1f}")


if __name__ == "__main__":
    main()
