from dataclasses import replace

from core.calls.record import SAMPLE_WINDOW_S, CallRecord
from core.model.call import Call, CallId, CallOrigin, CallState, LegId, ParticipantId, Role
from core.model.sample import Direction, RtpSample, Vantage
from core.model.utterance import Utterance
from tests.fakes.clock import ManualClock


def a_call() -> Call:
    return Call(CallId("c1"), "ko", CallState.WAITING, CallOrigin.BROWSER, created_at=0.0)


def an_utterance(key: str, text: str, start_s: float, is_final: bool = True) -> Utterance:
    return Utterance(
        id=key,
        participant_id=ParticipantId("p"),
        speaker="민수",
        role=Role.CUSTOMER,
        text=text,
        is_final=is_final,
        start_s=start_s,
        end_s=start_s + 1,
        confidence=None,
        engine="test",
        model="test",
        recognised_s=start_s + 2,
    )


def a_sample(at_s: float) -> RtpSample:
    return RtpSample(LegId("l"), Direction.INBOUND, Vantage.SERVER, at_s, 1.0, packets=50, octets=4000)


def test_a_snapshot_does_not_change_when_the_call_goes_on() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("1", "안녕하세요", 0.0))
    before = record.snapshot()
    record.put_utterance(an_utterance("2", "환불하고 싶어요", 2.0))
    assert [u.text for u in before.utterances] == ["안녕하세요"]
    assert record.snapshot().revision == before.revision + 1


def test_interim_text_is_replaced_and_empty_text_withdraws_it() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("1", "환불", 0.0, is_final=False))
    record.put_utterance(an_utterance("1", "환불하고 싶어요", 0.0))
    assert [u.text for u in record.snapshot().utterances] == ["환불하고 싶어요"]
    record.put_utterance(an_utterance("2", "어", 3.0, is_final=False))
    record.put_utterance(an_utterance("2", "", 3.0))
    assert [u.id for u in record.snapshot().utterances] == ["1"]


def test_withdrawing_what_was_never_shown_changes_nothing() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("9", "", 0.0))
    assert record.revision == 0


def test_utterances_stand_in_the_order_in_which_they_began() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.put_utterance(an_utterance("late", "나중", 5.0))
    record.put_utterance(an_utterance("early", "먼저", 1.0))
    assert [u.text for u in record.snapshot().utterances] == ["먼저", "나중"]


def test_old_samples_leave_the_snapshot() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.add_samples([a_sample(0.0), a_sample(SAMPLE_WINDOW_S - 1)])
    record.add_samples([a_sample(SAMPLE_WINDOW_S + 1)])
    assert [s.at_s for s in record.snapshot().samples] == [SAMPLE_WINDOW_S - 1, SAMPLE_WINDOW_S + 1]


def test_the_clock_of_a_call_starts_at_zero() -> None:
    clock = ManualClock(monotonic=500.0)
    record = CallRecord(a_call(), clock)
    clock.advance(2.5)
    assert record.snapshot().now_s == 2.5


def test_a_counter_that_stays_the_same_is_no_change() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.set_dropped("finals", 0)
    assert record.revision == 0
    record.set_dropped("finals", 3)
    assert record.snapshot().dropped == {"finals": 3}


def test_equal_revisions_are_equal_pictures() -> None:
    clock = ManualClock()
    record = CallRecord(a_call(), clock)
    first = record.snapshot()
    clock.advance(1.0)
    assert record.snapshot() == replace(first, now_s=1.0)
