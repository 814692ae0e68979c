"""Which call a supervisor sees first, and that rows keep their places while nothing worth it changes."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.calls.overviews import alerts_worst_first, text_alerts_worst_first, worst_cause, worst_first
from core.calls.record import CallRecord
from core.model.call import Call, CallId, CallOrigin, CallState, LegId, LegState, Participant, ParticipantId, Role
from core.model.diagnosis import Cause, Diagnosis
from core.model.overview import CallOverview
from core.model.persona import PersonaState
from core.model.quality import Alert, AlertKind, CallQuality
from core.model.sample import Direction
from core.model.text_alert import AlertLevel
from tests.calls.test_record import a_call, an_utterance
from tests.fakes.clock import ManualClock
from tests.fakes.page_backend import text_alert


def alert(kind: AlertKind, at_s: float = 1.0, cleared_at_s: float | None = None) -> Alert:
    return Alert(LegId("l"), kind, Direction.INBOUND, at_s, 1.0, (2.0,), 2.0, cleared_at_s)


def overview(
    name: str,
    *kinds: AlertKind,
    mos: float | None = 4.3,
    began: float = 100.0,
    state: CallState = CallState.LIVE,
    lost: Role | None = None,
    said: tuple[AlertLevel, ...] = (),
    persona: PersonaState | None = None,
) -> CallOverview:
    people = (Participant(ParticipantId("p"), "n", lost, 0.0, leg_state=LegState.LOST),) if lost else ()
    live_at = began if state is CallState.LIVE else None
    call = Call(CallId(name), "ko", state, CallOrigin.BROWSER, began, live_at, participants=people)
    return CallOverview(
        call,
        mos,
        tuple(map(alert, kinds)),
        None,
        1,
        tuple(text_alert("cancel", each) for each in said),
        persona_state=persona,
    )


IN_ORDER = (
    overview("silent", AlertKind.NO_MEDIA, began=50),
    overview("lost", lost=Role.CUSTOMER, began=60),
    overview("persona gone", began=70, persona=PersonaState.ENDED),
    overview("persona reconnects", began=10, persona=PersonaState.RECONNECTING),
    overview("critical words", AlertKind.STATS_GAP, said=(AlertLevel.INFO, AlertLevel.CRITICAL)),
    overview("low score", AlertKind.LOW_MOS, AlertKind.STATS_GAP),
    overview("loss", AlertKind.PACKET_LOSS),
    overview("gap", AlertKind.STATS_GAP),
    overview("words to look at", mos=2.0, said=(AlertLevel.WARNING,)),
    overview("poor", mos=2.0, said=(AlertLevel.INFO,)),
    overview("fair", mos=3.5),
    overview("long", mos=4.0, began=10),
    overview("short", mos=4.4, began=90),
    overview("a supervisor lost", lost=Role.SUPERVISOR, began=95),
    overview("waiting", mos=None, began=1, state=CallState.WAITING),
)


@given(st.randoms(use_true_random=False))
def test_the_worst_call_comes_first_whatever_order_they_come_in(chance: random.Random) -> None:
    shuffled = list(IN_ORDER)
    chance.shuffle(shuffled)
    assert [each.call.id for each in worst_first(shuffled)] == [each.call.id for each in IN_ORDER]


@given(st.lists(st.floats(3.71, 4.5), min_size=2, max_size=8), st.lists(st.floats(1.0, 3.09), min_size=2, max_size=8))
def test_scores_that_move_within_their_bands_move_no_row(good: list[float], poor: list[float]) -> None:
    for scores in (good, poor):
        calls = [overview(f"c{n}", mos=mos, began=float(n)) for n, mos in enumerate(scores)]
        assert [each.call.id for each in worst_first(calls)] == [f"c{n}" for n in range(len(scores))]


def test_open_alerts_are_shown_by_their_kind_and_those_that_are_over_are_not() -> None:
    shown = alerts_worst_first(
        (alert(AlertKind.HIGH_JITTER), alert(AlertKind.NO_MEDIA, 2.0), alert(AlertKind.LOW_MOS, 1.0, 3.0))
    )
    assert [each.kind for each in shown] == [AlertKind.NO_MEDIA, AlertKind.HIGH_JITTER]


def test_a_microphone_that_is_muted_is_the_cause_while_it_goes_on_and_a_relay_is_none() -> None:
    relay = Diagnosis(Cause.RELAY_IN_USE, LegId("l1"), None, 2.0, None, ())
    muted = Diagnosis(Cause.MUTED_MICROPHONE, LegId("l1"), Direction.INBOUND, 12.0, None, ())
    assert worst_cause((muted, relay)) is muted
    assert worst_cause((relay, replace(muted, end_s=20.0))) is None


def test_what_rules_raised_is_shown_by_its_level_and_what_is_over_is_not() -> None:
    info, critical = text_alert("silence", AlertLevel.INFO), text_alert("cancel", AlertLevel.CRITICAL)
    over = replace(text_alert("legal", AlertLevel.CRITICAL), cleared_at_s=20.0)
    assert text_alerts_worst_first((info, over, critical)) == (critical, info)


def test_the_last_words_are_those_that_began_last_even_when_others_change_or_are_withdrawn() -> None:
    record = CallRecord(a_call(), ManualClock())

    def last() -> str | None:
        words = record.overview().last_words
        return words and words.text

    assert last() is None
    record.put_utterance(an_utterance("1", "안녕하세요", 0.0))
    record.put_utterance(an_utterance("2", "화분", 2.0, is_final=False))
    assert last() == "화분"
    record.put_utterance(an_utterance("1", "안녕히 계세요", 0.0))
    assert last() == "화분"
    record.put_utterance(an_utterance("2", "환불", 2.0))
    assert last() == "환불"
    record.put_utterance(an_utterance("2", "", 2.0))
    assert last() == "안녕히 계세요"
    record.put_utterance(an_utterance("1", "", 0.0))
    assert last() is None


def test_an_overview_is_made_once_a_revision() -> None:
    record = CallRecord(a_call(), ManualClock())
    first = record.overview()
    assert record.overview() is first
    record.set_quality(CallQuality(alerts=(alert(AlertKind.NO_MEDIA),)))
    assert record.overview() == replace(first, alerts=(alert(AlertKind.NO_MEDIA),), revision=record.revision)
