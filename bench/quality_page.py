"""`python -m bench.quality_page [--json]`: what the Quality page of a one-hour call costs the server.

Two people, both vantages, one sample a second. `first_s` is all that the page's script does before the browser draws:
reading 60 segments, scores, judging, lines, marks, and the figure as JSON. `again_s` is the same once the verdict on
the call is in memory; `window_s` is what a zoom asks for. On a busy machine look at `_cpu_s`: the process's own work.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from core.calls.archive import CallArchive
from core.calls.measures import CallMeasures
from core.language.catalogue import translator
from core.quality.figures import FIELDS, with_scores
from core.quality.lines import lines
from core.quality.moments import doubted_during_loss, metric_summaries, worst_moments
from core.store.records import Store
from core.ui.charts.quality import quality_figure
from core.ui.charts.quality_picture import QualityPicture
from core.ui.quality_marks import call_marks, moment_lines, names_of_legs
from core.ui.quality_page import MOST_MOMENTS, POINTS
from core.ui.theme import LIGHT
from tests.fakes.measured_call import LENGTH_S, keep_measured_call


def draw(measures: CallMeasures) -> str:
    """What the page makes of a call, every line shown: its figure as JSON."""
    translate = translator("ko")
    picture = measures.picture
    scored = with_scores(measures.stored.frame)
    drawn = QualityPicture(
        lines=lines(scored, FIELDS, POINTS),
        utterances=picture.utterances,
        participants=picture.call.participants,
        legs=picture.legs,
        span_s=(0.0, float(LENGTH_S)),
        marks=call_marks(picture, float(LENGTH_S), translate),
        doubted=doubted_during_loss(picture.utterances, scored, picture.legs),
    )
    moment_lines(worst_moments(scored, MOST_MOMENTS), names_of_legs(picture), translate)
    metric_summaries(scored)
    return str(quality_figure(drawn, LIGHT, translate).to_json())


def measure(rounds: int) -> dict[str, float]:
    """The medians over so many rounds, in seconds; and how much was read and drawn."""
    with tempfile.TemporaryDirectory() as folder:
        call = keep_measured_call(Path(folder))
        store = Store.open(f"sqlite:///{Path(folder) / 'earshot.db'}")
        took: dict[str, list[tuple[float, float]]] = {"first": [], "again": [], "window": []}
        figure, samples = "", 0
        for _ in range(rounds):
            archive = CallArchive(store, None, Path(folder) / "samples", None, None, None, None, None)  # type: ignore[arg-type]
            for name in ("first", "again"):
                began = _now()
                measures = archive.measures(call.id)
                figure, samples = draw(measures), len(measures.stored.frame)
                took[name].append(_since(began))
            began = _now()
            stretch = archive.window(call.id, (540.0, 720.0)).stored
            lines(with_scores(stretch.frame), FIELDS, POINTS)
            took["window"].append(_since(began))
        store.close()
    result: dict[str, float] = {"samples": samples, "figure_kb": round(len(figure) / 1024, 1)}
    for name, times in took.items():
        result[f"{name}_s"] = round(statistics.median(wall for wall, _ in times), 3)
        result[f"{name}_cpu_s"] = round(statistics.median(cpu for _, cpu in times), 3)
    return result


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    wall, cpu = _now()
    return wall - began[0], cpu - began[1]


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality_page", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(arguments)
    figures = measure(given.rounds)
    told = json.dumps(figures) if given.json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    sys.stdout.write(told + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
