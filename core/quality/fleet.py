"""Many calls at once: DuckDB over their rollups and, where seconds are asked for, over their sample files.

The rollups reach DuckDB as an Arrow table, the samples as Parquet files of the calls that are asked about. Every
question has a connection of its own that may read the sample files and nothing else: no network, no extensions.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import duckdb

from core.model.call import CallId
from core.model.errors import FleetQuestionFailed
from core.model.quality import UNHEARD
from core.quality.comparison import difference
from core.quality.fleet_question import (
    Bin,
    CallLine,
    CallLines,
    Counted,
    Difference,
    Distribution,
    Figures,
    FleetFilter,
    FleetOptions,
    Group,
    IssueLine,
    IssueSource,
    Measured,
    Metric,
)
from core.quality.fleet_sql import (
    AFFECTED,
    CALL_LINES,
    FIGURES,
    HISTOGRAM,
    ISSUES,
    OPTIONS,
    PER_CALL,
    by_name,
    matching_calls,
    second_values,
    values_of,
)
from core.quality.rollup_files import LoadedRollups, RollupFiles
from core.quality.segments import damaged_files, sample_files

logger = logging.getLogger(__name__)

T = TypeVar("T")
THREADS = 2
MEMORY = "1GB"
ANSWERS_KEPT = 200
MOST_KEYS = 60
"""Rows of a grouped answer, the groups with the most calls first; days and hours are all given."""
BIN_WIDTHS: dict[Metric, tuple[float, int]] = {
    Metric.MOS: (0.1, 45),
    Metric.JITTER: (2.0, 40),
    Metric.LOSS: (0.25, 40),
    Metric.RTT: (20.0, 40),
    Metric.JITTER_BUFFER: (10.0, 40),
    Metric.CONCEALED: (0.25, 40),
    Metric.SET_UP: (0.25, 40),
    Metric.FINAL: (0.1, 50),
    Metric.SUMMARY: (0.2, 50),
}
"""Width and number of a distribution's bins, from 0 on, in the metric's unit."""


class Fleet:
    """Answers questions over all calls that have ended. Any thread; blocking, up to seconds over raw samples.

    Every method may raise FleetQuestionFailed. An answer is kept until the rollups change.
    """

    def __init__(self, files: RollupFiles, samples_dir: Path) -> None:
        self._files = files
        self._samples_dir = samples_dir
        self._lock = Lock()
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._revision = 0
        """Of the rollups that the answers are about."""
        self._damaged_samples: set[Path] = set()

    def damaged(self, wanted: FleetFilter) -> tuple[Path, ...]:
        """The rollup files of a period that cannot be read."""
        return self._files.load(wanted.since, wanted.until).damaged

    @property
    def damaged_samples(self) -> tuple[Path, ...]:
        """The sample files that were left out of an answer because they cannot be read, as long as they are there."""
        with self._lock:
            self._damaged_samples = {path for path in self._damaged_samples if path.exists()}
            return tuple(sorted(self._damaged_samples))

    def options(self, wanted: FleetFilter) -> FleetOptions:
        """What there is to choose from in a filter's period, whatever else it says."""
        period = FleetFilter(since=wanted.since, until=wanted.until)

        def answer() -> FleetOptions:
            (row,) = self._ask(period, matching_calls(period) + OPTIONS)
            participants, browsers, networks, languages, origins = (
                tuple(sorted(filter(None, e or ()))) for e in row[:5]
            )
            return FleetOptions(participants, browsers, networks, languages, origins, int(row[5]))

        return self._kept(("options", period), answer)

    def figures(
        self,
        wanted: FleetFilter,
        metric: Metric,
        group: Group | None = None,
        *,
        counted: Counted = Counted.CONNECTION,
        measured: Measured = Measured.SERVER,
        zone: str = "UTC",
    ) -> tuple[Figures, ...]:
        """A figure of the calls that fit, in all or a line a group; days and hours are those of a time zone."""

        def answer() -> tuple[Figures, ...]:
            tails = (0.5, 0.05, 0.01) if metric.is_better_high else (0.5, 0.95, 0.99)
            parameters = {"p50": tails[0], "p95": tails[1], "p99": tails[2]}
            rows = self._values(wanted, metric, group, counted, measured, zone, FIGURES, parameters)
            lines = [Figures(str(row[0]), *row[1:]) for row in rows]
            if group in (Group.DAY, Group.HOUR):
                return tuple(sorted(lines, key=lambda each: each.key))
            return tuple(sorted(lines, key=lambda each: (-each.calls, each.key))[:MOST_KEYS])

        return self._kept(("figures", wanted, metric, group, counted, measured, zone), answer)

    def distribution(
        self,
        wanted: FleetFilter,
        metric: Metric,
        *,
        counted: Counted = Counted.CONNECTION,
        measured: Measured = Measured.SERVER,
    ) -> Distribution:
        """How a figure of the calls that fit spreads."""

        def answer() -> Distribution:
            width, most = BIN_WIDTHS[metric]
            parameters = {"width": width, "most": most - 1}
            rows = self._values(wanted, metric, None, counted, measured, "UTC", HISTOGRAM, parameters)
            counts = {int(row[0]): int(row[1]) for row in rows}
            bins = tuple(Bin(n * width, (n + 1) * width, counts.get(n, 0)) for n in range(max(counts, default=-1) + 1))
            return Distribution(bins, sum(counts.values()))

        return self._kept(("distribution", wanted, metric, counted, measured), answer)

    def worst(self, wanted: FleetFilter, limit: int, offset: int = 0) -> CallLines:
        """The calls that fit: those in which somebody was not heard, then those that sounded worst."""
        return self._kept(("worst", wanted, limit, offset), lambda: self._lines(wanted, "", {}, limit, offset))

    def affected(self, wanted: FleetFilter, source: IssueSource, kind: str, limit: int, offset: int = 0) -> CallLines:
        """Those of them that something was wrong with."""
        parameters = {"source": source.value, "kind": kind}
        key = ("affected", wanted, source, kind, limit, offset)
        return self._kept(key, lambda: self._lines(wanted, AFFECTED, parameters, limit, offset))

    def issues(self, wanted: FleetFilter) -> tuple[IssueLine, ...]:
        """What was wrong in the calls that fit, what most calls had first."""

        def answer() -> tuple[IssueLine, ...]:
            rows = self._ask(wanted, matching_calls(wanted) + ISSUES)
            return tuple(IssueLine(IssueSource(source), *rest) for source, *rest in rows)

        return self._kept(("issues", wanted), answer)

    def compare(
        self, first: FleetFilter, second: FleetFilter, *, measured: Measured = Measured.SERVER
    ) -> tuple[Difference, ...]:
        """Every metric of two groups of calls that at least one of them has."""

        def answer() -> tuple[Difference, ...]:
            found = []
            for metric in Metric:
                one, other = (self._per_call(each, metric, measured) for each in (first, second))
                if one or other:
                    found.append(difference(metric, one, other))
            return tuple(found)

        return self._kept(("compare", first, second, measured), answer)

    def _per_call(self, wanted: FleetFilter, metric: Metric, measured: Measured) -> Sequence[float]:
        rows = self._values(wanted, metric, None, Counted.CONNECTION, measured, "UTC", PER_CALL, {})
        return [float(row[0]) for row in rows]

    def _lines(
        self, wanted: FleetFilter, narrowed: str, parameters: Mapping[str, object], limit: int, offset: int
    ) -> CallLines:
        query = matching_calls(wanted, narrowed) + CALL_LINES
        rows = self._ask(wanted, query, {**parameters, "unheard": sorted(UNHEARD), "limit": limit, "offset": offset})
        lines = tuple(
            CallLine(
                call_id=CallId(row[0]),
                created_at=row[1],
                length_s=row[2],
                people=tuple(row[3]),
                language=row[4],
                origin=row[5],
                mos=row[6],
                jitter_ms=row[7],
                lost_pct=row[8],
                rtt_ms=row[9],
                trouble_s=row[10],
                alerts=tuple(row[11]),
                causes=tuple(row[12]),
            )
            for row in rows
        )
        if lines or not offset:
            return CallLines(lines, int(rows[0][13]) if rows else 0)
        return CallLines((), self._lines(wanted, narrowed, parameters, 1, 0).total)

    # How it is asked

    def _kept(self, key: Hashable, answer: Callable[[], T]) -> T:
        """The answer that is kept, as long as nothing has changed, or else a new one."""
        revision = self._files.revision
        with self._lock:
            if revision != self._revision:
                # Nobody gets them any more, and they may tell of calls that are deleted.
                self._answers.clear()
                self._revision = revision
            if key in self._answers:
                self._answers.move_to_end(key)
                found: T = self._answers[key]
                return found
        fresh = answer()
        with self._lock:
            if revision == self._revision:
                self._answers[key] = fresh
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return fresh

    def _values(
        self,
        wanted: FleetFilter,
        metric: Metric,
        group: Group | None,
        counted: Counted,
        measured: Measured,
        zone: str,
        answer: str,
        parameters: Mapping[str, object],
    ) -> Sequence[tuple[Any, ...]]:
        given: dict[str, object] = {**parameters}
        if group in (Group.DAY, Group.HOUR):
            given["zone"] = zone
        if metric.is_of_streams:
            given["vantage"] = measured.value
        if counted is Counted.CONNECTION or not metric.has_seconds:
            return self._ask(wanted, matching_calls(wanted) + values_of(wanted, metric, group) + answer, given)
        calls = [row[0] for row in self._ask(wanted, matching_calls(wanted) + "SELECT call_id FROM fitting")]
        paths = [str(path) for call_id in calls for path in sample_files(self._samples_dir, CallId(call_id))]
        query = matching_calls(wanted) + second_values(wanted, metric, group) + answer
        return self._ask_files(wanted, query, given, paths)

    def _ask_files(
        self, wanted: FleetFilter, query: str, parameters: Mapping[str, object], paths: list[str]
    ) -> Sequence[tuple[Any, ...]]:
        """Ask about sample files. Damaged and older ones are looked for only when the question fails: it takes long."""
        if not paths:
            return []
        try:
            return self._ask(wanted, query, {**parameters, "paths": paths})
        except FleetQuestionFailed:
            damaged = set(damaged_files(map(Path, paths)))
            with self._lock:
                self._damaged_samples |= damaged
            whole = [path for path in paths if Path(path) not in damaged]
            if not whole:
                return []
            return self._ask(wanted, by_name(query), {**parameters, "paths": whole})

    def _ask(
        self, wanted: FleetFilter, query: str, parameters: Mapping[str, object] | None = None
    ) -> Sequence[tuple[Any, ...]]:
        loaded = self._files.load(wanted.since, wanted.until)
        given = {name: value for name, value in _conditions(wanted).items() if f"${name}" in query}
        return _answers_of(loaded, self._samples_dir, query, {**given, **(parameters or {})})


def _conditions(wanted: FleetFilter) -> Mapping[str, object]:
    return {
        "since": wanted.since,
        "until": wanted.until,
        "language": wanted.language,
        "participant": wanted.participant,
        "browser": wanted.browser,
        "network": wanted.network,
        "origin": wanted.origin,
        "without": list(wanted.without),
    }


def _answers_of(
    loaded: LoadedRollups, samples_dir: Path, query: str, parameters: Mapping[str, object]
) -> Sequence[tuple[Any, ...]]:
    try:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": THREADS,
                "memory_limit": MEMORY,
                "temp_directory": "",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
            },
        )
        with connection:
            readable = ", ".join(f"'{each}'" for each in _quoted(samples_dir))
            connection.execute(f"SET allowed_directories = [{readable}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            connection.register("rollups", loaded.table)
            return connection.execute(query, parameters).fetchall()
    except duckdb.Error as error:
        raise FleetQuestionFailed(reason=str(error).splitlines()[0]) from error


def _quoted(folder: Path) -> set[str]:
    """A folder as it is called and as it is, for a text between single quotes."""
    return {str(path).replace("'", "''") for path in (folder.absolute(), folder.resolve())}
