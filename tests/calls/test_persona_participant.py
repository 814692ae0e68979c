"""A persona in a call, with the real session over loopback and a bridge that speaks in real time."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from core.calls.export import ExportFormat, export_call
from core.calls.persona_place import ANSWERED_CHUNK_S
from core.media.events import CHUNK_S, LegSpec
from core.model.call import CallState, EndReason, LegState, Role, SupervisionMode
from core.model.persona import PersonaState, Tool, ToolDeclaration
from core.model.quality import CallQuality
from core.persona.rehearsal.answers import Answer, Asked
from tests.fakes.persona_call import PERSONA, persona_call


class ToolFirst:
    """Answers by calling a tool, and then with words."""

    def __init__(self, tool: str, arguments: Mapping[str, object]) -> None:
        self._answers = [Answer("", tool, arguments), Answer("Done.")]

    async def answer(self, asked: Asked) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def test_it_greets_whoever_comes_hears_and_answers_and_both_sides_are_written_down(tmp_path: Path) -> None:
    async with persona_call(tmp_path) as stage:
        await stage.world.until(lambda: stage.session.persona is not None and stage.session.persona.is_ready)
        await stage.world.until(lambda: stage.session.call.participants[0].leg_state is LegState.CONNECTED)
        assert not stage.sent("response.create")
        assert stage.session.call.live_at is None
        customer = await stage.come()
        assert stage.session.call.live_at is not None
        await stage.world.until(lambda: stage.finals(Role.PERSONA))
        await stage.until_state(PersonaState.LISTENING)
        await stage.world.until(lambda: stage.state is PersonaState.LISTENING)
        await stage.speak(customer, quiet_s=1.2)
        await stage.world.until(lambda: len(stage.finals(Role.PERSONA)) == 2)
        assert stage.finals(Role.CUSTOMER) == ["I was charged twice."]
        said = stage.session.record.finals()
        assert [each.role for each in said] == [Role.PERSONA, Role.CUSTOMER, Role.PERSONA]
        assert all(each.start_s <= each.end_s <= stage.session.record.now_s() for each in said)
        assert {each.engine for each in said} == {"rehearsal"}
        assert not stage.world.transcriber.sessions, "the speech engine hears nobody"
        await stage.session.end()
        kept = stage.world.store.load_call(stage.session.call.id)
        assert [each.text for each in kept.utterances] == [each.text for each in said]
        assert kept.call.persona == stage.session.call.persona
        assert kept.call.persona is not None
        assert kept.call.persona.is_rehearsal


async def test_while_a_supervisor_speaks_to_everybody_it_is_held_and_knows_afterwards_what_was_said(
    tmp_path: Path,
) -> None:
    async with persona_call(tmp_path, persona=replace(PERSONA, greeting="")) as stage:
        customer = await stage.come()
        await stage.until_state(PersonaState.LISTENING)
        supervisor = await stage.come("Kim", Role.SUPERVISOR)
        await stage.session.set_mode(supervisor.id, SupervisionMode.COACH)
        assert stage.session.record.snapshot().persona.held_by == ""  # type: ignore[union-attr]
        await stage.session.set_mode(supervisor.id, SupervisionMode.BARGE_IN)
        assert stage.session.record.snapshot().persona.held_by == "Kim"  # type: ignore[union-attr]
        heard_s = stage.upstreams[0].received_audio_s
        await stage.speak(customer)
        assert stage.upstreams[0].received_audio_s == heard_s
        stage.world.speech_of(stage.session, customer).recognise("It is order twelve.")
        stage.world.speech_of(stage.session, supervisor).recognise("I refund it now.", start_s=1.0)
        await stage.world.until(lambda: len(stage.session.record.finals()) == 2)
        await stage.session.set_mode(supervisor.id, SupervisionMode.MONITOR)
        for words in ("It is order twelve.", "I refund it now."):
            await stage.world.until(lambda words=words: words in str(stage.sent("conversation.item.create")))
        assert not stage.sent("response.create"), "nothing is to be answered"
        await stage.speak(customer)
        await stage.world.until(lambda: stage.finals(Role.PERSONA))
        assert stage.notes().count("persona_held") == stage.notes().count("persona_released") == 1


async def test_its_hours_end_with_a_farewell_that_is_heard_and_then_the_call_ends(tmp_path: Path) -> None:
    async with persona_call(tmp_path) as stage:
        await stage.come()
        await stage.world.until(lambda: stage.finals(Role.PERSONA))
        assert stage.session.persona is not None
        stage.session.persona.finish()
        await stage.world.until(lambda: stage.session.call.state is CallState.ENDED)
        assert stage.session.call.end_reason is EndReason.CLOSED_HOURS
        assert len(stage.finals(Role.PERSONA)) == 2
        assert not stage.session.record.finals()[-1].is_cut
        assert stage.notes().count("persona_closed") == 1


async def test_hours_that_end_while_a_supervisor_speaks_end_the_call_when_nobody_speaks_in_its_place_any_more(
    tmp_path: Path,
) -> None:
    async with persona_call(tmp_path, persona=replace(PERSONA, greeting="")) as stage:
        await stage.come()
        supervisor = await stage.come("Kim", Role.SUPERVISOR)
        await stage.session.set_mode(supervisor.id, SupervisionMode.BARGE_IN)
        assert stage.session.persona is not None
        stage.session.persona.finish()
        await stage.until_state(PersonaState.CLOSED)
        await stage.session.tick()
        assert stage.session.call.state is CallState.LIVE
        await stage.session.set_mode(supervisor.id, SupervisionMode.MONITOR)
        await stage.world.until(lambda: stage.session.call.state is CallState.ENDED)
        assert stage.session.call.end_reason is EndReason.CLOSED_HOURS


async def test_end_call_closes_the_upstream_connection_at_once(tmp_path: Path) -> None:
    async with persona_call(tmp_path) as stage:
        await stage.come()
        await stage.until_state(PersonaState.SPEAKING)
        await stage.session.end()
        assert stage.state is PersonaState.ENDED
        assert stage.server.break_connections() == 0
        assert all(each.is_cut for each in stage.session.record.finals()), "what is left of it is what was heard"


async def test_the_death_of_the_media_process_cuts_the_answer_and_the_voice_comes_back(tmp_path: Path) -> None:
    async with persona_call(tmp_path, voice_s=3.0) as stage:
        customer = await stage.come()
        await stage.until_state(PersonaState.SPEAKING)
        await stage.world.until(lambda: len(stage.bridge.spoken) > 3)
        stage.bridge.die()
        await stage.until_state(PersonaState.LISTENING)
        stage.bridge.come_back()
        leg_id = await stage.session.connect(customer.id)
        await stage.session.leg_changed(leg_id, LegState.CONNECTED)
        await stage.world.until(lambda: any(spec.is_voice for spec in stage.bridge.legs.values()))
        stage.voice.seconds = 0.3
        await stage.speak(customer)
        await stage.world.until(lambda: [u for u in stage.session.record.finals() if not u.is_cut][1:])
        customers, persona = [u for u in stage.session.record.finals() if not u.is_cut]
        assert (customers.role, persona.role) == (Role.CUSTOMER, Role.PERSONA)


async def test_a_voice_that_is_being_brought_when_the_call_ends_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with persona_call(tmp_path) as stage:
        await stage.world.until(lambda: stage.session.call.participants[0].leg_state is LegState.CONNECTED)
        open_leg, is_opening = stage.bridge.open_leg, asyncio.Event()

        async def unanswered(spec: LegSpec) -> None:
            await open_leg(spec)
            is_opening.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(stage.bridge, "open_leg", unanswered)
        (voice,) = stage.bridge.legs
        await stage.session.lose_leg(voice)
        await is_opening.wait()
        await stage.session.end()
        assert not stage.bridge.legs.keys() - set(stage.bridge.closed)


async def test_the_customers_sound_comes_frame_by_frame_and_nobody_elses(tmp_path: Path) -> None:
    async with persona_call(tmp_path) as stage:
        customer = await stage.come()
        agent = await stage.come("Lee", Role.AGENT)
        chunks = {spec.participant_id: spec.chunk_s for spec in stage.bridge.legs.values() if spec.speech}
        assert chunks == {customer.id: ANSWERED_CHUNK_S, agent.id: CHUNK_S}
        again = await stage.session.connect(customer.id)
        assert stage.bridge.legs[again].chunk_s == ANSWERED_CHUNK_S


async def test_a_voice_that_is_lost_while_it_is_being_brought_is_brought_again(tmp_path: Path) -> None:
    async with persona_call(tmp_path, persona=replace(PERSONA, greeting="")) as stage:
        customer = await stage.come()
        await stage.until_state(PersonaState.LISTENING)
        stage.bridge.die()
        stage.bridge.loses_next_voice = True
        stage.bridge.come_back()
        await stage.world.until(lambda: not stage.bridge.loses_next_voice)
        leg_id = await stage.session.connect(customer.id)
        await stage.session.leg_changed(leg_id, LegState.CONNECTED)
        await stage.world.until(lambda: any(spec.is_voice for spec in stage.bridge.legs.values()), 15.0)
        heard = len(stage.bridge.spoken)
        await stage.speak(customer, quiet_s=1.2)
        await stage.world.until(lambda: stage.finals(Role.PERSONA), 15.0)
        assert {leg for leg, _, _ in stage.bridge.spoken[heard:]} <= stage.bridge.legs.keys()
        assert len(stage.bridge.spoken) > heard


async def test_a_tool_call_is_shown_kept_exported_and_deleted_without_what_is_hidden(tmp_path: Path) -> None:
    async def look_up(arguments: Mapping[str, object]) -> str:
        return json.dumps({"card": "4111 1111 1111 1111"})

    tools = {"look_up": Tool(ToolDeclaration("look_up", "Looks up."), look_up)}
    answers = ToolFirst("look_up", {"card": 4111111111111111})
    async with persona_call(tmp_path, persona=replace(PERSONA, greeting=""), tools=tools, answers=answers) as stage:
        customer = await stage.come()
        await stage.until_state(PersonaState.LISTENING)
        await stage.speak(customer)
        await stage.world.until(lambda: stage.finals(Role.PERSONA))
        picture = stage.session.record.snapshot()
        assert picture.persona is not None
        (shown,) = picture.persona.tool_calls
        assert shown.output is not None
        assert shown.took_s is not None
        assert 0 <= shown.called_s <= picture.now_s
        await stage.session.end()
        call_id, store = picture.call.id, stage.world.store
        kept = store.load_call(call_id)
        (stored,) = kept.tool_calls
        assert stored == shown
        assert kept.snapshot((), CallQuality()).persona.tool_calls == (shown,)  # type: ignore[union-attr]
        (turns,) = store.turn_records([call_id])
        exported = json.loads(export_call(kept, (), ExportFormat.JSON, turns))
        assert exported["tool_calls"][0]["name"] == "look_up"
        assert exported["call"]["persona"]["name"] == "Robin"
        assert not re.search(r"4111 ?1111", json.dumps(exported))
        store.delete_call(call_id)


async def test_an_upstream_that_is_cut_is_noted_with_how_long_it_was_away_and_the_call_goes_on(tmp_path: Path) -> None:
    async with persona_call(tmp_path, persona=replace(PERSONA, greeting="")) as stage:
        customer = await stage.come()
        await stage.until_state(PersonaState.LISTENING)
        assert stage.server.break_connections() == 1
        await stage.world.until(lambda: "persona_reconnecting" in stage.notes())
        await stage.until_state(PersonaState.LISTENING)
        note = next(each for each in stage.session.record.notes if each.code == "persona_reconnecting")
        assert note.until_s is not None
        assert note.until_s >= note.at_s
        await stage.speak(customer)
        await stage.world.until(lambda: stage.finals(Role.PERSONA))


async def test_who_has_no_connection_yet_can_write_already(tmp_path: Path) -> None:
    async with persona_call(tmp_path) as stage:
        await stage.session.join(Role.CUSTOMER, "Chris")
        assert stage.session.persona is not None
        stage.session.persona.type("Hello?")
        await stage.world.until(lambda: stage.finals(Role.CUSTOMER) == ["Hello?"])


async def test_what_is_typed_is_marked_and_answered(tmp_path: Path) -> None:
    async with persona_call(tmp_path, persona=replace(PERSONA, greeting="")) as stage:
        await stage.come()
        await stage.until_state(PersonaState.LISTENING)
        assert stage.session.persona is not None
        stage.session.persona.type("My card is 4111 1111 1111 1111.")
        await stage.world.until(lambda: stage.finals(Role.PERSONA))
        typed = next(u for u in stage.session.record.finals() if u.role is Role.CUSTOMER)
        assert typed.is_typed
        assert "4111" not in typed.text
        assert not re.search(r"4111 ?1111", str(stage.session.persona.events()))


async def test_a_persona_alone_is_nobody_and_waits_for_good_only_where_it_began_by_itself(tmp_path: Path) -> None:
    async with persona_call(tmp_path, autostarted=True, grace_s=0.0) as stage:
        await stage.world.until(lambda: stage.session.persona is not None and stage.session.persona.is_ready)
        await stage.session.tick()
        assert stage.session.call.state is CallState.WAITING
        assert not stage.session.had_somebody
        customer = await stage.come()
        await stage.session.leave(customer.id)
        await stage.world.until(lambda: stage.session.call.state is CallState.ENDED)
        assert stage.session.call.end_reason is EndReason.ABANDONED


async def test_a_key_that_is_refused_leaves_the_call_up_and_its_customer_heard_by_the_speech_engine(
    tmp_path: Path,
) -> None:
    async with persona_call(tmp_path, key="another") as stage:
        customer = await stage.come()
        await stage.until_state(PersonaState.ENDED)
        assert stage.session.call.state is CallState.LIVE
        assert "persona_ended_key" in stage.notes()
        stage.world.speech_of(stage.session, customer).recognise("Is anybody there?")
        await stage.world.until(lambda: stage.finals(Role.CUSTOMER) == ["Is anybody there?"])
