import logging

import pytest

from core.calls.archive import CallArchive
from core.calls.retention import AGAIN_S, DAY_S, RetentionSweep
from core.model.archive import CallQuery
from core.model.call import CallId, EndReason
from core.model.errors import DatabaseUnavailable
from core.quality.segments import read_samples
from tests.calls.conftest import World


class Stop(Exception):
    """Ends the endless sweep."""


def archive_of(world: World) -> CallArchive:
    services = world.registry._services
    return CallArchive(
        store=world.store,
        samples=services.samples,  # type: ignore[arg-type]
        samples_dir=world.samples_dir,
        rollups=world.rollups,
        registry=world.registry,
        durable=services.durable,
        clock=world.clock,
        mask=lambda text, _: text,
    )


async def test_calls_that_ended_too_long_ago_are_deleted_and_written_down(world: World) -> None:
    old = await world.call()
    await old.end(EndReason.HUNG_UP)
    world.clock.advance(9 * DAY_S)
    young, running = await world.call(), await world.call()
    await young.end(EndReason.HUNG_UP)
    world.clock.advance(2 * DAY_S)
    deleted: list[CallId] = []

    async def write(call_id: CallId) -> None:
        deleted.append(call_id)

    assert await RetentionSweep(archive_of(world), write, 10, world.clock).sweep() == 1
    assert deleted == [old.call.id]
    left = {found.call.id for found in world.store.search(CallQuery()).calls}
    assert left == {young.call.id, running.call.id}
    assert read_samples(world.samples_dir, old.call.id).samples == ()


async def test_a_sweep_that_fails_is_tried_again_within_the_hour(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []

    class Failing:
        async def expired(self, before: float, limit: int) -> tuple[CallId, ...]:
            if not slept:
                raise DatabaseUnavailable(url="sqlite://", reason="it is locked")
            return ()

        async def delete(self, call_id: CallId) -> None:
            raise AssertionError(call_id)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise Stop

    async def write(_: CallId) -> None:
        raise AssertionError

    with caplog.at_level(logging.WARNING), pytest.raises(Stop):
        await RetentionSweep(Failing(), write, 10, world.clock, sleep).run()
    assert slept == [AGAIN_S, DAY_S]
    assert "it is locked" in caplog.text


async def test_without_a_limit_nothing_is_ever_swept(world: World) -> None:
    async def write(_: CallId) -> None:
        raise AssertionError

    await RetentionSweep(archive_of(world), write, 0, world.clock).run()
