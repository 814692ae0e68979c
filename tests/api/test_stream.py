import asyncio
import json
from dataclasses import replace

import pytest

from core.api.stream import GAP_S, changes, events
from core.calls.record import CallRecord
from core.language.catalogue import describe, translator
from core.model.call import CallState, LegId, Participant, ParticipantId, Role
from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.errors import CallNotFound, DiskFull
from core.model.health import PartHealth, PartState
from core.model.insight import Insight, ModelActivity, ModelPhase, SummaryText
from core.model.message import Message
from core.model.quality import BufferDrift, CallQuality
from core.model.sample import Direction
from core.model.text_alert import AlertLevel
from core.quality.alerts import judged
from tests.calls.test_record import a_call, a_sample, an_utterance
from tests.fakes.clock import ManualClock
from tests.fakes.page_backend import text_alert
from tests.quality.stream import sample


def test_the_first_message_has_everything() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("1", "안녕하세요", 0.0))
    record.add_samples([a_sample(1.0)])
    message = changes(None, record.snapshot(), str)
    assert message["reset"] is True
    assert message["call"]["state"] == "waiting"
    assert [u["text"] for u in message["utterances"]] == ["안녕하세요"]
    assert message["samples"][0]["packets_per_s"] == 50


def test_later_messages_have_only_what_changed() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("1", "안녕하세요", 0.0))
    before = record.snapshot()
    record.put_utterance(an_utterance("2", "네", 2.0))
    message = changes(before, record.snapshot(), str)
    assert set(message) == {"reset", "revision", "now_s", "utterances"}
    assert [u["id"] for u in message["utterances"]] == ["2"]


def test_a_withdrawn_interim_is_told() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("1", "어", 0.0, is_final=False))
    before = record.snapshot()
    record.put_utterance(an_utterance("1", "", 0.0))
    assert [(u["id"], u["text"]) for u in changes(before, record.snapshot(), str)["utterances"]] == [("1", "")]


def test_samples_are_sent_once_and_missing_figures_stay_missing() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.add_samples([a_sample(1.0)])
    before = record.snapshot()
    record.add_samples([a_sample(2.0)])
    (sample,) = changes(before, record.snapshot(), str)["samples"]
    assert sample["at_s"] == 2.0
    assert sample["jitter_ms"] is None


def test_what_rules_raised_is_sent_when_it_changes() -> None:
    record = CallRecord(a_call(), ManualClock())
    assert "text_alerts" not in changes(None, record.snapshot(), str)
    record.set_text_alerts((text_alert("cancel", AlertLevel.CRITICAL, "u1", notify=True),))
    before = record.snapshot()
    (told,) = changes(None, before, str)["text_alerts"]
    assert json.loads(json.dumps(told)) == {
        "id": "cancel-1",
        "names": {"ko": "해지 요구", "en": "Wants to cancel"},
        "category": "churn",
        "level": "critical",
        "raised_at_s": 12.0,
        "cleared_at_s": None,
        "utterance_ids": ["u1"],
        "notify": True,
    }
    assert "text_alerts" not in changes(before, record.snapshot(), str)
    record.set_text_alerts(())
    assert changes(before, record.snapshot(), str)["text_alerts"] == []


def test_scores_and_alerts_are_sent_when_they_change() -> None:
    record = CallRecord(a_call(), ManualClock())
    nothing: list[object] = []
    empty = {"scores": nothing, "alerts": nothing, "drifts": nothing, "diagnoses": nothing}
    assert changes(None, record.snapshot(), str)["quality"] == empty
    before = record.snapshot()
    record.set_quality(judged(sample(at_s, jitter_ms=50.0) for at_s in range(1, 6)))
    (alert,) = changes(before, record.snapshot(), str)["quality"]["alerts"]
    assert (alert["kind"], alert["direction"], alert["worst"]) == ("high_jitter", "inbound", 50.0)
    before = record.snapshot()
    record.set_quality(before.quality)
    assert "quality" not in changes(before, record.snapshot(), str)


@pytest.mark.parametrize(("locale", "title"), [("en", "민수: the network on this side"), ("ko", "민수: 이쪽 네트워크")])
def test_causes_are_sent_in_the_readers_words_with_whose_leg_it_is(locale: str, title: str) -> None:
    record = CallRecord(a_call(), ManualClock())
    owner = Participant(ParticipantId("p1"), "민수", Role.AGENT, 0.0)
    record.set_call(replace(record.call, participants=(owner,)), {LegId("l1"): owner.id})
    lossy = Evidence("loss_up_pct", 2.04, 1.0)
    found = (
        Diagnosis(Cause.ACCESS_NETWORK, LegId("l1"), Direction.INBOUND, 12.0, None, (lossy,)),
        Diagnosis(Cause.RELAY_IN_USE, LegId("l1"), None, 2.0, None, ()),
        Diagnosis(Cause.SPEECH_HANDOVER, None, None, 5.0, 5.0, ()),
    )
    record.set_quality(CallQuality(drifts=(BufferDrift(LegId("l1"), 1.0, -1.0, 3.0, 120.0, 40.0),), diagnoses=found))
    quality = changes(None, record.snapshot(), translator(locale))["quality"]
    network, relay = quality["diagnoses"]
    assert network["title"].startswith(title)
    assert (network["is_routine"], relay["is_routine"]) == (False, True)
    assert [(each["value"], each["limit"]) for each in network["evidence"]] == [("2%", "1%")]
    assert quality["drifts"][0]["high_ms_per_min"] == 3.0
    json.dumps(quality)


