from pathlib import Path

import pytest

from core.calls.demo import DemoCalls, DemoSide
from core.calls.session import CallSession
from core.media.events import LegChanged, PlaybackEnded, PlaybackKind
from core.model.call import CallOrigin, CallState, EndReason, LegState, Role
from core.model.errors import CallNotImpairable, MediaProcessDown, ParticipantNotFound
from core.model.impairment import CLEAN, Impairment
from core.model.insight import Turn
from tests.calls.conftest import World

SIDES = (
    DemoSide(Role.AGENT, "Dana", Path("agent.ogg")),
    DemoSide(Role.CUSTOMER, "Chris", Path("customer.ogg")),
)


def demos(world: World) -> DemoCalls:
    async def no_pause(seconds: float) -> None:
        world.clock.advance(seconds)

    return DemoCalls(world.registry, world.bridge, SIDES, sleep=no_pause)


async def test_a_demo_call_plays_one_file_on_each_side(world: World) -> None:
    session = await demos(world).start_voices("en")
    legs, offset_s = world.bridge.played[0]
    assert sorted(path.name for path in legs.values()) == ["agent.ogg", "customer.ogg"]
    assert offset_s == 0.0
    assert session.call.origin is CallOrigin.DEMO
    assert [p.name for p in session.call.participants] == ["Dana", "Chris"]


async def test_a_demo_without_a_network_says_so(world: World) -> None:
    world.bridge.kind = PlaybackKind.DIRECT
    session = await demos(world).start_voices("en")
    assert session.call.origin is CallOrigin.DEMO_DIRECT


async def test_a_demo_that_cannot_start_leaves_no_call_open(world: World) -> None:
    world.bridge.is_down = True
    with pytest.raises(MediaProcessDown):
        await demos(world).start_voices("en")
    assert all(session.call.state is CallState.ENDED for session in world.registry.sessions())


async def test_the_voices_come_back_where_they_would_be_after_the_media_process_died(world: World) -> None:
    calls = demos(world)
    session = await calls.start_voices("en")
    world.clock.advance(30)
    for leg in list(world.bridge.legs):
        world.registry.take(LegChanged(leg, LegState.LOST, 0.0))
    world.registry.take(PlaybackEnded(session.call.id, (), error="The audio server stopped."))
    await world.until(lambda: len(world.bridge.played) == 2)
    assert 30 <= world.bridge.played[1][1] < 32
    assert session.call.state is not CallState.ENDED
    assert len(session.call.participants) == 2
    await calls.close()


async def test_a_demo_whose_voices_never_come_back_ends(world: World) -> None:
    calls = demos(world)
    session = await calls.start_voices("en")
    world.bridge.is_down = True
    world.registry.take(PlaybackEnded(session.call.id, (), error="The audio server stopped."))
    await world.until(lambda: session.is_over)
    assert session.call.end_reason is EndReason.FINISHED
    await calls.close()


def notes_of(session: CallSession) -> list[tuple[str, str]]:
    return [(n.code, n.subject) for n in session.record.snapshot().notes if n.code.startswith("impair")]


async def test_one_side_of_a_demo_is_impaired_and_the_call_s_history_says_so(world: World) -> None:
    calls = demos(world)
    session = await calls.start_voices("en")
    dana, chris = session.call.participants
    lossy = Impairment(loss_pct=5, is_microphone_dead=True)
    await calls.impair(session.call.id, chris.id, lossy)
    await calls.impair(session.call.id, chris.id, lossy)
    assert world.bridge.impaired == [(chris.leg_id, lossy)]
    assert calls.impairments(session.call.id) == {dana.id: CLEAN, chris.id: lossy}
    await calls.impair(session.call.id, chris.id, CLEAN)
    assert world.bridge.impaired[1:] == [(chris.leg_id, CLEAN)]
    assert notes_of(session) == [
        ("impaired_loss", "Chris (5 %)"),
        ("impaired_microphone", "Chris"),
        ("impairment_over", "Chris"),
    ]


async def test_an_impairment_outlives_the_media_process_but_not_the_call(world: World) -> None:
    calls = demos(world)
    session = await calls.start_voices("en")
    await calls.impair(session.call.id, session.call.participants[1].id, Impairment(loss_pct=5))
    for leg in list(world.bridge.legs):
        world.registry.take(LegChanged(leg, LegState.LOST, 0.0))
    world.registry.take(PlaybackEnded(session.call.id, (), error="The audio server stopped."))
    await world.until(lambda: len(world.bridge.impaired) == 2)
    assert world.bridge.impaired[1] == (session.call.participants[1].leg_id, Impairment(loss_pct=5))
    await session.end()
    with pytest.raises(CallNotImpairable):
        await calls.impair(session.call.id, session.call.participants[1].id, CLEAN)
    another = await calls.start_voices("en")
    assert set(calls.impairments(another.call.id).values()) == {CLEAN}
    assert calls.impairments(session.call.id) == {}
    await calls.close()


async def test_an_impairment_that_cannot_be_carried_out_is_not_in_force(world: World) -> None:
    calls = demos(world)
    session = await calls.start_voices("en")
    world.bridge.is_down = True
    with pytest.raises(MediaProcessDown):
        await calls.impair(session.call.id, session.call.participants[0].id, Impairment(is_blocked=True))
    assert set(calls.impairments(session.call.id).values()) == {CLEAN}
    assert notes_of(session) == []


async def test_without_a_network_between_the_voices_nothing_is_impaired(world: World) -> None:
    world.bridge.kind = PlaybackKind.DIRECT
    calls = demos(world)
    session = await calls.start_voices("en")
    with pytest.raises(CallNotImpairable):
        await calls.impair(session.call.id, session.call.participants[0].id, Impairment(loss_pct=5))


async def test_only_the_recorded_voices_are_impaired(world: World) -> None:
    calls = demos(world)
    session = await calls.start_voices("en")
    supervisor = await session.join(Role.SUPERVISOR, "Sam")
    await session.connect(supervisor.id, listen_only=True)
    with pytest.raises(ParticipantNotFound):
        await calls.impair(session.call.id, supervisor.id, Impairment(loss_pct=5))
    between_people = await world.call()
    with pytest.raises(CallNotImpairable):
        await calls.impair(between_people.call.id, supervisor.id, Impairment(loss_pct=5))


async def test_a_scripted_call_appears_turn_by_turn_and_ends(world: World) -> None:
    calls = demos(world)
    turns = (Turn(Role.CUSTOMER, "환불하고 싶어요"), Turn(Role.AGENT, "환불 처리해 드리겠습니다"))
    session = await calls.start_script(turns, "ko", {Role.CUSTOMER: "고객", Role.AGENT: "상담사"})
    await world.until(lambda: session.is_over)
    snapshot = session.record.snapshot()
    assert [(u.speaker, u.text) for u in snapshot.utterances] == [
        ("고객", "환불하고 싶어요"),
        ("상담사", "환불 처리해 드리겠습니다"),
    ]
    assert snapshot.call.origin is CallOrigin.SCRIPT
    assert snapshot.utterances[0].engine == "script"
    assert world.store.load_call(session.call.id).call.state is CallState.ENDED
    await calls.close()
