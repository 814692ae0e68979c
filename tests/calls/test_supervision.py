"""Supervisors in a call: what a change of mode does to who is heard, to what is written down and to the records."""

import asyncio
from collections.abc import Mapping

import pytest

from core.calls import wiring
from core.calls.session import CallSession
from core.model.audio import PcmChunk
from core.model.call import (
    CallId,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
    SupervisionMode,
)
from core.model.errors import CallEnded, MediaProcessDown, MediaTimeout, ParticipantNotFound
from tests.calls.conftest import World
from tests.calls.test_session import notes

BARGE_IN, COACH, MONITOR, TAKE_OVER = (
    SupervisionMode.BARGE_IN,
    SupervisionMode.COACH,
    SupervisionMode.MONITOR,
    SupervisionMode.TAKE_OVER,
)


async def cast(world: World) -> tuple[CallSession, Participant, Participant, Participant]:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    return session, agent, customer, await world.connected(session, Role.SUPERVISOR, "Sue")


def leg_of(session: CallSession, participant: Participant) -> LegId:
    leg_id = next(p.leg_id for p in session.call.participants if p.id == participant.id)
    assert leg_id is not None
    return leg_id


def mode_of(session: CallSession, participant: Participant) -> SupervisionMode | None:
    return next(p.mode for p in session.call.participants if p.id == participant.id)


def hears(world: World, session: CallSession, ear: Participant, voice: Participant) -> bool:
    leg_id = leg_of(session, voice)
    return leg_id in world.bridge.routes[leg_of(session, ear)] and not world.bridge.muted.get(leg_id, False)


