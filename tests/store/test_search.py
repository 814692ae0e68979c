from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.model.archive import CallQuery
from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallPersona,
    CallState,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    PersonaId,
    Role,
)
from core.model.errors import CallNotFound, UtteranceNotFound
from core.model.insight import Summary, SummaryText
from core.model.utterance import Utterance
from core.store.records import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path / 'earshot.db'}")
    yield store
    store.close()


def keep_call(
    store: Store,
    name: str,
    *said: str,
    created_at: float = 0.0,
    language: str = "ko",
    state: CallState = CallState.ENDED,
    created_by: str = "",
    agent: str = "김상담",
    person_id: str = "",
    leg_state: LegState = LegState.CLOSED,
) -> CallId:
    call = Call(CallId(name), language, state, CallOrigin.BROWSER, created_at, ended_at=created_at + 60)
    store.create_call(replace(call, created_by=created_by))
    person = Participant(
        ParticipantId(f"p-{name}"), agent, Role.AGENT, created_at, LegId(f"l-{name}"), leg_state, person_id=person_id
    )
    store.save_participant(call.id, person)
    for number, text in enumerate(said):
        store.save_utterance(
            call.id,
            Utterance(
                id=f"u{number}",
                participant_id=person.id,
                speaker=agent,
                role=Role.AGENT,
                text=text,
                is_final=True,
                start_s=float(number),
                end_s=number + 0.5,
                confidence=None,
                engine="script",
                model="",
                recognised_s=number + 0.6,
            ),
        )
    return call.id


def found(store: Store, **wanted: object) -> list[str]:
    return [each.call.id for each in store.search(CallQuery(**wanted)).calls]  # type: ignore[arg-type]


def test_without_conditions_every_call_is_found_newest_first(store: Store) -> None:
    for number in range(3):
        keep_call(store, f"c{number}", created_at=float(number))
    assert found(store) == ["c2", "c1", "c0"]
    page = store.search(CallQuery(limit=1, offset=1))
    assert ([each.call.id for each in page.calls], page.total) == (["c1"], 3)


def test_calls_with_a_persona_are_found_apart_from_those_between_people(store: Store) -> None:
    keep_call(store, "people")
    call = Call(CallId("persona"), "ko", CallState.ENDED, CallOrigin.BROWSER, 1.0, ended_at=2.0)
    store.create_call(replace(call, persona=CallPersona(PersonaId("sarado"), "사라도령")))
    assert found(store, with_persona=True) == ["persona"]
    assert found(store) == ["persona", "people"]


def test_every_condition_has_to_hold(store: Store) -> None:
    keep_call(store, "a", "환불을 받고 싶어요", created_at=100, agent="김상담")
    keep_call(store, "b", "I want a refund", created_at=200, language="en", agent="Dana")
    keep_call(store, "c", "환불이 늦어요", created_at=300, state=CallState.LIVE, agent="박상담")
    assert found(store, text="환불") == ["c", "a"]
    assert found(store, text="환불", since=100, until=300) == ["a"]
    assert found(store, participant="상담", state=CallState.LIVE) == ["c"]
    assert found(store, language="en", text="REFUND want") == ["b"]
    assert found(store, language="ko", text="refund") == []


def test_all_words_have_to_be_in_one_utterance(store: Store) -> None:
    keep_call(store, "a", "환불 규정이 궁금해요", "카드로 샀어요")
    assert found(store, text="환불 규정") == ["a"]
    assert found(store, text="환불 카드") == []


@pytest.mark.parametrize("sign", ["%", "_", "\\", "'", '"', "%%", "100%"])
def test_signs_of_the_query_language_are_just_characters(store: Store, sign: str) -> None:
    keep_call(store, "a", f"it says {sign} here")
    keep_call(store, "b", "nothing of the kind")
    assert found(store, text=sign) == ["a"]
    assert found(store, participant=sign) == []


def test_the_first_utterance_that_fits_is_quoted_with_the_latest_summary(store: Store) -> None:
    call_id = keep_call(store, "a", "안녕하세요", "환불해 주세요", "환불 되나요")
    for text in ("first", "second"):
        store.save_summary(call_id, Summary(SummaryText(text, "", ""), "extractive", "", "u1", 2, 3.0, 0.1))
    (each,) = store.search(CallQuery(text="환불")).calls
    assert (each.quote, each.quote_at_s, each.summary) == ("환불해 주세요", 1.0, "second")


def test_an_agent_finds_own_calls_and_those_that_wait_for_one(store: Store) -> None:
    keep_call(store, "begun", created_by="user:kim")
    keep_call(store, "joined", person_id="user:kim")
    keep_call(store, "waiting", state=CallState.WAITING, leg_state=LegState.LOST)
    keep_call(store, "taken", state=CallState.LIVE, leg_state=LegState.CONNECTED, person_id="user:lee")
    keep_call(store, "others", created_by="user:lee")
    assert sorted(found(store, own_of="user:kim")) == ["begun", "joined", "waiting"]


def test_a_corrected_utterance_reads_differently_and_keeps_what_was_understood(store: Store) -> None:
    call_id = keep_call(store, "a", "한불해 주세요")
    store.correct(call_id, "u0", "환불해 주세요", "supervisor", 50.0)
    again = store.correct(call_id, "u0", "환불해 주세요!", "admin", 60.0)
    (kept,) = store.load_call(call_id).utterances
    assert kept == again
    assert kept.correction is not None
    assert (kept.text, kept.correction.original, kept.correction.by) == ("환불해 주세요!", "한불해 주세요", "admin")
    assert found(store, text="환불해") == ["a"]
    store.save_utterance(call_id, replace(kept, text="한불해 주세오", correction=None))
    (kept,) = store.load_call(call_id).utterances
    assert kept.correction is not None
    assert (kept.text, kept.correction.original) == ("환불해 주세요!", "한불해 주세오")


def test_what_is_not_there_cannot_be_corrected_or_deleted(store: Store) -> None:
    call_id = keep_call(store, "a", "안녕하세요")
    with pytest.raises(UtteranceNotFound):
        store.correct(call_id, "u9", "x", "admin", 1.0)
    with pytest.raises(CallNotFound):
        store.delete_call(CallId("b"))


def test_deleting_a_call_leaves_nothing_of_it_and_everything_of_others(store: Store) -> None:
    keep_call(store, "a", "하나")
    other = keep_call(store, "b", "둘")
    store.delete_call(CallId("a"))
    assert found(store) == ["b"]
    assert len(store.load_call(other).utterances) == 1
    with store._database.reading() as connection:
        for table in ("participants", "legs", "utterances"):
            left = connection.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE call_id = 'a'").scalar()
            assert left == 0, table


def test_calls_that_ended_before_a_moment_come_oldest_first(store: Store) -> None:
    for name, created_at in (("new", 500.0), ("old", 100.0), ("older", 50.0)):
        keep_call(store, name, created_at=created_at)
    keep_call(store, "running", created_at=1.0, state=CallState.LIVE)
    assert store.calls_ended_before(300.0, limit=10) == ("older", "old")
    assert store.calls_ended_before(300.0, limit=1) == ("older",)
