"""Calls side by side: what one of them waits for or fails at is nothing to the others."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from core.calls import registry
from core.calls.session import CallSession
from core.media.events import LegChanged, PlaybackEnded
from core.model.call import CallId, CallOrigin, CallState, EndReason, LegId, LegState, Role
from tests.calls.conftest import World
from tests.calls.test_session import notes


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "TICK_S", 0.01)


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Set it to let go of the thread that waits for it."""
    event = threading.Event()
    yield event
    event.set()


async def speaking(world: World, hold: threading.Event, origin: CallOrigin = CallOrigin.BROWSER) -> CallSession:
    """A call whose last words take until `hold` is set."""
    session = await world.call(origin=origin)
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    speech = world.speech_of(session, customer)
    close = speech.close
    speech.close = lambda timeout_s: hold.wait(10) and close(timeout_s)
    return session


async def connecting(world: World) -> tuple[CallSession, LegId]:
    session = await world.call()
    agent = await session.join(Role.AGENT, "민수")
    return session, await session.connect(agent.id)


async def takes_news(world: World, session: CallSession, leg_id: LegId) -> None:
    world.registry.take(LegChanged(leg_id, LegState.CONNECTED, world.clock.monotonic()))
    await world.until(lambda: session.leg_state(leg_id) is LegState.CONNECTED, seconds=3)


async def is_ticked(world: World, session: CallSession) -> None:
    """A leg that never connects is given up by a tick alone."""
    customer = await session.join(Role.CUSTOMER, "지영")
    leg_id = await session.connect(customer.id)
    world.clock.advance(21)
    await world.until(lambda: session.leg_state(leg_id) is LegState.LOST, seconds=3)


async def test_last_words_of_a_demo_hold_up_neither_news_nor_ticks_of_another_call(
    world: World, hold: threading.Event
) -> None:
    ending = await speaking(world, hold, CallOrigin.DEMO)
    other, leg_id = await connecting(world)
    world.registry.take(PlaybackEnded(ending.call.id, ()))
    await takes_news(world, other, leg_id)
    await is_ticked(world, other)
    assert (ending.call.state, ending.is_over) == (CallState.ENDED, False)
    hold.set()
    await world.until(lambda: ending.is_over)


async def test_last_words_of_an_abandoned_call_hold_up_neither_news_nor_ticks_of_another(
    world: World, hold: threading.Event
) -> None:
    ending = await speaking(world, hold)
    other, leg_id = await connecting(world)
    await takes_news(world, other, leg_id)
    leg = ending.call.participants[0].leg_id
    assert leg is not None
    await ending.close_leg(leg)
    world.clock.advance(21)
    await world.until(lambda: ending.call.state is CallState.ENDED)
    assert ending.call.end_reason is EndReason.ABANDONED
    await is_ticked(world, other)
    assert not ending.is_over


async def test_a_bridge_that_is_slow_for_one_call_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = await world.call()
    await world.connected(slow, Role.CUSTOMER, "지영")
    other, leg_id = await connecting(world)
    set_routes, answer = world.bridge.set_routes, asyncio.Event()

    async def late(call_id: CallId, routes: dict[LegId, frozenset[LegId]]) -> None:
        if call_id == slow.call.id:
            await answer.wait()
        await set_routes(call_id, routes)

    monkeypatch.setattr(world.bridge, "set_routes", late)
    lost = slow.call.participants[0].leg_id
    assert lost is not None
    world.registry.take(LegChanged(lost, LegState.LOST, world.clock.monotonic()))
    await takes_news(world, other, leg_id)
    await is_ticked(world, other)
    answer.set()


async def test_a_fault_in_one_call_ends_neither_its_own_ticks_nor_those_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty, other = await world.call(), await world.call()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        ticks += 1
        raise ValueError

    monkeypatch.setattr(faulty, "tick", tick)
    await world.until(lambda: ticks > 2)
    await is_ticked(world, other)
    assert world.tally.failures["calls", "ValueError"] >= 2


async def test_a_fault_in_what_becomes_of_a_call_does_not_stop_its_news(world: World) -> None:
    session, leg_id = await connecting(world)

    def fail(*_: object) -> None:
        raise ValueError

    world.registry.on_playback_ended = fail
    world.registry.take(PlaybackEnded(session.call.id, ()))
    await takes_news(world, session, leg_id)
    assert world.tally.failures == {("calls", "ValueError"): 1}


async def test_a_store_that_takes_its_time_holds_up_no_tick(world: World, hold: threading.Event) -> None:
    session, leg_id = await connecting(world)
    world.durable.post(hold.wait)
    await takes_news(world, session, leg_id)
    await is_ticked(world, session)


async def test_a_call_that_cannot_end_keeps_no_other_from_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faulty, other = await world.call(), await world.call()

    async def fail() -> None:
        raise ValueError

    monkeypatch.setattr(faulty._conversation, "close", fail)
    await world.registry.close()
    assert other.is_over
    assert f"call {faulty.call.id} did not end as it should" in caplog.text
    assert not {task.get_name() for task in asyncio.all_tasks()} & {"calls-tick", "calls-store-retry"}


async def test_news_of_one_call_come_in_order(world: World) -> None:
    session, leg_id = await connecting(world)
    for state in (LegState.CONNECTING, LegState.CONNECTED, LegState.LOST):
        world.registry.take(LegChanged(leg_id, state, world.clock.monotonic()))
    await world.until(lambda: session.leg_state(leg_id) is LegState.LOST)
    assert notes(session) == ["participant_joined", "participant_connected", "participant_lost"]
