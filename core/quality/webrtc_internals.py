"""Dumps of chrome://webrtc-internals: one JSON object, in every form that Chromium has written since getStats() of W3C.

    {"getUserMedia": [...], "UserAgent": "...", "UserAgentData": {...},
     "PeerConnections": {"RENDERER-CONNECTION": {"rtcConfiguration": "...", "updateLog": [...],
         "stats": {"REPORT-FIELD": {"statsType": "...", "startTime": "...", "endTime": "...", "values": "[...]"}}}}}

Differences: a series of a report's own times (`REPORT-timestamp`) since Chromium 117, evenly spaced ones before; no
`statsType` before 89; events with `timestamp` in milliseconds, or `time` as a clock of the user's showed it; computed
series (`REPORT-[field]`), which are passed over. The page keeps the last 1000 values of each series.

The parser is pushed piece by piece, so only one connection's figures are in memory at a time.
"""

import json
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import ijson

from core.model.errors import ImportedFileOld, ImportedFileSilent
from core.model.imported import ImportedCall, ImportKind, LeftOut
from core.model.leg_facts import MicrophoneFacts
from core.model.message import Message
from core.quality.browser_stats import Connection
from core.quality.dump_call import DumpCall, browser_of, microphone_of
from core.quality.dump_file import DumpFile
from core.quality.dump_times import clock_time, zone_offset
from core.quality.stat_series import KINDS, WANTED, StatSeries, Value, kept_value, kind_of_id, moment

LONGEST_VALUE_MB = 16
"""Of one text in the file; the page's own buffers are far smaller."""
DEEPEST = 64
"""Of one value's lists and objects in each other; the page's own are four deep."""
WEIGHT = 8
"""Characters that a number or a bracket counts for: many small parts fill the memory as a long text does."""
MOST_VALUES = 2_000_000
"""Figures of one connection that are kept until it is at its end."""
TIMESTAMP = "timestamp"
LEGACY = ("Conn-", "ssrc_", "googCertificate", "googLibjingleSession", "bweforvideo", "Channel-audio", "Cand-")
"""How reports of the getStats() from before the standard are called."""

Event = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class _Row:
    """One series as the file has it."""

    start: float
    end: float
    """Seconds since the Unix epoch."""
    values: list[Value]


@dataclass(slots=True)
class _OpenConnection:
    """What has been read of the connection that is being read."""

    connection: Connection
    rows: dict[str, dict[str, _Row]] = field(default_factory=dict)
    """By report and field."""
    kinds: dict[str, str] = field(default_factory=dict)
    held: int = 0
    is_clock: bool = False
    """Whether its events have times of a clock whose zone is not known."""


