import os
import signal
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
)
from core.model.errors import CallNotFound, RecordRefused, StoreError
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
from core.model.passage import Guidance, GuidanceAnswer, Passage
from core.model.quality import CallQuality
from core.model.snapshot import Note
from core.model.text_alert import AlertLevel
from core.model.utterance import Utterance
from core.store.records import Store
from tests.fakes.page_backend import text_alert

CALL = Call(CallId("c1"), "ko", CallState.WAITING, CallOrigin.BROWSER, created_at=1_000.0)
PERSON = Participant(
    ParticipantId("p1"),
    "지영",
    Role.CUSTOMER,
    joined_at=1_001.0,
    leg_id=LegId("l1"),
    leg_state=LegState.CONNECTED,
    language="en",
)


def utterance(number: int, words: str = "환불하고 싶어요") -> Utterance:
    return Utterance(
        id=f"p1-{number}",
        participant_id=PERSON.id,
        speaker=PERSON.name,
        role=PERSON.role,
        text=words,
        is_final=True,
        start_s=float(number),
        end_s=number + 0.5,
        confidence=0.8,
        engine="whisper",
        model="base",
        recognised_s=number + 1.0,
        trace_id=f"trace-{number}",
        first_interim_s=number + 0.25,
        raw_text="환불 하고 싶어요",
    )


@pytest.fixture
def store(tmp_path: Path):
    opened = Store.open(f"sqlite:///{tmp_path / 'deep' / 'earshot.db'}")
    opened.create_call(CALL)
    opened.save_participant(CALL.id, PERSON)
    yield opened
    opened.close()


def test_a_call_comes_back_as_it_was_kept(store: Store) -> None:
    summary = Summary(SummaryText("환불 요청", "이중 청구", "환불 안내"), "extractive", "", "p1-0", 1, 2.0, 0.01)
    answer = GuidanceAnswer("먼저 확인", (Passage("환불", "절차", 3.5, "billing.md#refund"),))
    guidance = Guidance("환불 요청", answer, 2.5, 0.002)
    note = Note(0.5, "audio_missing", "지영", until_s=4.5)
    store.save_utterance(CALL.id, utterance(0))
    store.save_summary(CALL.id, summary)
    store.save_guidance(CALL.id, guidance)
    store.save_note(CALL.id, note)
    kept = store.load_call(CALL.id)
    assert kept.call == replace(CALL, participants=(PERSON,))
    assert kept.utterances == (utterance(0),)
    assert (kept.summaries, kept.guidance, kept.notes) == ((summary,), (guidance,), (note,))
    assert kept.legs == {"l1": "p1"}
    assert kept.snapshot((), CallQuality()).now_s == 0.5


def test_all_that_a_model_said_comes_back_and_what_it_did_not_say_stays_unsaid(store: Store) -> None:
    bare = Summary(SummaryText("환불 요청", "", ""), "extractive", "LexRank", "p1-0", 1, 2.0, 0.01)
    stand_in = replace(bare, stands_in_for="ModelUnreachable")
    full = replace(
        bare,
        engine="openai",
        intent=Intent("refund", 0.9),
        sentiment=Sentiment(SentimentLabel.NEGATIVE, -0.6, SentimentTrend.FALLING),
        risks=(RiskFlag("churn", "해지하고 싶어요"), RiskFlag("complaint", "두 번째예요")),
        suggested_reply="확인해 드리겠습니다.",
        times=RequestTimes(1.0, 1.01, 1.4, 1.6, 2.2),
        usage=TokenUsage(900, 120, 512),
    )
    unfinished = replace(full, intent=Intent("refund"), times=RequestTimes(3.0, 3.1), usage=None, risks=())
    for summary in (bare, stand_in, full, unfinished):
        store.save_summary(CALL.id, summary)
    assert store.load_call(CALL.id).summaries == (bare, stand_in, full, unfinished)


def test_an_alert_is_kept_as_it_is_now_but_not_the_words_that_raised_it(store: Store) -> None:
    raised = text_alert("cancel", AlertLevel.CRITICAL, "p1-0", notify=True)
    store.save_text_alert(CALL.id, raised)
    store.save_text_alert(CALL.id, text_alert("silence", AlertLevel.INFO))
    store.save_text_alert(CALL.id, replace(raised, cleared_at_s=20.0, participant_id=PERSON.id))
    first, second = store.load_call(CALL.id).text_alerts
    assert first == replace(raised, cleared_at_s=20.0, participant_id=PERSON.id, words=())
    assert second.is_open
    assert store.load_call(CALL.id).snapshot((), CallQuality()).text_alerts[1].cleared_at_s is not None
    store.delete_call(CALL.id)
    store.create_call(CALL)
    assert store.load_call(CALL.id).text_alerts == ()


def test_an_utterance_that_is_kept_twice_is_there_once(store: Store) -> None:
    store.save_utterance(CALL.id, utterance(0, "환불"))
    store.save_utterance(CALL.id, utterance(0, "환불하고 싶어요"))
    assert [u.text for u in store.load_call(CALL.id).utterances] == ["환불하고 싶어요"]


