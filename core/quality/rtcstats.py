"""RTCStats dumps, which newer Chromium saves from chrome://webrtc-internals, too: JSON lines, format version 3.

    RTCStatsDump
    {"fileFormat": 3}
    ["create", "23-3", {...}, URL, MILLISECONDS]
    ["getStats", "23-3", {"OT01": {"type": "outbound-rtp", ...}, ...}, MILLISECONDS]

The last of each line is the time since the line before. (The format is described in github.com/rtcstats/rtcstats.) A
report may hold only what changed since the one before. Not read are dumps whose names are packed as numbers.
"""

import json
from collections.abc import Iterator
from typing import Any

from core.model.errors import ImportedFileOld, ImportedFileSilent
from core.model.imported import ImportedCall, ImportKind, LeftOut
from core.model.leg_facts import MicrophoneFacts
from core.model.message import Message
from core.quality.browser_stats import Connection
from core.quality.dump_call import DumpCall, browser_of, microphone_of
from core.quality.dump_file import DumpFile
from core.quality.stat_series import KINDS, WANTED, StatSeries, Value, figure, kept_value, moment

MAGIC = b"RTCStatsDump"
VERSION = 3
LONGEST_LINE_MB = 16
MOST_CONNECTIONS = 200
MOST_VALUES = 4_000_000
"""Figures that are kept until the end of the file; unlike the other dump this one is ordered by time."""
_LATEST = WANTED | {"type"}


class _Reader:
    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}
        self.left_out = 0
        self.agent = ""
        self.agent_data: object = None
        self.microphone: MicrophoneFacts | None = None
        self._held = 0
        self._latest: dict[tuple[str, str], dict[str, Value]] = {}
        """By connection and report; what came last of each field."""

    def take(self, event: list[Any], at: float) -> None:
        """The next line: `at` is its time in seconds since the Unix epoch."""
        kind, name, value = event[0], event[1], event[2]
        if not isinstance(name, str):
            self._take_browser(kind, value)
            return
        if kind.startswith("navigator.mediaDevices.getUserMedia"):
            audio = value.get("audio") if isinstance(value, dict) else None
            asked = audio if isinstance(audio, str) else json.dumps(audio)
            self.microphone = microphone_of(asked) or self.microphone
            return
        connection = self.connections.get(name)
        if connection is None:
            if len(self.connections) == MOST_CONNECTIONS:
                self.left_out += 1
                return
            connection = self.connections[name] = Connection(name)
        if kind == "getStats":
            if isinstance(value, dict):
                self._take_stats(connection, value, at)
            return
        text = value if isinstance(value, str) else json.dumps(value)
        if kind == "create":
            connection.log.configure(text)
        connection.log.add(at, kind, text)

    def _take_browser(self, kind: str, value: Any) -> None:
        if kind == "create" and isinstance(value, dict):
            agent = value.get("userAgent")
            self.agent = agent if isinstance(agent, str) else self.agent
            self.agent_data = value.get("userAgentData", self.agent_data)

    def _take_stats(self, connection: Connection, reports: dict[str, Any], at: float) -> None:
        for report_id, told in reports.items():
            if not isinstance(told, dict):
                continue
            former = self._latest.get((connection.id, report_id), {})
            latest = former | {what: kept_value(value) for what, value in told.items() if what in _LATEST}
            kind = latest.get("type")
            if not isinstance(kind, str) or kind not in KINDS:
                continue
            figures = {what: value for what, value in latest.items() if what in WANTED}
            if self._held + len(figures) >= MOST_VALUES:
                self.left_out += len(figures)
                continue
            self._latest[connection.id, report_id] = latest
            series = connection.reports.setdefault(report_id, StatSeries(report_id, kind))
            stamp = moment(told.get("timestamp"))
            when = at if stamp is None or abs(stamp - at) >= 3600 else stamp
            if series.times and when <= series.times[-1]:
                continue
            self._held += 1 + len(figures)
            _append(series, when, figures)


def _append(series: StatSeries, at: float, figures: dict[str, Value]) -> None:
    for what in figures.keys() - series.values.keys():
        series.values[what] = [None] * len(series.times)
    series.times.append(at)
    for what, column in series.values.items():
        column.append(figures.get(what))


def _lines(dump: DumpFile) -> Iterator[tuple[int, bytes]]:
    """The lines, each with the byte at which it begins. Raises as `DumpFile.pieces`."""
    rest, begins_at = b"", 0
    number = 0
    for piece in dump.pieces():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            number += 1
            yield begins_at, line
            begins_at += len(line) + 1
        if len(rest) > LONGEST_LINE_MB * 1024 * 1024:
            limit = Message("one value is longer than {limit} MB", {"limit": LONGEST_LINE_MB})
            raise dump.broken(_line(number + 1), limit, begins_at)
    yield begins_at, rest


def _line(number: int) -> Message:
    return Message("line {number}", {"number": number})


def read_rtcstats(dump: DumpFile) -> ImportedCall:
    """A dump as a call. Blocking; any thread.

    Raises:
        ImportedFileBroken: a line is no JSON, or the last one ends too early; the error tells where.
        ImportedFileOld: it is of another version, or packed.
        ImportedFileSilent: no connection has figures about sound.
        ImportedFileTooLarge
    """
    reader = _Reader()
    at_ms = 0.0
    for number, (begins_at, line) in enumerate(_lines(dump), start=1):
        if number == 1 or not line.strip():
            continue
        try:
            told = json.loads(line)
        except ValueError as error:
            position = error.pos if isinstance(error, json.JSONDecodeError) else 0
            reason = Message("this is not JSON")
            raise dump.broken(_line(number), reason, begins_at + position) from error
        except RecursionError as error:
            raise dump.broken(_line(number), Message("this is not JSON"), begins_at) from error
        if number == 2:
            if not isinstance(told, dict) or told.get("fileFormat") != VERSION:
                what = Message("it is an RTCStats dump of another version than {version}", {"version": VERSION})
                raise ImportedFileOld(name=dump.name, what=what)
            continue
        later_ms = figure(told[-1]) if isinstance(told, list) and len(told) >= 4 else None
        if later_ms is None:
            continue
        if not isinstance(told[0], str):
            raise ImportedFileOld(name=dump.name, what=Message("its names are packed as numbers"))
        at_ms += later_ms
        if (at := moment(at_ms)) is not None:
            reader.take(told, at)
    call = DumpCall()
    for connection in reader.connections.values():
        call.add(connection)
    if not call.samples and not call.has_failures:
        raise ImportedFileSilent(name=dump.name)
    call.left_out[LeftOut.SAMPLES] += reader.left_out
    browser = browser_of(reader.agent, reader.agent_data, reader.microphone)
    return call.result(dump.name, ImportKind.RTCSTATS, browser)
