"""A persona's session on the real SDK, against a server that speaks the real protocol."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.model.errors import (
    PersonaAccountRefused,
    PersonaError,
    PersonaGivenUp,
    PersonaKeyRefused,
    PersonaModelUnknown,
    PersonaQuotaUsedUp,
    PersonaRateLimited,
    PersonaRequestRefused,
)
from core.model.insight import TokenUsage
from core.model.passage import Passage
from core.model.persona import EventDirection, PersonaSide, PersonaState, PersonaUtterance, Tool, ToolDeclaration
from core.persona.connection import ServerEvent
from core.persona.handbook_tool import SEARCH_HANDBOOK, handbook_tool
from core.persona.rehearsal.answers import Answer, Asked
from core.persona.rehearsal.faults import Faults, read_faults
from core.persona.session_rules import SessionRules
from core.persona.watchdog import WatchdogRules
from tests.fakes.persona_stage import PERSONA, staged

ON_THE_WAY = (PersonaState.CONNECTING, PersonaState.RECONNECTING)
ASKED = "I was charged twice."
ANSWER = "I see, a question about your bill. May I ask which month it is about?"


def loud_seconds(pcm: bytes) -> float:
    """How much of a sound in the model's format is loud."""
    frames = np.frombuffer(pcm, "<i2").astype(np.float32)[: len(pcm) // 960 * 480].reshape(-1, 480)
    return float(np.count_nonzero(np.sqrt((frames**2).mean(axis=1)) > 1000) * 0.02)


async def test_both_sides_of_a_conversation_are_written_down() -> None:
    async with staged() as stage:
        await stage.converse()
        assert stage.heard.finals(PersonaSide.LISTENER) == [ASKED]
        assert stage.heard.finals(PersonaSide.PERSONA) == [ANSWER]
        wanted = [PersonaState.LISTENING, PersonaState.THINKING, PersonaState.SPEAKING, PersonaState.LISTENING]
        assert [state for state in stage.heard.states if state not in ON_THE_WAY][:4] == wanted
        assert stage.session.counts.refused_events == 0
        said, answered = (
            next(u for u in stage.heard.utterances if u.is_final and u.side is side) for side in PersonaSide
        )
        assert said.start_s < said.end_s <= answered.start_s < answered.end_s
        # From the 300 ms before the first loud frame, which the server takes along, to the last.
        assert 0.7 <= said.end_s - said.start_s <= 1.2


async def test_the_greeting_comes_once_and_word_for_word() -> None:
    async with staged(persona=replace(PERSONA, greeting="혼저옵서예.")) as stage:
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        assert stage.voice.said == ["혼저옵서예."]
        await stage.converse()
        stage.server.break_connections()
        await stage.until(lambda: stage.session.counts.reconnections == 1)
        await stage.converse()
        assert stage.voice.said == ["혼저옵서예.", ANSWER, ANSWER]


async def test_an_interrupted_item_is_cut_to_what_was_heard() -> None:
    async with staged(voice_s=10.0) as stage:
        await stage.speak()
        await stage.until(lambda: any(2.0 < each.heard_s < 8.0 for each in stage.playout.heard()))
        stage.session.interrupt()
        heard = stage.playout.heard()[-1]
        await stage.until(lambda: any(e.type == "conversation.item.truncated" for e in stage.session.events()))
        [cut] = stage.sent("conversation.item.truncate")
        assert cut["item_id"] == heard.item_id
        assert abs(int(str(cut["audio_end_ms"])) / 1000 - heard.heard_s) < 0.15
        last = [each for each in stage.heard.utterances if each.side is PersonaSide.PERSONA][-1]
        assert last.is_final
        assert last.is_cut
        assert last.text.endswith("…")
        assert ANSWER.startswith(last.text[:-1])
        assert stage.session.counts.refused_events == 0
        await stage.converse()


async def test_speaking_interrupts_where_the_persona_allows_it() -> None:
    async with staged(voice_s=30.0, pace=2.0) as stage:
        await stage.speak()
        await stage.until_state(PersonaState.SPEAKING)
        await stage.until(lambda: any(each.heard_s > 0.5 for each in stage.playout.heard()))
        await stage.speak(quiet_s=0.2)
        await stage.until(lambda: any(e.type == "conversation.item.truncated" for e in stage.session.events()))
        assert not stage.playout.is_playing
        assert stage.session.counts.refused_events == 0


async def test_a_greeting_is_not_forgotten_where_the_first_attempt_failed() -> None:
    persona = replace(PERSONA, greeting="혼저옵서예.")
    async with staged(persona=persona, faults=read_faults(["1:refuse=down", "2:drop-speaking"])) as stage:
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        assert set(stage.voice.said) == {"혼저옵서예."}


async def test_what_is_said_while_the_persona_thinks_is_answered_too() -> None:
    persona = replace(PERSONA, barge_in=False)
    async with staged(persona=persona, think_s=0.4, lines=("Hello.", "I was charged twice.")) as stage:
        await stage.until_state(PersonaState.LISTENING)
        await stage.speak()
        await stage.until_state(PersonaState.THINKING)
        await stage.speak()
        await stage.until(lambda: len(stage.heard.finals(PersonaSide.PERSONA)) == 2)
        assert stage.heard.finals(PersonaSide.LISTENER) == ["Hello.", ASKED]
        assert stage.session.counts.refused_events == 0


async def test_what_is_written_is_answered_and_kept_whole() -> None:
    async with staged() as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.session.type("  괜찮주게 thank you  ")
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        assert stage.heard.finals(PersonaSide.LISTENER) == ["괜찮주게 thank you"]
        assert stage.heard.finals(PersonaSide.PERSONA) == [
            "You are welcome. Is there anything else that I can do for you?"
        ]


@pytest.mark.parametrize("barge_in", [True, False])
async def test_of_two_texts_in_a_row_both_are_known_to_the_answer(barge_in: bool) -> None:
    async with staged(persona=replace(PERSONA, barge_in=barge_in), think_s=0.4) as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.session.type("Hello.")
        stage.session.type(ASKED)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        kinds = [event.type for event in stage.session.events() if event.direction is EventDirection.SENT]
        assert kinds[-3:] == ["conversation.item.create", "response.cancel", "response.create"]
        assert stage.session.counts.refused_events == 0
        assert len(stage.voice.said) == 1


async def test_an_answer_that_was_asked_for_and_has_not_begun_can_be_interrupted() -> None:
    async with staged(think_s=0.4) as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.session.type("Hello.")
        stage.session.interrupt()
        await stage.until(lambda: any(event.type == "response.done" for event in stage.session.events()))
        assert not stage.voice.said
        stage.session.type(ASKED)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))