class _Reader:
    """Takes the parser's events; knows at every moment where in the file it is."""

    def __init__(self, dump: DumpFile) -> None:
        self._dump = dump
        self.call = DumpCall()
        self.keys: list[str | int] = []
        self.agent = ""
        self.agent_data: object = None
        self.microphone: MicrophoneFacts | None = None
        self.is_legacy = False
        self.has_connections = False
        self.events = 0
        self._open: _OpenConnection | None = None
        self._builder: ijson.ObjectBuilder | None = None
        self._depth = 0
        self._weight = 0

    @property
    def place(self) -> str:
        """The path of keys to where it is."""
        return "/".join(map(str, self.keys))

    def take(self, event: str, value: Any) -> None:
        """The parser's next event."""
        self.events += 1
        if event == "map_key":
            self.keys[-1] = value
        elif event in ("end_map", "end_array"):
            self.keys.pop()
        elif self.keys and isinstance(self.keys[-1], int):
            self.keys[-1] += 1
        if self._builder is not None:
            self._build(event, value)
        elif event not in ("map_key", "end_map", "end_array") and self._is_wanted():
            self._builder, self._depth, self._weight = ijson.ObjectBuilder(), len(self.keys), 0
            self._build(event, value)
        elif event == "end_map" and len(self.keys) == 2 and self.keys[0] == "PeerConnections":
            self._finish()
        if event == "start_map":
            self.keys.append("")
        elif event == "start_array":
            self.keys.append(-1)
        if len(self.keys) > DEEPEST:
            limit = Message("one value is nested more than {limit} levels deep", {"limit": DEEPEST})
            raise self._dump.broken("/".join(map(str, self.keys[:4])), limit)

    def _build(self, event: str, value: Any) -> None:
        assert self._builder is not None
        self._weight += WEIGHT + (len(value) if isinstance(value, str) else 0)
        if self._weight > LONGEST_VALUE_MB * 1024 * 1024:
            raise self._dump.broken(
                self.place, Message("one value is longer than {limit} MB", {"limit": LONGEST_VALUE_MB})
            )
        self._builder.event(event, value)
        if event not in ("start_map", "start_array", "map_key") and len(self.keys) == self._depth:
            built, self._builder = self._builder.value, None
            self._take_value(built)

    def _is_wanted(self) -> bool:
        match self.keys:
            case ["PeerConnections", str(), "stats", str(name)]:
                report, _, what = name.rpartition("-")
                self.is_legacy = self.is_legacy or name.startswith(LEGACY)
                return what == TIMESTAMP or (what in WANTED and "[" not in report)
            case ["PeerConnections", str(), "updateLog", int()] | ["PeerConnections", str(), "rtcConfiguration"]:
                return True
            case ["getUserMedia", int()] | ["UserAgent"] | ["UserAgentData"]:
                return True
            case ["PeerConnections"]:
                self.has_connections = True
        return False

    def _take_value(self, value: Any) -> None:
        match self.keys:
            case ["PeerConnections", str(connection), "stats", str(name)]:
                self._take_row(self._opened(connection), name, value)
            case ["PeerConnections", str(connection), "updateLog", int()]:
                self._take_event(self._opened(connection), value)
            case ["PeerConnections", str(connection), "rtcConfiguration"]:
                text = value if isinstance(value, str) else json.dumps(value)
                self._opened(connection).connection.log.configure(text)
            case ["getUserMedia", int()]:
                audio = value.get("audio") if isinstance(value, dict) else None
                if isinstance(audio, str | dict):
                    asked = audio if isinstance(audio, str) else json.dumps(audio)
                    self.microphone = microphone_of(asked) or self.microphone
            case ["UserAgent"]:
                self.agent = value if isinstance(value, str) else ""
            case _:
                self.agent_data = value

    def _opened(self, name: str) -> _OpenConnection:
        if self._open is None or self._open.connection.id != name:
            self._open = _OpenConnection(Connection(name))
        return self._open

    def _take_row(self, opened: _OpenConnection, name: str, series: Any) -> None:
        report, _, what = name.rpartition("-")
        if not isinstance(series, dict):
            return
        kind = series.get("statsType") or kind_of_id(report)
        if not isinstance(kind, str) or kind not in KINDS:
            return
        values = _values(series.get("values"))
        start, end = (clock_time(text) if isinstance(text := series.get(key), str) else None for key in SPAN)
        if not values or (what != TIMESTAMP and (start is None or end is None)):
            return
        if opened.held + len(values) > MOST_VALUES:
            self.call.left_out[LeftOut.SAMPLES] += len(values)
            return
        opened.held += len(values)
        opened.kinds[report] = kind
        opened.rows.setdefault(report, {})[what] = _Row(start or 0.0, end or 0.0, values)

    def _take_event(self, opened: _OpenConnection, event: Any) -> None:
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return
        at, clock = moment(event.get("timestamp")), event.get("time")
        if at is None and isinstance(clock, str):
            at = clock_time(clock)
            opened.is_clock = opened.is_clock or (at is not None and not clock.rstrip().endswith("Z"))
        value = event.get("value")
        opened.connection.log.add(at, event["type"], value if isinstance(value, str) else json.dumps(value))

    def _finish(self) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        connection = opened.connection
        for report, kind in opened.kinds.items():
            connection.reports[report] = _series(report, kind, opened.rows[report])
        first = min((each.times[0] for each in connection.reports.values() if each.times), default=None)
        if opened.is_clock and first is not None and connection.log.began_at is not None:
            connection.log.shift(-zone_offset(connection.log.began_at, first))
        self.call.add(connection)


SPAN = ("startTime", "endTime")


