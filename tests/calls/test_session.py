import asyncio
import threading

import pytest

from core.calls.session import CallSession
from core.media.events import LegChanged, LegSpec, MediaRestarted, PlaybackEnded
from core.model.audio import PcmChunk
from core.model.call import CallOrigin, CallState, EndReason, LegId, LegState, Participant, ParticipantId, Role
from core.model.errors import CallEnded, MediaProcessDown, ParticipantNotFound
from core.model.media_path import CandidateType, MediaPath, PathTransport
from core.model.quality import AlertKind
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alerts import judged
from core.quality.segments import read_samples
from tests.calls.conftest import World


def notes(session) -> list[str]:
    return [note.code for note in session.record.snapshot().notes]


# People and legs


async def test_a_call_goes_live_with_its_first_speaker(world: World) -> None:
    session = await world.call()
    assert session.call.state is CallState.WAITING
    await world.connected(session, Role.AGENT, "민수")
    assert session.call.state is CallState.LIVE
    assert session.call.live_at is not None


async def test_a_listener_does_not_make_a_call_live_and_is_not_transcribed(world: World) -> None:
    session = await world.call()
    supervisor = await session.join(Role.SUPERVISOR, "Sue")
    leg = await session.connect(supervisor.id, listen_only=True)
    await session.leg_changed(leg, LegState.CONNECTED)
    assert session.call.state is CallState.WAITING
    assert not world.bridge.legs[leg].speech
    assert world.transcriber.sessions == {}


async def test_two_speakers_hear_each_other(world: World) -> None:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    people = {p.id: p for p in session.call.participants}
    a, c = people[agent.id].leg_id, people[customer.id].leg_id
    assert world.bridge.routes == {a: {c}, c: {a}}


