import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

from core.api.supervision import LONGEST_WORDS, ListView, list_events, row
from core.calls.record import CallRecord
from core.language.catalogue import translator
from core.model.call import CallId, LegId, LegState, Participant, ParticipantId, Role, SupervisionMode
from core.model.diagnosis import Cause, Diagnosis
from core.model.errors import SignInEnded
from core.model.overview import CallOverview
from core.model.quality import Alert, AlertKind, CallQuality
from core.model.sample import Direction
from core.model.text_alert import AlertLevel
from core.quality.alerts import QualityWatch
from tests.calls.test_record import a_call, an_utterance
from tests.fakes.clock import ManualClock
from tests.fakes.page_backend import text_alert
from tests.quality.stream import LEG, feed


def a_record(call_id: str = "c1") -> CallRecord:
    return CallRecord(replace(a_call(), id=CallId(call_id)), ManualClock())


def told(event: str) -> dict[str, object]:
    return dict(json.loads(event.removeprefix("data: ")))


def stream_of(records: list[CallRecord], stopping: asyncio.Event) -> AsyncIterator[str]:
    return list_events(
        overviews=lambda: tuple(record.overview() for record in records),
        revisions=lambda: {record.call.id: record.revision for record in records},
        is_over=stopping.is_set,
        translate=str,
    )


def test_a_row_says_what_rules_raised_worst_first() -> None:
    record = a_record()
    record.set_text_alerts(
        (text_alert("silence", AlertLevel.INFO), text_alert("cancel", AlertLevel.CRITICAL, "u1", notify=True))
    )
    shown = row(record.overview(), str)["text_alerts"]
    assert [(each["id"], each["level"], each["notify"]) for each in shown] == [
        ("cancel-1", "critical", True),
        ("silence-1", "info", False),
    ]
    assert all("words" not in each for each in shown)


def test_a_row_says_who_is_there_how_it_sounds_and_what_was_said_last() -> None:
    record = a_record()
    people = (
        Participant(ParticipantId("p1"), "지영", Role.CUSTOMER, 0.0, LEG, LegState.CONNECTED),
        Participant(
            ParticipantId("p2"), "Sue", Role.SUPERVISOR, 0.0, None, LegState.CONNECTED, mode=SupervisionMode.COACH
        ),
        Participant(
            ParticipantId("p3"), "Sam", Role.SUPERVISOR, 0.0, None, LegState.CLOSED, mode=SupervisionMode.MONITOR
        ),
    )
    record.set_call(replace(record.call, participants=people))
    record.put_utterance(an_utterance("1", "네 " * LONGEST_WORDS, 1.0))
    watch = QualityWatch()
    feed(watch, "jitter_ms", [50.0] * 5, Direction.INBOUND)
    record.set_quality(watch.quality)
    shown = row(record.overview(), str)
    assert [(p["name"], p["role"], p["mode"]) for p in shown["participants"]] == [
        ("지영", "customer", None),
        ("Sue", "supervisor", "coach"),
        ("Sam", "supervisor", "monitor"),
    ]
    assert shown["supervisors"] == ["Sue"]
    assert [(a["kind"], a["direction"], a["participant"]) for a in shown["alerts"]] == [
        ("high_jitter", "inbound", "지영")
    ]
    assert shown["last_words"]["text"].startswith("네 네")
    assert shown["last_words"]["text"].endswith("…")
    assert len(shown["last_words"]["text"]) <= LONGEST_WORDS
    assert 1 <= shown["mos"] <= 4.4
    assert (shown["last_words"]["role"], shown["last_words"]["at_s"]) == ("customer", 1.0)


def test_a_row_says_why_the_call_sounds_bad_but_not_what_is_routine_or_over() -> None:
    record = a_record()
    person = Participant(ParticipantId("p1"), "지영", Role.CUSTOMER, 0.0, LEG, LegState.CONNECTED)
    record.set_call(replace(record.call, participants=(person,)))
    relayed = Diagnosis(Cause.RELAY_IN_USE, LEG, None, 1.0, None, ())
    over = Diagnosis(Cause.DEAD_MICROPHONE, LEG, None, 1.0, 9.0, ())
    record.set_quality(CallQuality(diagnoses=(over, relayed)))
    assert row(record.overview(), str)["cause"] is None
    lossy = Diagnosis(Cause.ACCESS_NETWORK, LEG, Direction.INBOUND, 5.0, None, ())
    record.set_quality(CallQuality(diagnoses=(over, lossy, relayed)))
    cause = row(record.overview(), str)["cause"]
    assert cause["title"] == "지영: the network on this side is bad"
    assert cause["cure"]


def test_a_call_without_sound_has_no_score_and_no_band() -> None:
    shown = row(a_record().overview(), str)
    assert (shown["mos"], shown["band"], shown["alerts"], shown["last_words"]) == (None, None, [], None)


def test_the_page_is_told_everything_once_and_then_only_what_changed() -> None:
    first, second = a_record("c1"), a_record("c2")
    view = ListView(str)

    def look(*records: CallRecord) -> dict[str, object] | None:
        return view.update(tuple(record.overview() for record in records))

    everything = look(first, second)
    assert everything is not None
    assert (everything["reset"], everything["order"], list(everything["calls"])) == (True, ["c1", "c2"], ["c1", "c2"])
    assert look(first, second) is None
    second.put_utterance(an_utterance("1", "여보세요", 0.0))
    assert look(first, second) == {
        "reset": False,
        "order": ["c1", "c2"],
        "calls": {"c2": row(second.overview(), str)},
        "gone": [],
    }
    assert look(second, first) == {"reset": False, "order": ["c2", "c1"], "calls": {}, "gone": []}
    assert look(second) == {"reset": False, "order": ["c2"], "calls": {}, "gone": ["c1"]}


def test_a_change_that_the_row_does_not_show_is_no_news() -> None:
    record = a_record()
    view = ListView(str)
    view.update((record.overview(),))
    record.set_dropped("finals", 3)
    assert view.update((record.overview(),)) is None


async def test_the_stream_begins_with_an_empty_list_and_ends_when_the_reader_may_not_watch_any_more() -> None:
    records: list[CallRecord] = []
    stopping = asyncio.Event()
    stream = stream_of(records, stopping)
    assert told(await anext(stream)) == {"reset": True, "order": [], "calls": {}, "gone": []}
    records.append(a_record())
    assert told(await anext(stream))["order"] == ["c1"]
    records.clear()
    assert told(await anext(stream))["gone"] == ["c1"]
    stopping.set()
    assert [event async for event in stream] == []


async def test_a_stream_that_fails_says_why_in_the_readers_language() -> None:
    def refused() -> tuple[CallOverview, ...]:
        raise SignInEnded

    stream = list_events(refused, dict, lambda: False, translator("ko"))
    (event,) = [each async for each in stream]
    assert event.startswith("event: gone\n")
    assert "SignInEnded" in event


def test_an_alert_of_a_leg_that_is_nobodys_any_more_is_shown_without_a_name() -> None:
    record = a_record()
    alert = Alert(LegId("former"), AlertKind.NO_MEDIA, Direction.INBOUND, 3.04, 3.0, (3.0,), 3.0)
    record.set_quality(CallQuality(alerts=(alert,)))
    assert row(record.overview(), str)["alerts"] == [
        {"kind": "no_media", "direction": "inbound", "participant": "", "raised_at_s": 3.0}
    ]