async def test_what_is_written_in_a_short_hold_is_answered_though_the_former_answer_is_still_being_broken_off() -> None:
    async with staged(think_s=0.4) as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.session.type("Hello.")
        await stage.until(lambda: any(event.type == "response.created" for event in stage.session.events()))
        stage.session.hold(True)
        stage.session.type(ASKED)
        stage.session.interrupt()
        stage.session.hold(False)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        assert stage.heard.finals(PersonaSide.PERSONA) == [ANSWER]
        assert stage.session.counts.refused_events == 0


async def test_an_interruption_while_a_tool_runs_leaves_the_persona_quiet() -> None:
    may_end = asyncio.Event()

    async def look_up(arguments: Mapping[str, object]) -> str:
        await may_end.wait()
        return "Flowers."

    class Calling:
        async def answer(self, asked: Asked) -> Answer:
            return Answer("Done.") if asked.is_tool_output else Answer("", "look_up", {})

    persona, tools = replace(PERSONA, tools=("look_up",)), {"look_up": Tool(ToolDeclaration("look_up", "."), look_up)}
    async with staged(persona=persona, tools=tools, answers=Calling()) as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.session.type(ASKED)
        await stage.until(lambda: stage.heard.calls)
        stage.session.interrupt()
        may_end.set()
        await stage.until(lambda: stage.heard.calls[-1].output is not None)
        await stage.until_state(PersonaState.LISTENING)
        assert sum(event.type == "response.create" for event in stage.session.events()) == 1


