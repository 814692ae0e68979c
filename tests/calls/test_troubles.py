"""What goes wrong around a call's words is noted when it is over, and told as a cause while it goes on."""

from dataclasses import replace

import pytest

from core.calls.session import CallSession
from core.model.audio import PcmChunk
from core.model.call import LegId, Participant, Role
from core.model.diagnosis import Cause, Diagnosis
from core.model.errors import GuidanceServerSilent
from core.model.passage import Guidance, GuidanceAnswer
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import Note
from tests.calls.conftest import World
from tests.fakes.clock import ManualClock

SILENT = GuidanceServerSilent(address="http://h/rag", seconds=3.0)


async def seconds(world: World, session: CallSession, count: int, *, heard: bool = True, packets: int = 50) -> None:
    """So many seconds of the call, in which packets come from everybody, and sound gets to speech to text."""
    assert isinstance(world.clock, ManualClock)
    for _ in range(count):
        world.clock.advance(1.0)
        now = world.clock.monotonic()
        for participant in session.call.participants:
            leg_id = participant.leg_id
            assert leg_id is not None
            session.measured(RtpSample(leg_id, Direction.INBOUND, Vantage.SERVER, now, 1.0, packets, 80 * packets))
            if heard:
                session.heard(PcmChunk(leg_id, now - 1.0, bytes(640)))
        await session.tick()


async def a_call(world: World) -> tuple[CallSession, Participant]:
    session = await world.call()
    return session, await world.connected(session, Role.CUSTOMER, "민수")


def notes(session: CallSession, code: str) -> list[Note]:
    return [note for note in session.record.snapshot().notes if note.code == code]


def causes(session: CallSession) -> list[Diagnosis]:
    return [each for each in session.record.snapshot().quality.diagnoses if each.cause is not Cause.DEAD_MICROPHONE]


async def test_text_that_comes_late_is_told_while_it_does_and_noted_with_its_length(world: World) -> None:
    session, participant = await a_call(world)
    speech = world.speech_of(session, participant)
    await seconds(world, session, 5)
    speech.stats = replace(speech.stats, oldest_s=4.0)
    await seconds(world, session, 10)
    (cause,) = causes(session)
    assert (cause.cause, cause.end_s) == (Cause.SPEECH_BEHIND, None)
    assert notes(session, "speech_behind") == []
    speech.stats = replace(speech.stats, oldest_s=0.0)
    await seconds(world, session, 12)
    (note,) = notes(session, "speech_behind")
    assert (note.subject, note.at_s, note.until_s) == ("민수", 6.0, 15.0)
    (cause,) = causes(session)
    assert (cause.start_s, cause.end_s) == (6.0, 15.0)


async def test_what_is_over_in_a_moment_is_not_told(world: World) -> None:
    session, participant = await a_call(world)
    speech = world.speech_of(session, participant)
    speech.stats = replace(speech.stats, oldest_s=4.0)
    await seconds(world, session, 2)
    speech.stats = replace(speech.stats, oldest_s=0.0)
    await seconds(world, session, 12)
    assert notes(session, "speech_behind") == []
    assert causes(session) == []


async def test_regression_of_failure_10_sound_that_does_not_get_to_speech_to_text_is_told(world: World) -> None:
    """The consumer's task was destroyed: packets came, and not one frame of them was recognised."""
    session, _ = await a_call(world)
    await seconds(world, session, 5)
    await seconds(world, session, 15, heard=False)
    (cause,) = causes(session)
    assert (cause.cause, [each.figure for each in cause.evidence][-1]) == (Cause.SPEECH_BEHIND, "speech_starved_s")
    await seconds(world, session, 12)
    (note,) = notes(session, "speech_starved")
    assert note.until_s is not None
    assert note.until_s - note.at_s == pytest.approx(10.0, abs=1.0)


async def test_who_is_muted_or_sends_nothing_starves_nobody(world: World) -> None:
    session, participant = await a_call(world)
    await seconds(world, session, 20, heard=False, packets=0)
    await session.set_muted(participant.id, True)
    await seconds(world, session, 20, heard=False)
    assert "speech_starved" not in {note.code for note in session.record.snapshot().notes}
    assert Cause.SPEECH_BEHIND not in {each.cause for each in causes(session)}


async def test_a_hand_over_of_the_providers_stream_is_noted_once(world: World) -> None:
    session, participant = await a_call(world)
    speech = world.speech_of(session, participant)
    for number in (1, 2):
        speech.stats = replace(speech.stats, hand_overs=number)
        await seconds(world, session, 5)
    assert [note.at_s for note in notes(session, "speech_handover")] == [1.0, 6.0]
    await seconds(world, session, 5)
    (cause,) = causes(session)
    assert (cause.cause, cause.start_s, cause.end_s) == (Cause.SPEECH_HANDOVER, 1.0, 6.0)


async def test_a_handbook_without_answers_is_told_until_there_is_one(world: World) -> None:
    session, _ = await a_call(world)
    session.record.set_guidance_problem(SILENT)
    await seconds(world, session, 8)
    assert [(each.cause, each.end_s) for each in causes(session)] == [(Cause.GUIDANCE_FAILING, None)]
    session.record.set_guidance(Guidance("환불", GuidanceAnswer("", ()), 9.0, 0.1))
    await seconds(world, session, 12)
    assert [(note.at_s, note.until_s) for note in notes(session, "guidance_failing")] == [(1.0, 8.0)]


async def test_what_goes_on_when_the_call_ends_ends_with_it(world: World) -> None:
    session, _ = await a_call(world)
    session.record.set_guidance_problem(SILENT)
    await seconds(world, session, 8)
    await session.end()
    assert [note.until_s for note in notes(session, "guidance_failing")] == [8.0]
    (cause,) = causes(session)
    assert cause.end_s == 8.0


async def test_a_leg_of_nobody_who_speaks_is_no_trouble(world: World) -> None:
    session, _ = await a_call(world)
    assert not session.leg_state(LegId("unknown"))
    await seconds(world, session, 20)
    assert causes(session) == []
