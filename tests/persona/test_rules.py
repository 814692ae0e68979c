"""What is decided about connections without any: attempts, ailments, history, positions, the log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.errors import (
    PersonaConnectionLost,
    PersonaError,
    PersonaKeyRefused,
    PersonaQuotaUsedUp,
    PersonaServerFailed,
    PersonaUnreachable,
)
from core.model.persona import EventDirection, PersonaSide, PersonaUtterance, ToolCall
from core.persona.error_codes import error_by_code
from core.persona.event_log import KEPT, EventLog, as_json_lines
from core.persona.history import MOST_CHARACTERS, MOST_ITEMS, History
from core.persona.playout_ledger import KEPT_ITEMS, PathDelay, PlayoutLedger
from core.persona.reconnection import Reconnection, ReconnectRules
from core.persona.transcript import Transcript, heard_part
from core.persona.watchdog import Ailment, Watchdog, WatchdogRules
from tests.fakes.clock import ManualClock

LOST = PersonaConnectionLost(server="s")
DOWN = PersonaUnreachable(server="s", reason="refused")


def test_attempts_are_five_and_three_seconds_apart() -> None:
    reconnection = Reconnection(ReconnectRules())
    assert [reconnection.failed(error) for error in (LOST, DOWN, DOWN, DOWN, DOWN, DOWN)] == [
        0.0,
        3.0,
        3.0,
        3.0,
        3.0,
        None,
    ]


def test_a_session_that_works_has_all_attempts_before_it_again() -> None:
    reconnection = Reconnection(ReconnectRules())
    for _ in range(5):
        reconnection.failed(DOWN)
    reconnection.proven()
    assert reconnection.failed(DOWN) == 3.0


@pytest.mark.parametrize("error", [PersonaKeyRefused(server="s"), PersonaQuotaUsedUp(server="s")])
def test_what_no_retry_can_cure_is_not_tried_again(error: PersonaError) -> None:
    assert Reconnection(ReconnectRules()).failed(error) is None


def test_codes_are_told_apart_and_unknown_ones_concern_no_session() -> None:
    assert isinstance(error_by_code({"insufficient_quota"}, "s", "m"), PersonaQuotaUsedUp)
    assert isinstance(error_by_code({"server_error"}, "s", "m"), PersonaServerFailed)
    assert error_by_code({"invalid_request_error", "response_cancel_not_active"}, "s", "m") is None


def test_loud_sound_without_a_word_is_deafness_and_noise_in_quiet_is_not() -> None:
    dog = Watchdog(WatchdogRules(deaf_s=4.0))
    for _ in range(100):
        dog.note_sound(0.1, 0.9)
    assert dog.verdict(0.0) is None
    for _ in range(5):
        dog.note_sound(0.9, 0.1)
    assert dog.verdict(0.0) is Ailment.DEAF
    dog.note_heard()
    assert dog.verdict(0.0) is None


def test_patience_doubles_with_each_renewal_that_helped_nothing_and_is_bounded() -> None:
    dog = Watchdog(WatchdogRules(mute_s=10.0))
    now, waits = 0.0, []
    dog.note_due(now)
    for _ in range(7):
        since = now
        while dog.verdict(now) is None:
            now += 1.0
        waits.append(now - since)
        dog.note_renewed(Ailment.MUTE, now)
    assert waits == [10, 20, 40, 80, 160, 160, 160]
    dog.note_answer(now, is_over=True)
    assert dog.verdict(now + 1e6) is None
    dog.note_due(now)
    assert dog.verdict(now + 10.0) is Ailment.MUTE


def test_an_answer_that_stops_in_the_middle_is_muteness() -> None:
    dog = Watchdog(WatchdogRules(mute_s=10.0))
    dog.note_answer(5.0, is_over=False)
    assert dog.verdict(14.9) is None
    assert dog.verdict(15.0) is Ailment.MUTE


@given(st.lists(st.tuples(st.sampled_from("lpct"), st.integers(0, 2_000)), max_size=400))
def test_history_stays_bounded_in_order_and_tells_only_what_is_whole(turns: list[tuple[str, int]]) -> None:
    history = History()
    for number, (kind, size) in enumerate(turns):
        match kind:
            case "l" | "p":
                side = PersonaSide.LISTENER if kind == "l" else PersonaSide.PERSONA
                history.begin(f"i{number}", side)
                history.say(f"i{number}", side, f"{number}:" + "x" * size)
            case "c":
                history.call(ToolCall(f"c{number}", "tool", {}, 0.0))
            case "t":
                history.begin(f"i{number}", PersonaSide.LISTENER)
    told = list(history.replay())
    assert len(told) <= MOST_ITEMS
    texts = [event["item"]["content"][0]["text"] for event in told if event["item"]["type"] == "message"]
    assert sum(map(len, texts)) <= MOST_CHARACTERS
    numbers = [int(text.partition(":")[0]) for text in texts]
    assert numbers == sorted(numbers)
    if turns and turns[-1][0] == "l":
        assert history.awaits_answer


def test_a_tool_that_has_answered_awaits_the_persona_and_one_that_runs_does_not() -> None:
    history = History()
    history.call(ToolCall("c", "tool", {"a": 1}, 0.0))
    assert not history.awaits_answer
    history.call(ToolCall("c", "tool", {"a": 1}, 0.0, output="done"))
    assert history.awaits_answer
    assert [event["item"]["type"] for event in history.replay()] == ["function_call", "function_call_output"]


def test_what_was_heard_lies_behind_what_was_sent_by_the_paths_delay() -> None:
    ledger = PlayoutLedger()
    ledger.note_path(PathDelay(rtt_s=0.2, jitter_buffer_s=0.1))
    ledger.note_given("a", 1.0)
    for number in range(50):
        ledger.note_sent("a", 10.0 + number * 0.02, 0.02)
    assert [round(ledger.heard(at)[0].heard_s, 3) for at in (10.1, 10.2, 10.7, 11.2, 12.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert ledger.is_heard_at(11.19)
    assert not ledger.is_heard_at(11.21)


def test_a_pause_in_what_was_sent_is_not_heard_of_the_item() -> None:
    ledger = PlayoutLedger()
    ledger.note_given("a", 1.0)
    ledger.note_sent("a", 10.0, 0.5)
    ledger.note_sent("a", 20.0, 0.5)
    assert [ledger.heard(at)[0].heard_s for at in (10.25, 15.0, 20.25, 30.0)] == [0.25, 0.5, 0.75, 1.0]


def test_a_long_item_whose_frames_go_out_unevenly_is_known_from_its_first_one_on() -> None:
    ledger = PlayoutLedger()
    ledger.note_path(PathDelay(rtt_s=0.2))
    ledger.note_given("a", 20.0)
    for number in range(1000):
        ledger.note_sent("a", 10.0 + number * 0.02 + 0.004 * (number % 2), 0.02)
    span = ledger.span("a")
    assert span is not None
    assert (round(span[0], 3), round(span[1], 3)) == (10.1, 30.104)
    assert round(ledger.heard(29.0)[0].heard_s, 1) == 18.9


def test_positions_are_known_of_the_last_items_only() -> None:
    ledger = PlayoutLedger()
    for number in range(100):
        ledger.note_given(str(number), 0.1)
        ledger.note_sent(str(number), float(number), 0.1)
    assert [item.item_id for item in ledger.heard(200.0)] == [str(n) for n in range(100 - KEPT_ITEMS, 100)]


@given(st.text(max_size=200), st.floats(0, 1))
def test_the_part_that_was_heard_is_a_beginning_of_whole_words(text: str, share: float) -> None:
    part = heard_part(text, share)
    if part:
        assert text.startswith(part[:-1])
        assert len(part) - 1 <= len(text) * share


def test_words_are_not_cut_in_the_middle() -> None:
    assert heard_part("혼저옵서예 서천꽃밭이우다", 0.6) == "혼저옵서예…"
    assert heard_part("one two", 1.0) == "one two…"
    assert heard_part("one two", 0.0) == ""


def test_a_transcription_that_never_comes_is_taken_back() -> None:
    told: list[PersonaUtterance] = []
    transcript = Transcript(told.append, "m", "t")
    transcript.hear_begin("i", 1.0)
    transcript.hear_end("i", 2.0)
    transcript.hear_delta("i", "hal", 2.1)
    transcript.give_up_late(9.9)
    assert transcript.awaits_text
    transcript.give_up_late(10.1)
    assert not transcript.awaits_text
    assert (told[-1].text, told[-1].is_final) == ("", True)
    assert transcript.history.is_empty


def test_the_log_of_events_is_bounded_and_can_be_downloaded() -> None:
    log = EventLog(ManualClock())
    for number in range(KEPT + 100):
        log.note(
            EventDirection.RECEIVED, 1, {"type": "x", "number": number, "deep": {"audio": "AAAA", "a": [1, {"b": 2}]}}
        )
    events = log.events()
    assert (len(events), events[-1].number) == (KEPT, KEPT + 100)
    last = json.loads(as_json_lines(events).splitlines()[-1])
    assert last["event"]["deep"] == {"audio": "", "a": [1, {"b": 2}]}


def test_sound_after_sound_is_one_entry_with_its_length() -> None:
    log = EventLog(ManualClock())
    for _ in range(10):
        log.note(EventDirection.SENT, 1, {"type": "input_audio_buffer.append", "audio": "A" * 6400})
    [event] = log.events()
    assert event.times == 10
    assert event.body["seconds"] == pytest.approx(1.0)
    assert event.body["audio"] == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_the_log_takes_whatever_came(body: object) -> None:
    log = EventLog(ManualClock())
    log.note(EventDirection.RECEIVED, 1, {"type": "odd", "body": body})
    json.loads(as_json_lines(log.events()))