def _values(text: object) -> list[Value]:
    """The values of a series: a list as a text or, in dumps that a tool has rewritten, as it is."""
    try:
        values = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return []
    if not isinstance(values, list):
        return []
    return [sys.intern(kept) if isinstance(kept := kept_value(each), str) else kept for each in values]


def _series(report: str, kind: str, rows: dict[str, _Row]) -> StatSeries:
    """A report's series on common times: its own, or evenly spaced ones."""
    stamps = rows.pop(TIMESTAMP, None)
    if stamps is not None:
        times = [float("nan") if (at := moment(each)) is None else at for each in stamps.values]
    elif rows:
        longest = max(rows.values(), key=lambda row: len(row.values))
        step = (longest.end - longest.start) / max(1, len(longest.values) - 1)
        times = [longest.start + index * step for index in range(len(longest.values))]
    else:
        times = []
    kept: list[int] = []
    for index, at in enumerate(times):
        # Also leaves out what is no number.
        if at >= (times[kept[-1]] if kept else 0.0):
            kept.append(index)
    columns = {what: _aligned(row, times) for what, row in rows.items()}
    return StatSeries(
        report,
        kind,
        [times[index] for index in kept],
        {what: [column[index] for index in kept] for what, column in columns.items()},
    )


def _aligned(row: _Row, times: list[float]) -> list[Value]:
    """A series' values at a report's times; a field that came later, or went, is missing where it was not."""
    missing = len(times) - len(row.values)
    if missing <= 0:
        return row.values[-len(times) :] if times else []
    before = min(range(missing + 1), key=lambda index: abs(times[index] - row.start))
    return [*([None] * before), *row.values, *([None] * (missing - before))]


def read_webrtc_internals(dump: DumpFile) -> ImportedCall:
    """A dump as a call. Blocking, about ten seconds for 200 MB; any thread.

    Raises:
        ImportedFileBroken: it ends too early or is no JSON; the error tells where.
        ImportedFileOld: it holds only figures of the getStats() from before the standard.
        ImportedFileSilent: no connection has figures about sound.
        ImportedFileTooLarge
    """
    reader = _Reader(dump)
    parser = ijson.basic_parse_coro(_sink(reader), use_float=True)
    seen, seen_at = 0, 0
    try:
        for piece in dump.pieces():
            parser.send(piece)
            if reader.events != seen:
                seen, seen_at = reader.events, dump.offset
            elif dump.offset - seen_at > LONGEST_VALUE_MB * 1024 * 1024:
                limit = Message("one value is longer than {limit} MB", {"limit": LONGEST_VALUE_MB})
                raise dump.broken(reader.place, limit, seen_at)
        parser.close()
    except ijson.JSONError as error:
        place = reader.place
        if "premature" in str(error):
            raise dump.broken(place, Message("it ends too early")) from error
        raise dump.broken(place, Message("this is not JSON"), _where(dump)) from error
    if not reader.call.samples and not reader.call.has_failures:
        if reader.is_legacy:
            what = Message("it holds only figures of the old getStats(), which Chromium has not had since version 117")
            raise ImportedFileOld(name=dump.name, what=what)
        raise ImportedFileSilent(name=dump.name)
    browser = browser_of(reader.agent, reader.agent_data, reader.microphone)
    return reader.call.result(dump.name, ImportKind.WEBRTC_INTERNALS, browser)


def _sink(reader: _Reader) -> Generator[None, Event, None]:
    """What the parser sends its events to."""
    sink = _take_events(reader)
    next(sink)
    return sink


def _take_events(reader: _Reader) -> Generator[None, Event, None]:
    while True:
        event, value = yield
        reader.take(event, value)


def _nowhere() -> Generator[None, Event, None]:
    while True:
        yield


def _where(dump: DumpFile) -> int:
    """The byte at which a file that is no JSON stops being JSON: the parser does not tell, so it is asked again."""
    failed_at = dump.offset
    sink = _nowhere()
    next(sink)
    parser = ijson.basic_parse_coro(sink, use_float=True)
    try:
        for piece in dump.pieces():
            if dump.offset < failed_at:
                parser.send(piece)
                continue
            for index in range(len(piece)):
                try:
                    parser.send(piece[index : index + 1])
                except ijson.JSONError:
                    return dump.offset + index
    except ijson.JSONError:
        return dump.offset
    return failed_at