async def test_a_tool_is_called_and_its_answer_used() -> None:
    asked: list[str] = []

    async def search(query: str) -> Sequence[Passage]:
        asked.append(query)
        return [Passage("Refunds", "Within 14 days.", 3.0, "bills.md#refunds")]

    tools = {SEARCH_HANDBOOK: handbook_tool(search)}
    async with staged(tools=tools, lines=("How long do refunds take?",)) as stage:
        await stage.converse()
        assert asked == ["How long do refunds take?"]
        assert stage.heard.finals(PersonaSide.PERSONA) == ["I have looked that up in the handbook."]
        outcome = stage.heard.calls[-1]
        assert json.loads(outcome.output or "")["passages"][0]["text"] == "Within 14 days."
        assert outcome.error is None


async def test_a_tool_that_fails_is_told_to_the_model_and_the_listener_still_answered() -> None:
    async def run(arguments: Mapping[str, object]) -> str:
        raise PersonaRateLimited(server="elsewhere")

    tools = {"broken": Tool(ToolDeclaration("broken", "Never works."), run)}
    async with staged(tools=tools, lines=("Does it work?",)) as stage:
        await stage.converse()
        assert "error" in (stage.heard.calls[-1].output or "")
        assert stage.heard.calls[-1].error is not None


async def test_a_model_that_calls_tools_for_ever_is_stopped() -> None:
    class Endless:
        async def answer(self, asked: Asked) -> Answer:
            return Answer(tool="again")

    async def run(arguments: Mapping[str, object]) -> str:
        return "more"

    async with staged(tools={"again": Tool(ToolDeclaration("again", ""), run)}, answers=Endless()) as stage:
        await stage.speak()
        await stage.until(lambda: len(stage.heard.calls) >= 16)
        await stage.until_state(PersonaState.LISTENING)
        assert len(stage.heard.calls) == 16


@pytest.mark.parametrize("seconds", [0.0, 0.4])
async def test_a_hundred_lost_connections_are_each_made_anew_and_cost_no_word(seconds: float) -> None:
    """Each time at another moment: while nobody speaks, or in the middle of what the listener says."""
    async with staged() as stage:
        for trial in range(1, 51):
            await stage.until_state(PersonaState.LISTENING)
            if seconds:
                await stage.speak(seconds, quiet_s=0.0)
                await stage.until(lambda: stage.sessions[-1].received_audio_s > 0.3)
            assert stage.server.break_connections() == 1
            await stage.until(lambda done=trial: stage.session.counts.connections == done + 1)
            await stage.converse()
            # What was said before and after may be one turn or two, but it is all there, and once.
            said_s = trial * (seconds + 0.8)
            await stage.until(lambda: not stage.session.is_busy)
            heard_s = sum(loud_seconds(stretch) for stretch in stage.hearing.stretches)
            assert heard_s == pytest.approx(said_s, abs=0.3 + 0.04 * trial), [
                loud_seconds(x) for x in stage.hearing.stretches[-6:]
            ]
            assert len(stage.heard.finals(PersonaSide.LISTENER)) == len(stage.hearing.stretches) >= trial
        assert stage.session.counts.reconnections == 50
        assert stage.session.status.problem is None


async def test_a_new_session_is_told_what_was_said() -> None:
    async with staged() as stage:
        await stage.converse()
        stage.server.break_connections()
        await stage.until(lambda: stage.session.counts.connections == 2)
        await stage.until_state(PersonaState.LISTENING)
        told = [str(event["item"]) for event in stage.sent("conversation.item.create")]
        assert len(told) == 2
        assert ASKED in told[0]
        assert ANSWER in told[1]
        await stage.until(lambda: len(stage.sessions[-1].configuration["tools"]) == 0)
        assert stage.session.counts.refused_events == 0