def test_a_muted_microphone_is_no_routine_while_those_who_do_not_hear_it_are_in_the_call() -> None:
    record = CallRecord(a_call(), ManualClock())
    muted = Diagnosis(Cause.MUTED_MICROPHONE, LegId("l1"), Direction.INBOUND, 12.0, None, ())
    record.set_quality(CallQuality(diagnoses=(muted,)))
    (told,) = changes(None, record.snapshot(), translator("en"))["quality"]["diagnoses"]
    assert (told["end_s"], told["is_routine"]) == (None, False)


async def test_a_stream_sends_the_picture_then_the_changes_and_hears_of_a_shutdown() -> None:
    record = CallRecord(a_call(), ManualClock())
    stopping = asyncio.Event()
    stream = events(record.snapshot, lambda: record.revision, tuple, stopping.is_set, str)
    first = await anext(stream)
    assert json.loads(first.removeprefix("data: "))["reset"] is True
    record.put_utterance(an_utterance("1", "네", 0.0))
    assert "네" in await anext(stream)
    stopping.set()
    assert [event async for event in stream] == []


async def test_a_change_is_told_when_it_happens_and_nobody_is_told_after_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.api.stream.POLL_S", 3_600.0)
    record = CallRecord(a_call(), ManualClock())
    stream = events(record.snapshot, lambda: record.revision, tuple, lambda: False, str, record.watch)
    await anext(stream)
    for number in range(3):
        coming = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(2 * GAP_S)
        # From another thread, as the calls loop is one.
        await asyncio.to_thread(record.put_utterance, an_utterance(str(number), f"말 {number}", float(number)))
        assert f"말 {number}" in await asyncio.wait_for(coming, 10)
    await stream.aclose()
    assert record.watchers == 0


async def test_what_the_model_is_about_is_told_when_it_changes() -> None:
    record = CallRecord(a_call(), ManualClock())
    assert "model" not in changes(None, record.snapshot(), str)
    before = record.snapshot()
    draft = Insight(SummaryText("요금 문의", "", ""))
    record.set_model(ModelActivity("openai", "m", ModelPhase.ANSWERING, draft))
    message = json.loads(json.dumps(changes(before, record.snapshot(), str)))
    assert message["model"]["phase"] == "answering"
    assert message["model"]["draft"]["text"]["summary"] == "요금 문의"
    before = record.snapshot()
    record.set_model(ModelActivity("openai", "m", ModelPhase.ANSWERING, draft))
    assert record.revision == before.revision


async def test_a_stream_tells_when_a_part_fails_though_nothing_else_happens() -> None:
    record = CallRecord(a_call(), ManualClock())
    parts = [PartHealth("media", PartState.UP, needed=True)]

    def snapshot():
        return replace(record.snapshot(), parts=tuple(parts))

    stream = events(snapshot, lambda: record.revision, lambda: tuple(parts), lambda: False, str)
    await anext(stream)
    parts[0] = PartHealth("media", PartState.DOWN, needed=True, detail=(Message("killed"),))
    assert "killed" in await asyncio.wait_for(anext(stream), 10)
    await stream.aclose()


async def test_what_is_wrong_with_a_part_is_told_in_the_readers_language() -> None:
    record = CallRecord(a_call(), ManualClock())
    part = PartHealth("store", PartState.DOWN, needed=True, detail=(DiskFull(path="data"),))
    picture = replace(record.snapshot(), parts=(part,))
    (korean,) = changes(None, picture, translator("ko"))["parts"]
    assert korean == {
        "name": "store",
        "state": "down",
        "needed": True,
        "detail": describe(DiskFull(path="data"), translator("ko")),
    }
    (english,) = changes(None, picture, translator("en"))["parts"]
    assert english["detail"] == str(DiskFull(path="data"))


async def test_the_stream_of_an_ended_call_ends() -> None:
    record = CallRecord(replace(a_call(), state=CallState.ENDED), ManualClock())
    sent = [event async for event in events(record.snapshot, lambda: 0, tuple, lambda: False, str)]
    assert len(sent) == 2
    assert sent[1].startswith("event: done")


async def test_a_call_that_is_gone_is_said_in_words() -> None:
    def snapshot():
        raise CallNotFound(call_id="c9")

    sent = [event async for event in events(snapshot, lambda: 0, tuple, lambda: False, str)]
    assert sent[0].startswith("event: gone")
    assert "There is no call c9" in sent[0]
