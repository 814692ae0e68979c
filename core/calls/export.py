"""A call as a file: JSON with everything, CSV for spreadsheets, WebVTT for players, Parquet for analysts."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum

from core.model.persona import ToolCall
from core.model.sample import RtpSample
from core.model.snapshot import Note
from core.model.stored_call import StoredCall
from core.model.text_alert import TextAlert
from core.model.turn_trace import Step, TurnRecord, TurnTrace, turn_traces
from core.model.utterance import Utterance
from core.quality.alerts import judged_call
from core.quality.report import call_report
from core.quality.sample_export import samples_csv, samples_parquet

JSON_VERSION = 1
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula, and runs it."""
SHORTEST_CUE_S = 0.001


class ExportFormat(StrEnum):
    """Kinds of files; the value is the file's suffix, too."""

    JSON = "json"
    CSV = "csv"
    VTT = "vtt"
    SAMPLES_PARQUET = "parquet"
    SAMPLES_CSV = "samples.csv"
    REPORT = "html"
    """For people: one page with charts, causes and the transcript."""


MEDIA_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.JSON: "application/json",
    ExportFormat.CSV: "text/csv",
    ExportFormat.VTT: "text/vtt",
    ExportFormat.SAMPLES_PARQUET: "application/vnd.apache.parquet",
    ExportFormat.SAMPLES_CSV: "text/csv",
    ExportFormat.REPORT: "text/html",
}
WITH_SAMPLES = frozenset(ExportFormat) - {ExportFormat.CSV, ExportFormat.VTT}
"""The kinds that need the samples, which are read from their files."""


def export_call(
    call: StoredCall, samples: Sequence[RtpSample], kind: ExportFormat, turns: TurnRecord, locale: str = "en"
) -> bytes:
    """A call as a file. Those of `WITH_SAMPLES` need the samples; subtitles hold no moments but their own. Pure.

    `locale` is the language of what is written for people: the report.
    """
    match kind:
        case ExportFormat.JSON:
            return _json(call, samples, turns)
        case ExportFormat.CSV:
            return _csv(call, turns)
        case ExportFormat.VTT:
            return _vtt(call)
        case ExportFormat.SAMPLES_PARQUET:
            return samples_parquet(samples)
        case ExportFormat.SAMPLES_CSV:
            return samples_csv(samples)
        case ExportFormat.REPORT:
            return call_report(call, samples, judged_call(call, samples), locale)


