"""What the streams tell of a call's persona, and to whom."""

import json
from dataclasses import asdict, replace

from core.api.stream import changes
from core.calls.discretion import as_guest_sees, without_persona_problem
from core.language.catalogue import translator
from core.model.call import Call, CallId, CallPersona, Participant, ParticipantId, PersonaId, Role, SupervisionMode
from core.model.errors import PersonaClosed, PersonaKeyRefused, PersonaUnreachable
from core.model.insight import NO_TOKENS
from core.model.message import Message
from core.model.persona import PersonaActivity, PersonaCounts, PersonaState, PersonaStatus, ToolCall
from core.model.snapshot import CallSnapshot
from tests.calls.test_record import an_utterance
from tests.fakes.page_backend import STARTED, make_call, make_snapshot

LOOKED_UP = ToolCall("t1", "search_handbook", {"query": "refund"}, 4.0, output="Refunds take 3 days.", took_s=0.12)
GUEST = Participant(ParticipantId("p1"), "지영", Role.CUSTOMER, STARTED + 10, person_id="user:j")


def persona_call(*people: Participant) -> Call:
    call = make_call("c1", participants=people)
    return replace(call, persona=CallPersona(PersonaId("sarado"), "사라도령", is_rehearsal=True))


def picture(call: Call | None = None, **parts: object) -> CallSnapshot:
    status = PersonaStatus(PersonaState.LISTENING, 3.004)
    activity = PersonaActivity(status, (LOOKED_UP,), PersonaCounts(connections=1))
    return make_snapshot(call or persona_call(GUEST), **({"persona": activity} | parts))


def test_a_call_between_people_tells_of_no_persona() -> None:
    assert "persona" not in changes(None, make_snapshot(make_call()), str)


def test_the_first_message_tells_all_of_the_persona() -> None:
    told = changes(None, picture(), str)["persona"]
    assert json.loads(json.dumps(told)) == {
        "state": "listening",
        "since_s": 3.0,
        "attempt": 0,
        "attempts": 0,
        "problem": "",
        "held_by": "",
        "name": "사라도령",
        "is_rehearsal": True,
        "tool_calls": [
            {
                "call_id": "t1",
                "name": "search_handbook",
                "arguments": {"query": "refund"},
                "called_s": 4.0,
                "output": "Refunds take 3 days.",
                "error": "",
                "took_s": 0.12,
            }
        ],
        "counts": {
            "connections": 1,
            "reconnections": 0,
            "hand_overs": 0,
            "renewals": 0,
            "unknown_events": 0,
            "malformed_events": 0,
            "refused_events": 0,
            "dropped_audio_s": 0.0,
            "dropped_items": 0,
            "answers_usage": asdict(NO_TOKENS),
            "transcripts_usage": asdict(NO_TOKENS),
            "uncounted_transcripts": 0,
        },
    }


def test_a_new_state_does_not_repeat_what_tools_answered() -> None:
    before = picture()
    assert "persona" not in changes(before, replace(before, revision=2), str)
    assert before.persona is not None
    speaking = replace(before.persona, status=PersonaStatus(PersonaState.SPEAKING, 5.0))
    told = changes(before, replace(before, persona=speaking), str)["persona"]
    assert told["state"] == "speaking"
    assert not {"tool_calls", "counts"} & set(told)


def test_what_is_wrong_is_told_in_the_readers_language_and_its_details_to_few() -> None:
    lost = PersonaUnreachable(server="http://10.0.0.7:9000", reason="refused")
    status = PersonaStatus(PersonaState.RECONNECTING, 5.0, attempt=2, attempts=5, problem=lost)
    full = picture(persona=PersonaActivity(status))
    told = changes(None, full, translator("ko"))["persona"]
    assert "10.0.0.7" in told["problem"]
    assert "서버" in told["problem"]
    assert (told["attempt"], told["attempts"]) == (2, 5)
    masked = without_persona_problem(full)
    assert "10.0.0.7" not in str(changes(None, masked, str))
    assert changes(None, masked, str)["persona"]["problem"].startswith("The persona cannot be reached")
    assert "persona" not in changes(masked, without_persona_problem(full), str)


def test_that_a_persona_is_closed_may_be_told_to_everybody() -> None:
    closed = PersonaStatus(
        PersonaState.CLOSED, 5.0, problem=PersonaClosed(persona="사라도령", opens=Message("It opens at eight."))
    )
    shown = without_persona_problem(picture(persona=PersonaActivity(closed)))
    assert "사라도령" in changes(None, shown, str)["persona"]["problem"]


def test_a_guest_sees_what_was_said_since_coming_and_nothing_of_what_others_look_at() -> None:
    broken = PersonaStatus(PersonaState.ENDED, 5.0, problem=PersonaKeyRefused(server="http://10.0.0.7"))
    listener = Participant(ParticipantId("p2"), "Sue", Role.SUPERVISOR, STARTED, mode=SupervisionMode.MONITOR)
    full = picture(
        persona=PersonaActivity(broken, (LOOKED_UP,), PersonaCounts(connections=3)),
        call=persona_call(GUEST, listener),
        utterances=(an_utterance("1", "이전 사람의 말", 2.0), an_utterance("2", "혼저옵서예", 11.0)),
    )
    shown = changes(None, as_guest_sees(full, GUEST.id, is_private=True), str)
    assert [said["text"] for said in shown["utterances"]] == ["혼저옵서예"]
    assert (shown["persona"]["tool_calls"], shown["persona"]["counts"]["connections"]) == ([], 0)
    for hidden in ("Sue", "user:j", "10.0.0.7", "Refunds"):
        assert hidden in str(changes(None, full, str))
        assert hidden not in str(shown)
    openly = changes(None, as_guest_sees(full, GUEST.id, is_private=False), str)
    assert "Sue" in str(openly["call"])


def test_a_guest_is_told_who_holds_the_persona_for_everybody_hears_that_one() -> None:
    speaking = Participant(ParticipantId("p2"), "Sue", Role.SUPERVISOR, STARTED, mode=SupervisionMode.BARGE_IN)
    status = PersonaStatus(PersonaState.LISTENING, 5.0)
    full = picture(persona=PersonaActivity(status, held_by="Sue"), call=persona_call(GUEST, speaking))
    shown = as_guest_sees(full, GUEST.id, is_private=True)
    assert changes(None, shown, str)["persona"]["held_by"] == "Sue"
    assert CallId("c1") == shown.call.id