async def test_what_was_asked_just_before_the_connection_broke_is_answered_after_it() -> None:
    async with staged(faults=read_faults(["1:drop-speaking"])) as stage:
        await stage.speak()
        await stage.until(lambda: stage.session.counts.connections == 2)
        await stage.until(lambda: ANSWER in stage.heard.finals(PersonaSide.PERSONA))
        assert stage.heard.finals(PersonaSide.LISTENER) == [ASKED]


async def test_whoever_speaks_before_the_first_session_is_open_is_greeted_all_the_same() -> None:
    persona = replace(PERSONA, greeting="혼저옵서예.")
    async with staged(persona=persona, faults=read_faults(["1:refuse=down"])) as stage:
        await stage.speak()
        assert not stage.session.counts.connections
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        assert stage.voice.said == ["혼저옵서예."]
        assert PersonaState.RECONNECTING not in stage.heard.states
        await stage.converse()


async def test_there_are_five_attempts_three_seconds_apart_and_no_more() -> None:
    async with staged(faults=lambda connection: Faults(refuse="down" if connection > 1 else "")) as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.server.break_connections()
        await asyncio.wait_for(stage.running, 10)
        assert stage.server.connections == 1 + 5
        # The first at once, since the connection had worked until then.
        assert stage.waits == [3.0] * 4
        assert stage.heard.statuses[-1].state is PersonaState.ENDED
        assert isinstance(stage.session.status.problem, PersonaGivenUp)
        attempts = [s.attempt for s in stage.heard.statuses if s.state is PersonaState.RECONNECTING]
        assert sorted(set(attempts)) == [1, 2, 3, 4, 5]
        assert attempts == sorted(attempts)


async def test_a_server_that_was_never_there_is_connected_to_as_often_and_the_reason_told() -> None:
    async with staged(faults=lambda connection: Faults(refuse="down")) as stage:
        await asyncio.wait_for(stage.running, 10)
        assert stage.heard.states == [PersonaState.CONNECTING, PersonaState.ENDED]
        assert stage.waits == [3.0] * 5
        assert isinstance(stage.session.status.problem, PersonaGivenUp)


async def test_a_server_that_always_breaks_off_is_given_up() -> None:
    async with staged(faults=lambda connection: Faults(drop=0.02)) as stage:
        await asyncio.wait_for(stage.running, 20)
        assert isinstance(stage.session.status.problem, PersonaGivenUp)
        assert stage.server.connections == 6


@pytest.mark.parametrize(
    ("refuse", "error"),
    [
        ("quota", PersonaQuotaUsedUp),
        ("key", PersonaKeyRefused),
        ("account", PersonaAccountRefused),
        ("model", PersonaModelUnknown),
    ],
)
async def test_what_no_retry_can_cure_stops_at_once(refuse: str, error: type[PersonaError]) -> None:
    async with staged(faults=lambda connection: Faults(refuse=refuse)) as stage:
        await asyncio.wait_for(stage.running, 10)
        assert type(stage.session.status.problem) is error
        assert stage.server.connections == 1
        assert stage.waits == []


async def test_a_quota_that_runs_out_in_the_middle_stops_at_once() -> None:
    async with staged(faults=read_faults(["quota-used-up"])) as stage:
        await stage.speak()
        await asyncio.wait_for(stage.running, 10)
        assert isinstance(stage.session.status.problem, PersonaQuotaUsedUp)
        assert stage.server.connections == 1


async def test_a_configuration_that_the_server_refuses_stops_at_once() -> None:
    async with staged(faults=read_faults(["refuse-update"])) as stage:
        await asyncio.wait_for(stage.running, 10)
        assert isinstance(stage.session.status.problem, PersonaRequestRefused)
        assert "voice" in str(stage.session.status.problem)


async def test_a_key_is_sent_only_to_the_server_that_it_is_for() -> None:
    async with staged(key="other") as stage:
        await asyncio.wait_for(stage.running, 10)
        assert isinstance(stage.session.status.problem, PersonaKeyRefused)