async def test_who_joins_as_a_supervisor_monitors_and_others_have_no_mode(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    assert (sue.mode, agent.mode, customer.mode) == (MONITOR, None, None)
    assert "supervision_monitor" in notes(session)


@pytest.mark.parametrize(
    ("mode", "agent_hears", "customer_hears"),
    [(MONITOR, False, False), (COACH, True, False), (BARGE_IN, True, True), (TAKE_OVER, True, True)],
)
async def test_a_mode_decides_who_hears_the_supervisor(
    world: World, mode: SupervisionMode, agent_hears: bool, customer_hears: bool
) -> None:
    session, agent, customer, sue = await cast(world)
    await session.set_mode(sue.id, mode)
    assert hears(world, session, agent, sue) == agent_hears
    assert hears(world, session, customer, sue) == customer_hears
    assert hears(world, session, sue, customer)
    assert len(world.bridge.legs) == 3, "no leg was made anew"


async def test_a_take_over_silences_the_agent_without_touching_what_the_agent_said(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    other = await world.connected(session, Role.AGENT, "하준")
    await session.set_muted(other.id, True)
    await session.set_mode(sue.id, TAKE_OVER)
    assert not hears(world, session, customer, agent)
    assert not next(p.muted for p in session.call.participants if p.id == agent.id)
    await session.set_mode(sue.id, COACH)
    assert hears(world, session, customer, agent)
    assert not hears(world, session, customer, other)


async def test_an_agent_who_unmutes_or_comes_back_during_a_take_over_stays_silent(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    await session.set_muted(agent.id, True)
    await session.set_mode(sue.id, TAKE_OVER)
    await session.set_muted(agent.id, False)
    assert not hears(world, session, customer, agent)
    leg_id = await session.connect(agent.id)
    await session.leg_changed(leg_id, LegState.CONNECTED)
    assert not hears(world, session, customer, agent)
    await session.set_mode(sue.id, MONITOR)
    assert hears(world, session, customer, agent)


async def test_of_two_take_overs_the_last_to_end_gives_the_agent_back(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    sam = await world.connected(session, Role.SUPERVISOR, "Sam")
    await session.set_mode(sue.id, TAKE_OVER)
    await session.set_mode(sam.id, TAKE_OVER)
    await session.leave(sue.id)
    assert not hears(world, session, customer, agent)
    await session.leave(sam.id)
    assert hears(world, session, customer, agent)
    assert mode_of(session, sam) is MONITOR


async def test_a_lost_supervisor_has_taken_over_for_the_grace_period_and_no_longer(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    await session.set_mode(sue.id, TAKE_OVER)
    await session.leg_changed(leg_of(session, sue), LegState.LOST)
    world.clock.advance(19)
    await session.tick()
    assert not hears(world, session, customer, agent)
    assert mode_of(session, sue) is TAKE_OVER
    world.clock.advance(2)
    await session.tick()
    assert hears(world, session, customer, agent)
    assert mode_of(session, sue) is MONITOR
    assert notes(session)[-2:] == ["supervision_lost", "supervision_left"]


async def test_tries_to_come_back_that_fail_do_not_prolong_the_grace_period(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    await session.set_mode(sue.id, TAKE_OVER)
    await session.leg_changed(leg_of(session, sue), LegState.LOST)
    for _ in range(2):
        world.clock.advance(8)
        again = await session.connect(sue.id)
        await session.leg_changed(again, LegState.CONNECTING)
        await session.tick()
        assert mode_of(session, sue) is TAKE_OVER
        await session.lose_leg(again)
    await session.leg_changed(await session.connect(sue.id), LegState.CONNECTING)
    world.clock.advance(5)
    await session.tick()
    assert mode_of(session, sue) is MONITOR
    assert hears(world, session, customer, agent)


async def test_a_mode_that_is_chosen_on_the_way_back_is_waited_for_anew(world: World) -> None:
    session, _, _, sue = await cast(world)
    await session.set_mode(sue.id, BARGE_IN)
    await session.leg_changed(leg_of(session, sue), LegState.LOST)
    world.clock.advance(21)
    await session.tick()
    back = await session.connect(sue.id)
    await session.leg_changed(back, LegState.CONNECTING)
    await session.set_mode(sue.id, COACH)
    await session.tick()
    assert mode_of(session, sue) is COACH
    await session.leg_changed(back, LegState.CONNECTED)
    world.clock.advance(60)
    await session.tick()
    assert mode_of(session, sue) is COACH


async def test_who_comes_back_within_the_grace_period_goes_on_in_the_same_mode(world: World) -> None:
    session, _, customer, sue = await cast(world)
    await session.set_mode(sue.id, BARGE_IN)
    await session.leg_changed(leg_of(session, sue), LegState.LOST)
    back = await session.join(Role.SUPERVISOR, "Sue", sue.id)
    await session.leg_changed(await session.connect(back.id), LegState.CONNECTED)
    world.clock.advance(60)
    await session.tick()
    assert mode_of(session, sue) is BARGE_IN
    assert hears(world, session, customer, sue)


async def test_who_left_and_comes_back_monitors(world: World) -> None:
    session, _, customer, sue = await cast(world)
    await session.set_mode(sue.id, BARGE_IN)
    await session.leave(sue.id)
    back = await session.join(Role.SUPERVISOR, "Sue", sue.id)
    await session.leg_changed(await session.connect(back.id), LegState.CONNECTED)
    assert mode_of(session, sue) is MONITOR
    assert not hears(world, session, customer, sue)


async def test_only_what_is_said_to_everybody_is_recognised(world: World) -> None:
    session, _, _, sue = await cast(world)
    leg_id = leg_of(session, sue)

    def say(sound: bytes) -> None:
        session.heard(PcmChunk(leg_id, world.clock.monotonic(), sound))

    said_before_s = world.clock.monotonic()
    say(b"monitor")
    await session.set_mode(sue.id, COACH)
    say(b"coach")
    world.clock.advance(1)
    await session.set_mode(sue.id, BARGE_IN)
    session.heard(PcmChunk(leg_id, said_before_s, b"late"))
    say(b"barge in")
    await session.set_mode(sue.id, TAKE_OVER)
    say(b"take over")
    await session.set_mode(sue.id, COACH)
    say(b"coach again")
    speech = world.speech_of(session, sue)
    assert [sound for sound, _ in speech.fed] == [b"barge in", b"take over"]
    speech.recognise("제가 도와드리겠습니다.")
    await world.until(lambda: session.record.snapshot().utterances)
    assert session.record.snapshot().utterances[0].role is Role.SUPERVISOR


async def test_every_change_is_a_note_with_the_name_once(world: World) -> None:
    session, _, _, sue = await cast(world)
    for mode in (COACH, COACH, BARGE_IN, TAKE_OVER, MONITOR):
        await session.set_mode(sue.id, mode)
    await session.leave(sue.id)
    made = [(note.code, note.subject) for note in session.record.snapshot().notes if note.subject == "Sue"]
    assert made == [
        ("supervision_monitor", "Sue"),
        ("supervision_coach", "Sue"),
        ("supervision_barge_in", "Sue"),
        ("supervision_take_over", "Sue"),
        ("supervision_monitor", "Sue"),
        ("supervision_left", "Sue"),
    ]
    kept = world.store.load_call
    await world.until(
        lambda: [n.code for n in kept(session.call.id).notes if n.subject == "Sue"] == [c for c, _ in made]
    )


async def test_a_change_that_the_bridge_cannot_take_leaves_everything_as_it_was(world: World) -> None:
    session, _, customer, sue = await cast(world)
    world.bridge.is_down = True
    with pytest.raises(MediaProcessDown):
        await session.set_mode(sue.id, BARGE_IN)
    assert mode_of(session, sue) is MONITOR
    assert "supervision_barge_in" not in notes(session)
    world.bridge.is_down = False
    await session.set_mode(sue.id, COACH)
    assert not hears(world, session, customer, sue)


class Unanswered:
    """A bridge that does what it is told and never says so, until it is mended."""

    def __init__(self, world: World, request: str) -> None:
        self._bridge, self._request = world.bridge, request
        self._do = getattr(world.bridge, request)
        setattr(world.bridge, request, self._take)

    async def _take(self, *told: object) -> None:
        await self._do(*told)
        await asyncio.Event().wait()

    def mend(self) -> None:
        setattr(self._bridge, self._request, self._do)


async def test_a_change_that_nobody_waits_for_any_more_leaves_everything_as_it_was(world: World) -> None:
    session, _, customer, sue = await cast(world)
    unanswered = Unanswered(world, "set_routes")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await session.set_mode(sue.id, BARGE_IN)
    assert hears(world, session, customer, sue), "the bridge has taken it"
    assert mode_of(session, sue) is MONITOR
    assert "supervision_barge_in" not in notes(session)
    unanswered.mend()
    await world.until(lambda: not hears(world, session, customer, sue))
    assert (await session.join(Role.SUPERVISOR, "Sue", sue.id)).mode is MONITOR


async def test_what_the_bridge_took_of_a_change_that_failed_is_taken_back_without_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "AGAIN_S", 0.01)
    session, _, customer, sue = await cast(world)
    set_routes, is_taken = world.bridge.set_routes, iter((True, False, True))
    tries = 0

    async def late(call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        nonlocal tries
        tries += 1
        if next(is_taken):
            await set_routes(call_id, routes)
        if tries < 3:
            raise MediaTimeout(request="set_routes")

    monkeypatch.setattr(world.bridge, "set_routes", late)
    with pytest.raises(MediaTimeout):
        await session.set_mode(sue.id, BARGE_IN)
    assert hears(world, session, customer, sue)
    await world.until(lambda: not hears(world, session, customer, sue))


async def test_an_agent_whom_a_take_over_that_failed_has_silenced_is_heard_again(world: World) -> None:
    session, agent, customer, sue = await cast(world)
    unanswered = Unanswered(world, "set_muted")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await session.set_mode(sue.id, TAKE_OVER)
    assert not hears(world, session, customer, agent)
    unanswered.mend()
    await session.set_mode(sue.id, COACH)
    assert hears(world, session, customer, agent)


async def test_a_mute_that_the_bridge_cannot_take_can_be_asked_for_again(world: World) -> None:
    session, agent, _, _ = await cast(world)
    world.bridge.is_down = True
    with pytest.raises(MediaProcessDown):
        await session.set_muted(agent.id, True)
    assert not session.call.participants[0].muted
    world.bridge.is_down = False
    await session.set_muted(agent.id, True)
    assert world.bridge.muted[leg_of(session, agent)]
    assert session.call.participants[0].muted


async def test_of_two_changes_at_once_the_second_waits_for_what_becomes_of_the_first(world: World) -> None:
    session, _, _, sue = await cast(world)
    unanswered = Unanswered(world, "set_routes")
    first = asyncio.create_task(session.set_mode(sue.id, BARGE_IN))
    second = asyncio.create_task(session.set_mode(sue.id, TAKE_OVER))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert mode_of(session, sue) is MONITOR
    unanswered.mend()


async def test_what_is_still_to_be_told_ends_with_the_call(world: World) -> None:
    session, _, _, sue = await cast(world)
    world.bridge.is_down = True
    with pytest.raises(MediaProcessDown):
        await session.set_mode(sue.id, BARGE_IN)
    await session.end(EndReason.HUNG_UP)
    assert not [task for task in asyncio.all_tasks() if task.get_name().endswith("-wiring")]


async def test_only_supervisors_have_modes_and_only_in_calls_that_run(world: World) -> None:
    session, agent, _, sue = await cast(world)
    for nobody in (agent.id, ParticipantId("nobody")):
        with pytest.raises(ParticipantNotFound):
            await session.set_mode(nobody, BARGE_IN)
    await session.end(EndReason.HUNG_UP)
    with pytest.raises(CallEnded):
        await session.set_mode(sue.id, BARGE_IN)


async def test_barging_in_does_not_make_a_call_live(world: World) -> None:
    session = await world.call()
    sue = await world.connected(session, Role.SUPERVISOR, "Sue")
    await session.set_mode(sue.id, BARGE_IN)
    assert session.call.state is CallState.WAITING
