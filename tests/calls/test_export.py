import csv
import html
import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calls.export import ExportFormat, export_call
from core.model.call import Call, CallId, CallOrigin, CallState, LegId, ParticipantId, Role
from core.model.insight import (
    Intent,
    RequestTimes,
    RiskFlag,
    Sentiment,
    SentimentLabel,
    SentimentTrend,
    Summary,
    SummaryText,
    TokenUsage,
)
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import Note
from core.model.stored_call import StoredCall
from core.model.turn_trace import TurnRecord
from core.model.utterance import Correction, Utterance
from core.quality.imports import read_import
from tests.fakes.turn_records import a_turn_record

CUE = re.compile(r"(\d{2,}):(\d\d):(\d\d\.\d{3}) --> (\d{2,}):(\d\d):(\d\d\.\d{3})\n<v ([^<>\n]*)>([^<>\n]*)")
NO_TURNS = TurnRecord(CallId("c1"))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def call_of(*utterances: Utterance) -> StoredCall:
    call = Call(CallId("c1"), "ko", CallState.ENDED, CallOrigin.BROWSER, 1_700_000_000.0, ended_at=1_700_000_060.5)
    return StoredCall(call, utterances, (), (), (), {})


def said(text: str, speaker: str = "김상담", start_s: float = 1.0, end_s: float = 2.5) -> Utterance:
    return Utterance(
        "u1", ParticipantId("p1"), speaker, Role.AGENT, text, True, start_s, end_s, 0.9, "whisper", "", 3.0
    )


def cues(content: bytes) -> list[tuple[float, float, str, str]]:
    head, *blocks = content.decode().rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    assert blocks.pop(0) == "NOTE Call c1"
    found = []
    for block in blocks:
        match = CUE.fullmatch(block)
        assert match, block
        h1, m1, s1, h2, m2, s2, speaker, text = match.groups()
        start, end = int(h1) * 3600 + int(m1) * 60 + float(s1), int(h2) * 3600 + int(m2) * 60 + float(s2)
        found.append((start, end, html.unescape(speaker), html.unescape(text)))
    return found


@given(text=texts, speaker=texts, start=st.floats(0, 90_000), length=st.floats(-1, 60))
def test_every_subtitle_is_one_cue_that_a_player_can_read(text: str, speaker: str, start: float, length: float) -> None:
    ((begun, ended, who, what),) = cues(
        export_call(call_of(said(text, speaker, start, start + length)), (), ExportFormat.VTT, NO_TURNS)
    )
    assert begun == pytest.approx(start, abs=0.001)
    assert ended > begun
    assert (who, what) == (" ".join(speaker.split()), " ".join(text.split()))