@pytest.mark.parametrize("moment", ["listening", "speaking", "reconnecting", "connecting"])
async def test_nothing_is_opened_after_stop(moment: str) -> None:
    faults = {"reconnecting": lambda connection: Faults(refuse="down" if connection > 1 else "")}
    async with staged(voice_s=5.0, faults=faults.get(moment, lambda connection: Faults())) as stage:
        if moment != "connecting":
            await stage.until_state(PersonaState.LISTENING)
        if moment == "speaking":
            await stage.speak()
            await stage.until_state(PersonaState.SPEAKING)
        if moment == "reconnecting":
            stage.server.break_connections()
            await stage.until(lambda: stage.session.status.attempt == 2)
        stage.session.stop()
        await asyncio.wait_for(stage.running, 5)
        opened = stage.server.connections
        stage.server.break_connections()
        await asyncio.sleep(0.3)
        assert stage.server.connections == opened
        assert stage.session.status.state is PersonaState.ENDED
        assert stage.session.status.problem is None or moment == "reconnecting"
        assert not stage.playout.is_playing


async def test_a_new_session_takes_over_before_the_limit_unnoticed() -> None:
    rules = SessionRules(seek_pause_s=1.6, margin_s=0.5)
    async with staged(faults=read_faults(["1:expiry=3"]), rules=rules, is_real_time=True, voice_s=0.1) as stage:
        await stage.converse()
        await stage.until(lambda: stage.session.counts.hand_overs == 1)
        await stage.converse()
        assert PersonaState.RECONNECTING not in stage.heard.states
        assert stage.session.counts.reconnections == 0
        assert len(stage.heard.finals(PersonaSide.LISTENER)) == len(stage.heard.finals(PersonaSide.PERSONA)) == 2
        assert all(status.problem is None for status in stage.heard.statuses)
        assert {event.connection for event in stage.session.events()} == {1, 2}


async def test_a_hand_over_in_the_middle_of_a_sentence_loses_none_of_it() -> None:
    rules = SessionRules(seek_pause_s=1.0, margin_s=0.9)
    async with staged(faults=read_faults(["1:expiry=2"]), rules=rules, is_real_time=True, voice_s=0.1) as stage:
        await stage.until_state(PersonaState.LISTENING)
        await stage.speak(1.0, quiet_s=0.0)
        await stage.until(lambda: stage.session.counts.hand_overs == 1)
        await stage.speak(0.5, quiet_s=0.8)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        assert len(stage.heard.finals(PersonaSide.LISTENER)) == 1
        [whole] = stage.hearing.stretches
        assert len(whole) / 48_000 > 1.5


async def test_a_session_that_reaches_its_limit_all_the_same_is_opened_again() -> None:
    rules = SessionRules(seek_pause_s=-10.0, margin_s=-10.0)
    async with staged(faults=read_faults(["1:expiry=1"]), rules=rules, is_real_time=True, voice_s=0.1) as stage:
        await stage.until(lambda: stage.session.counts.reconnections == 1)
        await stage.converse()


async def test_a_deaf_session_is_renewed_and_what_it_missed_is_answered() -> None:
    rules = SessionRules(watchdog=WatchdogRules(deaf_s=2.0))
    async with staged(faults=read_faults(["1:deaf"]), rules=rules, is_real_time=True) as stage:
        await stage.until_state(PersonaState.LISTENING)
        await stage.speak(3.0, quiet_s=0.8)
        await stage.until(lambda: stage.session.counts.renewals == 1)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA) == [ANSWER])
        assert len(stage.hearing.stretches[0]) / 48_000 > 2.9
        assert PersonaState.RECONNECTING not in stage.heard.states


async def test_a_mute_session_is_renewed_and_the_question_answered() -> None:
    async with staged(faults=read_faults(["1:mute"])) as stage:
        await stage.until_state(PersonaState.LISTENING)
        await stage.speak()
        await stage.until(lambda: stage.session.counts.renewals == 1)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA) == [ANSWER])
        assert stage.heard.finals(PersonaSide.LISTENER) == [ASKED]
        await stage.until(lambda: stage.session.status.problem is None)


