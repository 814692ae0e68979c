import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from core.calls.lanes import Lanes
from core.calls.tally import Tally
from core.model.errors import StoreError


def lanes(limit: int = 100) -> Lanes:
    return Lanes(limit, Tally())


def doing(done: list[str], what: str, after: asyncio.Event | None = None) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        if after is not None:
            await after.wait()
        done.append(what)

    return work


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_lane_keeps_its_order_and_holds_up_no_other() -> None:
    held, done, gate = lanes(), [], asyncio.Event()
    held.put("a", doing(done, "a1", after=gate))
    held.put("a", doing(done, "a2"))
    held.put("b", doing(done, "b1"))
    await settle()
    assert done == ["b1"]
    assert (held.is_busy("a"), held.is_busy("b")) == (True, False)
    gate.set()
    await settle()
    assert done == ["b1", "a1", "a2"]
    assert not held.is_busy("a")
    held.put("a", doing(done, "a3"))
    await settle()
    assert done[-1] == "a3"


async def test_a_fault_is_counted_and_logged_once_and_the_lane_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    tally, done = Tally(), []
    held = Lanes(100, tally)
    said = "what a caller said"

    async def faulty() -> None:
        raise ValueError(said)

    async def refused() -> None:
        raise StoreError

    for work in (faulty, refused, faulty, doing(done, "after")):
        held.put("a", work)
    await settle()
    assert done == ["after"]
    assert tally.failures == {("calls", "ValueError"): 2}
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert said not in caplog.text


async def test_what_finds_no_room_is_refused() -> None:
    held, done = lanes(limit=2), []
    assert [held.put("a", doing(done, str(number))) for number in range(3)] == [True, True, False]
    await settle()
    assert done == ["0", "1"]
    assert held.put("a", doing(done, "3"))


async def test_closing_breaks_off_what_is_done_and_leaves_no_task() -> None:
    held, done = lanes(), []
    held.put("a", doing(done, "a1", after=asyncio.Event()))
    await settle()
    held.put("a", doing(done, "a2"))
    held.put("b", doing(done, "b1"))
    await held.close()
    await held.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not held.put("a", doing(done, "a3"))
    assert done == []