@given(text=texts, speaker=texts)
def test_no_cell_of_a_table_is_a_formula(text: str, speaker: str) -> None:
    content = export_call(call_of(said(text, speaker)), (), ExportFormat.CSV, NO_TURNS)
    head, row = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    cells = dict(zip(head, row, strict=True))
    assert cells["text"].removeprefix("'") == text.removeprefix("'") or text.startswith("'")
    assert not cells["text"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not cells["speaker"].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_table_opens_in_korean() -> None:
    content = export_call(call_of(said("환불해 주세요")), (), ExportFormat.CSV, NO_TURNS)
    assert content.startswith(b"\xef\xbb\xbf")
    assert "환불해 주세요" in content.decode("utf-8-sig")


def test_json_holds_the_original_beside_the_correction_and_readable_times() -> None:
    utterance = said("환불해 주세요")
    corrected = Utterance(
        **{name: getattr(utterance, name) for name in utterance.__slots__ if name != "correction"},
        correction=Correction("한불해 주세요", "admin", 1_700_000_100.0),
    )
    content = export_call(call_of(corrected), (), ExportFormat.JSON, NO_TURNS)
    read = json.loads(content)
    assert read["utterances"][0]["correction"] == {"original": "한불해 주세요", "by": "admin", "at": 1_700_000_100.0}
    assert read["call"]["created_at_iso"] == "2023-11-14T22:13:20.000+00:00"
    assert "환불해" in content.decode()


def test_tables_and_json_tell_how_each_text_came_about() -> None:
    call = call_of(replace(said("네"), model="base", trace_id="3f2a", first_interim_s=1.875, raw_text="내"))
    rows = csv.DictReader(
        io.StringIO(export_call(call, (), ExportFormat.CSV, NO_TURNS).decode("utf-8-sig"), newline="")
    )
    told = ("engine", "model", "first_interim_s", "recognised_s", "trace_id", "raw_text")
    assert [[row[name] for name in told] for row in rows] == [["whisper", "base", "1.875", "3.000", "3f2a", "내"]]
    (utterance,) = json.loads(export_call(call, (), ExportFormat.JSON, NO_TURNS))["utterances"]
    assert [utterance[name] for name in told] == ["whisper", "base", 1.875, 3.0, "3f2a", "내"]


def test_json_holds_all_that_a_model_said_and_what_stood_in_for_it() -> None:
    by_model = Summary(
        SummaryText("환불 요청", "이중 청구", ""),
        "openai",
        "gpt-5-mini",
        "u1",
        1,
        3.0,
        0.8,
        Intent("refund", 0.9),
        Sentiment(SentimentLabel.NEGATIVE, -0.6, SentimentTrend.FALLING),
        (RiskFlag("churn", "해지할게요"),),
        "확인해 드리겠습니다.",
        RequestTimes(2.1, 2.2, 2.5, 2.6, 3.0),
        TokenUsage(900, 120, 512),
    )
    stand_in = Summary(SummaryText("환불 요청", "", ""), "extractive", "LexRank", "u1", 1, 4.0, 0.1, stands_in_for="X")
    call = replace(call_of(said("해지할게요")), summaries=(by_model, stand_in))
    told = json.loads(export_call(call, (), ExportFormat.JSON, NO_TURNS))["summaries"]
    assert told[0]["intent"] == {"label": "refund", "confidence": 0.9}
    assert told[0]["sentiment"] == {"label": "negative", "score": -0.6, "trend": "falling"}
    assert told[0]["risks"] == [{"kind": "churn", "words": "해지할게요"}]
    assert told[0]["times"]["first_token_s"] == 2.5
    assert told[0]["usage"]["cached_input_tokens"] == 512
    assert [each["stands_in_for"] for each in told] == ["", "X"]


def test_files_for_people_tell_when_nothing_was_heard_of_somebody() -> None:
    call = replace(
        call_of(said("먼저", start_s=1.0, end_s=2.0), said("나중에", start_s=9.0, end_s=10.0)),
        notes=(Note(0.5, "participant_joined", "김상담"), Note(3.0, "audio_missing", "=김 --> 고객", 7.25)),
    )
    rows = list(
        csv.reader(io.StringIO(export_call(call, (), ExportFormat.CSV, NO_TURNS).decode("utf-8-sig"), newline=""))
    )
    note = rows[0].index("note")
    assert [(row[0], row[3], row[note]) for row in rows[1:]] == [
        ("1.000", "김상담", ""),
        ("3.000", "'=김 --> 고객", "audio_missing"),
        ("9.000", "김상담", ""),
    ]
    blocks = export_call(call, (), ExportFormat.VTT, NO_TURNS).decode().rstrip("\n").split("\n\n")
    assert blocks[3] == "NOTE audio_missing =김 --&gt; 고객 00:00:03.000 to 00:00:07.250"


def test_tables_and_json_hold_the_steps_of_every_turn() -> None:
    turns = a_turn_record(CallId("c1"))
    call = call_of(*turns.utterances)
    table = export_call(call, (), ExportFormat.CSV, turns).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert rows[0]["total_s"] == "1.590"
    assert rows[0]["summary_painted_s"] == "4.690"
    assert rows[4]["summary_painted_s"] == ""
    read = json.loads(export_call(call, (), ExportFormat.JSON, turns))
    assert [turn["is_folded"] for turn in read["turns"]] == [False, False, True, False, False]
    assert read["turns"][0]["moments"]["kept"] == pytest.approx(3.726)
    assert read["model_answers"][0]["usage"]["cached_input_tokens"] == 1_024
    assert read["heard_audio"][0]["seconds"] == 42.5


SAMPLES = (
    RtpSample(
        LegId("l1"), Direction.INBOUND, Vantage.BROWSER, 1.0, 1.0, 50, 4000, lost=1, jitter_ms=2.5, path_id="=1+1"
    ),
    RtpSample(LegId("l1"), Direction.OUTBOUND, Vantage.SERVER, 1.5, 1.0, 50, 4000, rtt_ms=80.0, is_muted=False),
)


def test_the_figures_as_parquet_are_the_samples_again() -> None:
    content = export_call(call_of(), SAMPLES, ExportFormat.SAMPLES_PARQUET, NO_TURNS)
    assert read_import("call.parquet", io.BytesIO(content)).samples == SAMPLES


def test_the_figures_as_a_table_have_a_row_a_sample_and_empty_cells_for_what_is_missing() -> None:
    content = export_call(call_of(), SAMPLES, ExportFormat.SAMPLES_CSV, NO_TURNS)
    first, second = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert (first["jitter_ms"], first["loss_pct"], first["rtt_ms"]) == ("2.5", f"{100 / 51:.6g}", "")
    assert first["path_id"] == "'=1+1"
    assert (second["vantage"], second["rtt_ms"], second["is_muted"], second["lost"]) == ("server", "80", "0", "")
