"""How calls end when the server is being stopped."""

import asyncio

import pytest

from core.calls.drain import drain
from core.model.call import CallOrigin, CallState, EndReason, LegState, Role
from core.model.errors import CallLimitReached, ServerStopping
from tests.calls.conftest import World

LIMIT_S = 60.0


async def pass_time(world: World, seconds: float) -> None:
    """A sleep that takes the test's clock along."""
    world.clock.advance(seconds)
    await asyncio.sleep(0)


async def test_without_calls_between_people_it_is_over_at_once(world: World) -> None:
    demo = await world.call(origin=CallOrigin.SCRIPT)
    deserted = await world.call()
    began = world.clock.monotonic()
    await drain(world.registry, LIMIT_S, world.clock, lambda seconds: pass_time(world, seconds))
    assert world.clock.monotonic() == began
    assert {demo.call.end_reason, deserted.call.end_reason} == {EndReason.SHUTDOWN}


async def test_people_are_told_and_may_finish_and_their_lost_ones_may_come_back(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    draining = asyncio.create_task(drain(world.registry, LIMIT_S, world.clock, lambda seconds: asyncio.sleep(0)))
    await world.until(lambda: "server_stopping" in [note.code for note in session.record.snapshot().notes])
    world.clock.advance(LIMIT_S - 1)
    await asyncio.sleep(0.01)
    assert session.call.state is CallState.LIVE
    back = await session.join(Role.CUSTOMER, "지영", participant_id=customer.id)
    await session.leg_changed(await session.connect(back.id), LegState.CONNECTED)
    assert not draining.done()
    await session.end(EndReason.HUNG_UP)
    await asyncio.wait_for(draining, 5)
    assert session.call.end_reason is EndReason.HUNG_UP


async def test_it_waits_no_longer_than_it_may(world: World, caplog: pytest.LogCaptureFixture) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    began = world.clock.monotonic()
    await drain(world.registry, LIMIT_S, world.clock, lambda seconds: pass_time(world, seconds))
    assert world.clock.monotonic() - began == pytest.approx(LIMIT_S, abs=1)
    assert session.call.state is CallState.LIVE
    assert "1 calls between people were cut off" in caplog.text


async def test_no_call_begins_any_more(world: World) -> None:
    await drain(world.registry, LIMIT_S, world.clock)
    for origin in (CallOrigin.BROWSER, CallOrigin.DEMO, CallOrigin.SCRIPT):
        with pytest.raises(ServerStopping):
            await world.call(origin=origin)


async def test_no_more_calls_run_than_may_demos_included(world: World) -> None:
    first, *_ = [await world.call(origin=origin) for origin in (CallOrigin.BROWSER, *[CallOrigin.SCRIPT] * 4)]
    with pytest.raises(CallLimitReached, match="5 calls are running"):
        await world.call()
    await first.end(EndReason.HUNG_UP)
    await world.call()
