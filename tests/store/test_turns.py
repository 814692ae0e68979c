from pathlib import Path

import pytest
from sqlalchemy import text

from core.model.call import CallId
from core.model.errors import StoreError
from core.model.insight import RequestTimes, TokenUsage
from core.model.passage import Guidance, GuidanceAnswer
from core.model.turn_trace import FoundPassages, HeardAudio, ModelAnswer, Moment, Purpose, Step, TurnBatch, TurnRecord
from core.store.records import Store
from core.store.turns import TURN_TABLES
from tests.store.test_records import CALL, PERSON, utterance

ANSWER = ModelAnswer(
    Purpose.SUMMARY,
    "openai",
    "gpt",
    3.5,
    "p1-0",
    1,
    True,
    RequestTimes(1.0, 1.5, 2.0, 3.0, 3.4),
    TokenUsage(90, 12, 64, 70, 60, 9),
)
LOCAL = ModelAnswer(Purpose.SUMMARY, "extractive", "kiwi", 4.0, "p1-0", 1, False, RequestTimes(3.9, 3.9))
MOMENTS = (Moment("p1-0", Step.KEPT, 1.01), Moment("p1-0", Step.TEXT_PAINTED, 1.2))
HEARD = HeardAudio(PERSON.id, "whisper", "base", 15.0)


@pytest.fixture
def store(tmp_path: Path):
    opened = Store.open(f"sqlite:///{tmp_path / 'earshot.db'}")
    opened.create_call(CALL)
    opened.save_participant(CALL.id, PERSON)
    opened.save_utterance(CALL.id, utterance(0))
    yield opened
    opened.close()


def test_turns_come_back_as_they_were_kept(store: Store) -> None:
    guidance = Guidance("query", GuidanceAnswer("", ()), 4.0, 0.1, asked_s=3.5, seen_utterance="p1-0")
    store.save_guidance(CALL.id, guidance)
    store.save_turns(CALL.id, TurnBatch(MOMENTS[:1], (ANSWER,), (HEARD,)))
    store.save_turns(CALL.id, TurnBatch(MOMENTS[1:], (LOCAL,)))
    (record,) = store.turn_records([CALL.id])
    found = (FoundPassages("p1-0", 4.0),)
    assert record == TurnRecord(CALL.id, (utterance(0),), found, MOMENTS, (ANSWER, LOCAL), (HEARD,))


def test_what_calls_cost_is_read_without_their_words(store: Store) -> None:
    store.save_turns(CALL.id, TurnBatch(MOMENTS, (ANSWER,), (HEARD,)))
    assert store.used_in([CALL.id]) == (TurnRecord(CALL.id, answers=(ANSWER,), heard=(HEARD,)),)


def test_of_a_participants_sound_the_latest_figure_counts(store: Store) -> None:
    store.save_turns(CALL.id, TurnBatch(heard=(HEARD,)))
    more = HeardAudio(PERSON.id, "google", "chirp_2", 30.0)
    store.save_turns(CALL.id, TurnBatch(heard=(more,)))
    assert store.turn_records([CALL.id])[0].heard == (more,)


def test_calls_are_told_apart_and_come_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    store.save_turns(CALL.id, TurnBatch(MOMENTS))
    other = CallId("not-kept")
    first, second = store.turn_records([other, CALL.id])
    assert first == TurnRecord(other)
    assert (second.call_id, second.moments) == (CALL.id, MOMENTS)
    assert store.turn_records([]) == ()


def test_no_moment_is_kept_twice(store: Store) -> None:
    store.save_turns(CALL.id, TurnBatch(MOMENTS))
    with pytest.raises(StoreError):
        store.save_turns(CALL.id, TurnBatch(MOMENTS[:1], (ANSWER,)))
    assert store.turn_records([CALL.id])[0].answers == (), "a batch is kept as a whole or not at all"


def test_with_a_call_its_turns_go(store: Store) -> None:
    store.save_turns(CALL.id, TurnBatch(MOMENTS, (ANSWER,), (HEARD,)))
    store.delete_call(CALL.id)
    with store._database.reading() as connection:
        for table in TURN_TABLES:
            assert connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one() == 0