async def test_a_server_that_asks_for_a_pause_gets_one_and_then_answers() -> None:
    async with staged(faults=read_faults(["rate-limited=2"])) as stage:
        await stage.speak()
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA) == [ANSWER])
        assert any(isinstance(status.problem, PersonaRateLimited) for status in stage.heard.statuses)
        await stage.until(lambda: stage.session.status.problem is None)
        assert stage.server.connections == 1


async def test_a_fault_of_ours_while_an_event_is_taken_is_told_and_costs_one_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged() as stage:
        await stage.until_state(PersonaState.LISTENING)
        take, taken = stage.heard.on_utterance, 0

        def fails_once(utterance: PersonaUtterance) -> None:
            nonlocal taken
            taken += utterance.side is PersonaSide.PERSONA
            if taken == 1:
                raise RuntimeError("a fault")
            take(utterance)

        stage.session._transcript._tell = fails_once
        stage.session.type(ASKED)
        await stage.until(lambda: stage.heard.finals(PersonaSide.PERSONA))
        await stage.until(lambda: stage.session.counts.connections == 2)
        assert "a fault" in caplog.text


async def test_unknown_and_malformed_events_are_counted_and_harm_nothing() -> None:
    async with staged(faults=read_faults(["unknown", "malformed"])) as stage:
        await stage.converse()
        assert stage.session.counts.unknown_events == 2
        assert stage.session.counts.malformed_events == 7
        assert stage.session.counts.connections == 1


async def test_what_the_provider_charges_is_counted_over_all_connections() -> None:
    told = {"usage": {"input_tokens": 30, "output_tokens": 7, "output_token_details": {"audio_tokens": 5}}}
    async with staged(faults=read_faults(["1:drop=1"])) as stage:
        await stage.until_state(PersonaState.LISTENING)
        stage.session._conversation.take(ServerEvent("response.done", {"response": {"id": "other", **told}}))
        transcribed = "conversation.item.input_audio_transcription.completed"
        stage.session._conversation.take(ServerEvent(transcribed, {"item_id": "other", **told}))
        await stage.until(lambda: stage.session.counts.connections == 2)
        assert stage.session.counts.answers_usage == TokenUsage(30, 7, audio_output_tokens=5)
        assert stage.session.counts.transcripts_usage == TokenUsage(30, 7, audio_output_tokens=5)


async def test_closing_hours_end_a_session_with_a_farewell() -> None:
    async with staged(persona=replace(PERSONA, farewell="또 옵서예.")) as stage:
        await stage.converse()
        stage.session.finish()
        await asyncio.wait_for(stage.running, 10)
        assert stage.voice.said[-1] == "또 옵서예."
        assert stage.heard.finals(PersonaSide.PERSONA)[-1] == "또 옵서예."
        assert stage.session.status.state is PersonaState.CLOSED


async def test_no_sound_is_in_the_log_of_events() -> None:
    async with staged() as stage:
        await stage.converse()
        events = stage.session.events()
        assert max(len(str(event.body)) for event in events) < 3_000
        assert [e for e in events if e.type == "input_audio_buffer.append" and e.body["audio"] == ""]
        assert [e for e in events if e.type == "response.output_audio.delta" and e.body["delta"] == ""]
        assert all(former.number < later.number for former, later in pairwise(events))


async def test_nothing_said_while_the_persona_is_heard_reaches_the_model() -> None:
    async with staged(persona=replace(PERSONA, barge_in=False), voice_s=4.0) as stage:
        await stage.speak()
        await stage.until_state(PersonaState.SPEAKING)
        before_s = stage.sessions[0].received_audio_s
        await stage.speak(1.0, quiet_s=0.8)
        await stage.until(lambda: stage.sessions[0].received_audio_s > before_s + 1.7)
        await stage.until_state(PersonaState.LISTENING)
        assert len(stage.hearing.stretches) == 1
        await stage.sleep(0.5)
        await stage.converse()
        assert len(stage.hearing.stretches) == 2