def _json(stored: StoredCall, samples: Sequence[RtpSample], turns: TurnRecord) -> bytes:
    call = stored.call
    content = {
        "version": JSON_VERSION,
        "call": asdict(call) | {f"{name}_iso": _iso(getattr(call, name)) for name in TIMES},
        "utterances": [asdict(utterance) for utterance in stored.utterances],
        "summaries": [asdict(summary) for summary in stored.summaries],
        "guidance": [asdict(guidance) for guidance in stored.guidance],
        "wrap_up": asdict(stored.wrap_up) if stored.wrap_up else None,
        "notes": [asdict(note) for note in stored.notes],
        "text_alerts": [_alert(alert) for alert in stored.text_alerts],
        "tool_calls": [_tool_call(call) for call in stored.tool_calls],
        "legs": dict(stored.legs),
        "leg_facts": {leg: asdict(facts) for leg, facts in stored.leg_facts.items()},
        "turns": [_turn(trace) for trace in turn_traces(turns)],
        "model_answers": [asdict(answer) for answer in turns.answers],
        "heard_audio": [asdict(heard) for heard in turns.heard],
        "samples": [asdict(sample) for sample in samples],
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def _alert(alert: TextAlert) -> dict[str, object]:
    """An alert without words of its own: what it marks is among the utterances."""
    content = asdict(alert)
    del content["words"]
    return content


def _tool_call(call: ToolCall) -> dict[str, object]:
    return {
        "call_id": call.call_id,
        "name": call.name,
        "arguments": dict(call.arguments),
        "called_s": call.called_s,
        "output": call.output,
        "error": None if call.error is None else str(call.error),
        "took_s": call.took_s,
    }


def _turn(trace: TurnTrace) -> dict[str, object]:
    return {
        "utterance_id": trace.utterance_id,
        "trace_id": trace.trace_id,
        "moments": dict(trace.moments),
        "answered_by": trace.answered_by,
        "is_folded": trace.is_folded,
        "is_news": trace.is_news,
        "total_s": trace.total_s,
        "slowest": trace.slowest,
    }


TIMES = ("created_at", "live_at", "ended_at")


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


TURN_COLUMNS = tuple(
    step for step in Step if step not in (Step.SPEECH_START, Step.FIRST_WORDS, Step.SPEECH_END, Step.FINAL)
)
"""The steps that have a column; the others have one under another name."""
COLUMNS = (
    *("start_s", "end_s", "role", "speaker", "text", "confidence", "engine", "original", "corrected_by", "note"),
    *("model", "first_interim_s", "recognised_s", "trace_id", "raw_text"),
    *(f"{step.value}_s" for step in TURN_COLUMNS),
    "total_s",
)
"""`note` is the code of a stretch in which something was amiss, such as that nothing was heard of `speaker`."""


def _csv(call: StoredCall, turns: TurnRecord) -> bytes:
    traces = {trace.utterance_id: trace for trace in turn_traces(turns)}
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for start_s, end_s, texts in sorted(
        [(each.start_s, each.end_s, (*_said(each), *_moments(traces.get(each.id)))) for each in call.utterances]
        + [(note.at_s, until_s, (*_missing(note), *_moments(None))) for note, until_s in _stretches(call)],
        key=lambda row: row[0],
    ):
        writer.writerow([f"{start_s:.3f}", f"{end_s:.3f}", *map(_cell, texts)])
    # With the mark at its beginning Excel reads Korean as what it is.
    return file.getvalue().encode("utf-8-sig", "replace")


def _said(each: Utterance) -> tuple[str, ...]:
    original, by = (each.correction.original, each.correction.by) if each.correction else ("", "")
    return (
        *(each.role.value, each.speaker, each.text, _figure(each.confidence), each.engine, original, by, ""),
        *(each.model, _figure(each.first_interim_s), _figure(each.recognised_s), each.trace_id, each.raw_text),
    )


def _moments(trace: TurnTrace | None) -> tuple[str, ...]:
    if trace is None:
        return ("",) * (len(TURN_COLUMNS) + 1)
    return *(_figure(trace.moments.get(step)) for step in TURN_COLUMNS), _figure(trace.total_s)


def _missing(note: Note) -> tuple[str, ...]:
    return "", note.subject, "", "", "", "", "", note.code, "", "", "", "", ""


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _stretches(call: StoredCall) -> list[tuple[Note, float]]:
    """The notes of what lasted, with their ends."""
    return [(note, note.until_s) for note in call.notes if note.until_s is not None]


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _vtt(call: StoredCall) -> bytes:
    timed = [(each.start_s, _cue(each)) for each in call.utterances]
    timed += [(note.at_s, _comment(note, until_s)) for note, until_s in _stretches(call)]
    blocks = ["WEBVTT", f"NOTE Call {call.call.id}", *(block for _, block in sorted(timed, key=lambda each: each[0]))]
    return ("\n\n".join(blocks) + "\n").encode("utf-8", "replace")


def _comment(note: Note, until_s: float) -> str:
    return f"NOTE {note.code} {_markup(note.subject)} {_clock(note.at_s)} to {_clock(until_s)}"


def _cue(utterance: Utterance) -> str:
    start = max(0.0, utterance.start_s)
    end = max(utterance.end_s, start + SHORTEST_CUE_S)
    return f"{_clock(start)} --> {_clock(end)}\n<v {_markup(utterance.speaker)}>{_markup(utterance.text)}"


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _markup(text: str) -> str:
    # A cue ends at an empty line, and "-->" begins another.
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