async def test_a_lost_participant_comes_back_on_another_leg_in_the_same_place(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    first = session.call.participants[1].leg_id
    assert first is not None
    await session.leg_changed(first, LegState.LOST)
    assert session.call.participants[1].leg_state is LegState.LOST
    back = await session.join(Role.CUSTOMER, "지영", participant_id=customer.id)
    second = await session.connect(back.id)
    await session.leg_changed(second, LegState.CONNECTED)
    assert len(session.call.participants) == 2
    assert session.call.participants[1].leg_id == second != first
    assert len(world.transcriber.sessions) == 2, "the speech session outlives the leg"
    assert "participant_lost" in notes(session)


async def lost_customer(world: World) -> tuple[CallSession, Participant, LegId]:
    """A customer who is lost in a call in which the agent stays."""
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    leg_id = session.call.participants[1].leg_id
    assert leg_id is not None
    await session.leg_changed(leg_id, LegState.LOST)
    return session, customer, leg_id


async def test_who_stays_lost_for_longer_than_the_grace_period_is_gone(world: World) -> None:
    session, _, leg_id = await lost_customer(world)
    world.clock.advance(19)
    await session.tick()
    assert session.call.participants[1].leg_state is LegState.LOST
    world.clock.advance(2)
    for _ in range(2):
        await session.tick()
    assert session.call.state is CallState.LIVE
    assert session.call.participants[1].leg_state is LegState.CLOSED
    assert notes(session)[-2:] == ["participant_lost", "participant_left"]
    assert session.leg_state(leg_id) is LegState.LOST, "a browser comes back by itself unless its leg was closed"
    assert LegState.LOST not in {p.leg_state for p in session.record.overview().call.participants}
    await world.durable.write(lambda: None)
    assert world.store.load_call(session.call.id).call.participants[1].leg_state is LegState.CLOSED


async def test_who_counts_as_gone_can_take_the_place_again(world: World) -> None:
    session, customer, first = await lost_customer(world)
    world.clock.advance(21)
    await session.tick()
    back = await session.join(Role.CUSTOMER, "지영", customer.id)
    second = await session.connect(back.id)
    await session.leg_changed(second, LegState.CONNECTED)
    await session.close_leg(first)
    await session.tick()
    assert len(session.call.participants) == 2
    assert session.call.participants[1].leg_state is LegState.CONNECTED
    assert session.call.participants[0].leg_id in world.bridge.routes[second]
    assert notes(session)[-3:] == ["participant_lost", "participant_left", "participant_connected"]


async def test_a_lost_leg_that_its_page_closes_later_is_not_told_twice(world: World) -> None:
    session, _, leg_id = await lost_customer(world)
    world.clock.advance(21)
    await session.tick()
    await session.close_leg(leg_id)
    assert notes(session).count("participant_left") == 1
    assert session.leg_state(leg_id) is LegState.CLOSED


async def test_who_tries_to_come_back_is_waited_for(world: World) -> None:
    session, customer, _ = await lost_customer(world)
    world.clock.advance(15)
    again = await session.connect(customer.id)
    world.clock.advance(10)
    await session.lose_leg(again)
    world.clock.advance(19)
    await session.tick()
    assert session.call.participants[1].leg_state is LegState.LOST
    world.clock.advance(2)
    await session.tick()
    assert session.call.participants[1].leg_state is LegState.CLOSED


async def test_a_persona_s_voice_that_is_lost_is_not_given_up(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.CUSTOMER, "지영")
    await world.connected(session, Role.PERSONA, "Robin")
    leg_id = session.call.participants[1].leg_id
    assert leg_id is not None
    await session.leg_changed(leg_id, LegState.LOST)
    world.clock.advance(60)
    await session.tick()
    assert session.call.participants[1].leg_state is LegState.LOST


async def test_of_a_call_in_which_all_are_lost_nobody_left(world: World) -> None:
    session, _, _ = await lost_customer(world)
    agents = session.call.participants[0].leg_id
    assert agents is not None
    await session.leg_changed(agents, LegState.LOST)
    world.clock.advance(21)
    await session.tick()
    assert session.call.end_reason is EndReason.ABANDONED
    assert "participant_left" not in notes(session)


async def test_a_participant_s_path_is_known_while_the_leg_is_connected(world: World) -> None:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    path = MediaPath(CandidateType.RELAY, CandidateType.PEER_REFLEXIVE, PathTransport.TLS)
    back = await session.connect(agent.id)
    await session.leg_changed(back, LegState.CONNECTED, path)
    assert session.call.participants[0].leg_path == path
    await session.leg_changed(back, LegState.LOST)
    assert session.call.participants[0].leg_path is None


async def test_a_second_leg_of_one_participant_closes_the_first(world: World) -> None:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    first = session.call.participants[0].leg_id
    await session.connect(agent.id)
    assert world.bridge.closed == [first]


async def test_mute_follows_the_participant_to_a_new_leg(world: World) -> None:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    await session.set_muted(agent.id, True)
    second = await session.connect(agent.id)
    assert world.bridge.muted[second] is True
    assert session.call.participants[0].muted


async def test_unknown_people_and_ended_calls_are_refused_in_words(world: World) -> None:
    session = await world.call()
    with pytest.raises(ParticipantNotFound, match="nobody"):
        await session.connect(ParticipantId("nobody"))
    await session.end(EndReason.HUNG_UP)
    with pytest.raises(CallEnded, match="has ended"):
        await session.join(Role.CUSTOMER, "지영")


class SlowToOpen:
    """A bridge that opens a leg at once and says so when it is let."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_opening, self.answer = asyncio.Event(), asyncio.Event()
        self._open = world.bridge.open_leg
        monkeypatch.setattr(world.bridge, "open_leg", self._open_leg)

    async def _open_leg(self, spec: LegSpec) -> None:
        await self._open(spec)
        self.is_opening.set()
        await self.answer.wait()


async def test_a_leg_that_is_opened_while_its_call_ends_is_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, slow = await world.call(), SlowToOpen(world, monkeypatch)
    agent = await session.join(Role.AGENT, "민수")
    connecting = asyncio.create_task(session.connect(agent.id))
    await slow.is_opening.wait()
    await session.end(EndReason.HUNG_UP)
    slow.answer.set()
    with pytest.raises(CallEnded):
        await connecting
    assert world.bridge.closed == list(world.bridge.legs)
    assert world.transcriber.sessions == {}


async def test_a_leg_for_which_nobody_waits_any_more_is_closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session, slow = await world.call(), SlowToOpen(world, monkeypatch)
    agent = await session.join(Role.AGENT, "민수")
    connecting = asyncio.create_task(session.connect(agent.id))
    await slow.is_opening.wait()
    connecting.cancel()
    await world.until(lambda: world.bridge.closed == list(world.bridge.legs))
    assert session.call.participants[0].leg_id is None


async def test_who_is_written_down_when_a_call_ends_is_so_no_more_although_the_leg_came_late(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await world.call()
    agent = await session.join(Role.AGENT, "민수")
    await session.connect(agent.id, listen_only=True)
    close_leg, is_closing, answer = world.bridge.close_leg, asyncio.Event(), asyncio.Event()

    async def late(leg_id: LegId) -> None:
        is_closing.set()
        await answer.wait()
        await close_leg(leg_id)

    monkeypatch.setattr(world.bridge, "close_leg", late)
    connecting = asyncio.create_task(session.connect(agent.id))
    await is_closing.wait()
    ending = asyncio.create_task(session.end(EndReason.HUNG_UP))
    await asyncio.sleep(0)
    answer.set()
    await asyncio.gather(connecting, ending)
    assert all(speech.is_closed for speech in world.transcriber.sessions.values())


async def test_a_bridge_that_is_down_is_said_to_who_connects_and_the_call_goes_on(world: World) -> None:
    session = await world.call()
    agent = await session.join(Role.AGENT, "민수")
    world.bridge.is_down = True
    with pytest.raises(MediaProcessDown):
        await session.connect(agent.id)
    world.bridge.is_down = False
    await session.connect(agent.id)
    assert session.call.participants[0].leg_state is LegState.OPEN


async def test_after_a_restart_of_the_media_process_everybody_keeps_the_place(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    await world.connected(session, Role.CUSTOMER, "지영")
    for participant in session.call.participants:
        assert participant.leg_id is not None
        world.registry.take(LegChanged(participant.leg_id, LegState.LOST, world.clock.monotonic()))
    world.registry.take(MediaRestarted(at_s=world.clock.monotonic()))
    await world.until(lambda: "media_restarted" in notes(session))
    assert all(p.leg_state is LegState.LOST for p in session.call.participants)
    assert session.call.state is CallState.LIVE


# Life


async def test_a_call_ends_when_nobody_has_been_there_for_the_grace_period(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg = session.call.participants[0].leg_id
    assert leg is not None
    world.clock.advance(100)
    await session.close_leg(leg)
    world.clock.advance(19)
    await session.tick()
    assert session.call.state is CallState.LIVE
    world.clock.advance(2)
    await session.tick()
    assert session.call.state is CallState.ENDED
    assert session.call.end_reason is EndReason.ABANDONED


async def test_one_person_left_keeps_the_call_live(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    await world.connected(session, Role.CUSTOMER, "지영")
    leg = session.call.participants[1].leg_id
    assert leg is not None
    await session.close_leg(leg)
    world.clock.advance(3600)
    await session.tick()
    assert session.call.state is CallState.LIVE


async def test_a_new_call_waits_for_its_first_person_much_longer_than_the_grace(world: World) -> None:
    session = await world.call()
    world.clock.advance(10 * 60)
    await session.tick()
    assert session.call.state is CallState.WAITING
    world.clock.advance(21 * 60)
    await session.tick()
    assert session.call.state is CallState.ENDED


async def test_a_leg_that_never_connects_is_given_up(world: World) -> None:
    session = await world.call()
    agent = await session.join(Role.AGENT, "민수")
    leg = await session.connect(agent.id)
    world.clock.advance(21)
    await session.tick()
    assert session.call.participants[0].leg_state is LegState.LOST
    assert world.bridge.closed == [leg]


async def test_ending_twice_ends_once_and_closes_every_leg(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    await asyncio.gather(session.end(EndReason.HUNG_UP), session.end(EndReason.ABANDONED))
    assert session.call.end_reason is EndReason.HUNG_UP
    assert world.bridge.closed == [session.call.participants[0].leg_id]
    assert all(speech.is_closed for speech in world.transcriber.sessions.values())


async def test_a_call_ends_although_the_bridge_is_down(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    world.bridge.is_down = True
    await session.end(EndReason.HUNG_UP)
    assert session.is_over


async def test_a_demo_that_comes_to_its_end_ends_its_call(world: World) -> None:
    session = await world.call(origin=CallOrigin.DEMO)
    world.registry.take(PlaybackEnded(session.call.id, ()))
    await world.until(lambda: session.is_over)
    assert session.call.end_reason is EndReason.FINISHED


# Words


async def test_a_final_utterance_is_in_the_store_before_it_is_shown(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    world.speech_of(session, customer).recognise("환불하고 싶어요", start_s=1.0)
    await world.until(lambda: session.record.snapshot().utterances)
    kept = world.store.load_call(session.call.id)
    assert [u.text for u in kept.utterances] == ["환불하고 싶어요"]


async def test_interim_text_is_shown_at_once_and_not_kept(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    world.speech_of(session, customer).recognise("환불", is_final=False)
    await world.until(lambda: session.record.snapshot().utterances)
    assert not session.record.snapshot().utterances[0].is_final
    assert world.store.load_call(session.call.id).utterances == ()


async def test_audio_reaches_the_speaker_s_session_on_the_call_s_clock(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    leg = session.call.participants[0].leg_id
    assert leg is not None
    world.registry.take(PcmChunk(leg, session.record.origin + 3.5, b"\0\0"))
    assert world.speech_of(session, customer).fed == [(b"\0\0", 3.5)]


async def test_the_last_words_are_kept_when_the_call_ends(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    speech = world.speech_of(session, customer)
    speech.recognise("감사합니다", ordinal=0, is_final=False)
    speech.close, close = (lambda timeout_s: speech.recognise("감사합니다") or close(timeout_s)), speech.close
    await session.end(EndReason.HUNG_UP)
    assert [u.text for u in world.store.load_call(session.call.id).utterances] == ["감사합니다"]
    assert world.store.load_call(session.call.id).call.state is CallState.ENDED


async def test_the_summary_is_rewritten_and_the_handbook_is_asked_when_it_changes(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    speech = world.speech_of(session, customer)
    speech.recognise("환불하고 싶어요", ordinal=0)
    await world.until(lambda: session.record.snapshot().guidance)
    speech.recognise("언제 되나요", ordinal=1)
    await world.until(lambda: len(session.record.snapshot().summaries) == 2)
    snapshot = session.record.snapshot()
    assert [s.text.summary for s in snapshot.summaries] == ["1 turns in ko", "2 turns in ko"]
    assert snapshot.summaries[-1].seen_utterance == snapshot.utterances[-1].id
    await world.until(lambda: "2 turns" in session.record.snapshot().guidance.query)


async def test_a_stalled_summary_holds_up_neither_words_nor_legs(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    world.summarizer.gate.clear()
    speech = world.speech_of(session, customer)
    for ordinal in range(20):
        speech.recognise(f"문장 {ordinal}", ordinal=ordinal, start_s=float(ordinal))
    await world.until(lambda: len(session.record.snapshot().utterances) == 20)
    await world.connected(session, Role.AGENT, "민수")
    assert session.record.snapshot().summaries == ()
    world.summarizer.gate.set()
    await world.until(lambda: session.record.latest_summary)
    await world.until(lambda: session.record.latest_summary.turns == 20)
    assert len(session.record.snapshot().summaries) <= 2, "what arrived meanwhile was folded into one question"


# Figures


async def test_samples_are_on_the_call_s_clock_and_in_the_files(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg = session.call.participants[0].leg_id
    assert leg is not None
    at_s = session.record.origin + 7.0
    world.registry.take(RtpSample(leg, Direction.INBOUND, Vantage.SERVER, at_s, 1.0, packets=50, octets=4000))
    await session.tick()
    assert [s.at_s for s in session.record.snapshot().samples] == [7.0]
    await session.end(EndReason.HUNG_UP)
    await world.until(lambda: len(read_samples(world.samples_dir, session.call.id).samples) == 1)


def a_second(leg: LegId, at_s: float, direction: Direction, jitter_ms: float) -> RtpSample:
    rtt_ms = 40.0 if direction is Direction.OUTBOUND else None
    return RtpSample(leg, direction, Vantage.SERVER, at_s, 1.0, 50, 4_000, lost=0, jitter_ms=jitter_ms, rtt_ms=rtt_ms)


async def test_a_leg_is_scored_and_its_alert_ends_with_it(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg = session.call.participants[0].leg_id
    assert leg is not None
    for second in range(1, 5):
        for direction in (Direction.OUTBOUND, Direction.INBOUND):
            world.registry.take(a_second(leg, session.record.origin + second, direction, jitter_ms=80.0))
    await session.tick()
    quality = session.record.snapshot().quality
    assert {score.direction for score in quality.scores} == set(Direction)
    assert {(a.kind, a.is_open) for a in quality.alerts} == {(AlertKind.HIGH_JITTER, True)}
    await session.close_leg(leg)
    await session.tick()
    left = session.record.snapshot().quality
    assert left.scores == ()
    assert not any(alert.is_open for alert in left.alerts)


async def test_an_ended_call_is_judged_alike_by_its_session_and_from_its_files(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg = session.call.participants[0].leg_id
    assert leg is not None
    for second in range(1, 21):
        for direction in (Direction.OUTBOUND, Direction.INBOUND):
            jitter_ms = 80.0 if 5 <= second < 12 else 3.0
            world.registry.take(a_second(leg, session.record.origin + second, direction, jitter_ms))
    await session.tick()
    await session.end(EndReason.HUNG_UP)
    await world.until(lambda: len(read_samples(world.samples_dir, session.call.id).samples) == 40)
    quality = session.record.snapshot().quality
    assert len(quality.alerts) == 2
    assert len(quality.scores) == 2
    again = judged(read_samples(world.samples_dir, session.call.id).samples)
    assert (again.scores, again.alerts) == (quality.scores, quality.alerts)
    assert {each.cause for each in again.diagnoses} == {each.cause for each in quality.diagnoses}


async def test_failure_10_no_task_or_thread_of_a_call_outlives_it(world: World) -> None:
    """The first report's consumers were collected before they ran, because nobody owned their tasks."""
    before = {t.get_name() for t in asyncio.all_tasks()}
    for _ in range(20):
        session = await world.call()
        await world.connected(session, Role.AGENT, "민수")
        await session.end(EndReason.HUNG_UP)
    await world.until(lambda: {t.get_name() for t in asyncio.all_tasks()} <= before)
    assert not [t for t in threading.enumerate() if "call-" in t.name]


async def test_failure_6_events_of_unknown_legs_touch_no_call(world: World) -> None:
    session = await world.call()
    world.registry.take(LegChanged(LegId("stranger"), LegState.CONNECTED, 0.0))
    world.registry.take(PcmChunk(LegId("stranger"), 0.0, b""))
    agent = await world.connected(session, Role.AGENT, "민수")
    assert [p.id for p in session.call.participants] == [agent.id]