def test_a_participant_who_comes_back_keeps_the_place_and_the_latest_leg(store: Store) -> None:
    store.save_participant(CALL.id, replace(PERSON, leg_id=LegId("a-later-leg"), leg_state=LegState.LOST))
    (person,) = store.load_call(CALL.id).call.participants
    assert (person.leg_id, person.leg_state) == ("a-later-leg", LegState.LOST)
    assert set(store.load_call(CALL.id).legs) == {"l1", "a-later-leg"}


def test_calls_are_listed_newest_first(store: Store) -> None:
    store.create_call(replace(CALL, id=CallId("c2"), created_at=2_000.0))
    assert [call.id for call in store.list_calls(limit=5)] == ["c2", "c1"]
    assert [call.id for call in store.list_calls(limit=1)] == ["c2"]


def test_an_unknown_call_is_named(store: Store) -> None:
    with pytest.raises(CallNotFound, match="c9"):
        store.load_call(CallId("c9"))


def test_a_crash_leaves_a_leg_that_was_closed_on_purpose_closed(store: Store) -> None:
    store.save_participant(CALL.id, replace(PERSON, leg_state=LegState.CLOSED))
    store.update_call(replace(CALL, state=CallState.LIVE, live_at=1_030.0))
    store.close_interrupted(now_wall=9_999.0)
    call = store.load_call(CALL.id).call
    assert call.participants[0].leg_state is LegState.CLOSED
    assert call.ended_at == 1_030.0


def test_a_call_that_a_crash_left_open_ends_with_its_last_trace(store: Store) -> None:
    store.save_utterance(CALL.id, utterance(7))
    assert store.close_interrupted(now_wall=9_999.0) == (CALL.id,)
    call = store.load_call(CALL.id).call
    assert (call.state, call.end_reason, call.ended_at) == (CallState.ENDED, EndReason.INTERRUPTED, 1_008.0)
    assert call.participants[0].leg_state is LegState.LOST
    assert store.close_interrupted(now_wall=9_999.0) == ()


WRITER = """
import sys
from core.store.records import Store
from tests.store.test_records import CALL, PERSON, utterance
store = Store.open(sys.argv[1])
store.create_call(CALL)
store.save_participant(CALL.id, PERSON)
number = 0
while True:
    store.save_utterance(CALL.id, utterance(number))
    print(number, flush=True)
    number += 1
"""


def test_no_final_utterance_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        shown = [child.stdout.readline() for _ in range(25)]
        os.kill(child.pid, signal.SIGKILL)
        shown += child.stdout.readlines()
    # The last line may have been cut short by the kill.
    whole = [int(line) for line in shown if line.endswith("\n")]
    store = Store.open(url)
    assert store.close_interrupted(now_wall=9_999.0) == (CALL.id,)
    kept = store.load_call(CALL.id)
    assert kept.utterances[: len(whole)] == tuple(utterance(number) for number in whole)
    assert (kept.call.state, kept.call.end_reason) == (CallState.ENDED, EndReason.INTERRUPTED)
    store.close()


def test_what_can_never_be_kept_is_told_apart_and_quotes_nobody(store: Store) -> None:
    with pytest.raises(RecordRefused) as refused:
        store.save_utterance(CallId("no-such-call"), utterance(0, "제 카드 번호는 1234"))
    assert not refused.value.retryable
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    "poisoned", [replace(utterance(0), text="카드 \ud83d"), replace(utterance(0), text=object())], ids=["text", "type"]
)
def test_a_record_that_no_database_can_keep_is_refused_at_once_instead_of_tried_for_ever(
    store: Store, poisoned: Utterance
) -> None:
    with pytest.raises(RecordRefused) as refused:
        store.save_utterance(CALL.id, poisoned)
    assert "카드" not in str(refused.value)
    store.save_utterance(CALL.id, utterance(1))
    assert store.load_call(CALL.id).utterances == (utterance(1),)


def test_a_change_of_a_call_that_is_not_kept_is_refused(store: Store) -> None:
    with pytest.raises(RecordRefused, match="c9"):
        store.update_call(replace(CALL, id=CallId("c9")))


def test_what_a_caller_said_is_in_no_error_and_no_log(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    said = "제 카드 번호는 1234"
    store.save_utterance(CALL.id, utterance(0, said))
    with store._database.transaction() as connection:
        connection.execute(text("DROP INDEX ix_utterances_call_id_id"))
        connection.execute(text("ALTER TABLE utterances DROP COLUMN text"))
    with pytest.raises(StoreError) as failed:
        store.save_utterance(CALL.id, utterance(1, said))
    assert said not in "".join(traceback.format_exception(failed.value))
    assert said not in caplog.text


def test_a_page_reads_while_a_call_is_being_written(store: Store) -> None:
    with store._database.transaction() as connection:
        connection.execute(text("DELETE FROM participants"))
        assert len(store.load_call(CALL.id).call.participants) == 1
