import asyncio
import threading

import pytest

from core.calls import durable
from core.calls.durable import DurableWriter
from core.model.errors import DiskFull, StoreError
from core.model.health import PartHealth, PartState


class Disk:
    """A disk that can be full."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.is_full = False

    def keep(self, number: int) -> None:
        if self.is_full:
            raise DiskFull(path="earshot.db")
        self.kept.append(number)


def writer() -> DurableWriter:
    return DurableWriter(lambda: PartHealth("store", PartState.UP, needed=True))


async def test_writes_happen_in_order_and_tell_when_they_are_durable() -> None:
    disk, store = Disk(), writer()
    for number in range(5):
        store.post(lambda number=number: disk.keep(number))
    assert await store.write(lambda: disk.keep(5))
    assert disk.kept == [0, 1, 2, 3, 4, 5]
    await store.close()


async def test_nothing_is_lost_while_the_disk_is_full() -> None:
    disk, store = Disk(), writer()
    disk.is_full = True
    assert not await store.write(lambda: disk.keep(1))
    assert not await store.write(lambda: disk.keep(2))
    assert store.health.state is PartState.DOWN
    assert "full" in store.health.in_english
    assert "2 records are waiting" in store.health.in_english
    disk.is_full = False
    await store.retry()
    assert disk.kept == [1, 2]
    assert store.health.state is PartState.UP
    await store.close()


@pytest.mark.parametrize("error", [StoreError, KeyError], ids=["foreseen", "a fault of our own"])
async def test_a_write_that_can_never_succeed_does_not_hold_up_the_others(error: type[Exception]) -> None:
    disk, store = Disk(), writer()

    def impossible() -> None:
        raise error

    await store.write(impossible)
    assert await store.write(lambda: disk.keep(1))
    assert disk.kept == [1]
    assert store.given_up == 1
    await store.close()


async def test_a_full_backlog_refuses_the_newest_and_counts_it(monkeypatch) -> None:
    monkeypatch.setattr(durable, "BACKLOG_LIMIT", 2)
    disk, store = Disk(), writer()
    disk.is_full = True
    for number in range(3):
        await store.write(lambda number=number: disk.keep(number))
    disk.is_full = False
    await store.retry()
    assert disk.kept == [0, 1]
    assert store.given_up == 1
    await store.close()


async def test_a_slow_disk_does_not_hold_up_the_loop() -> None:
    store, release = writer(), threading.Event()

    def slow() -> None:
        release.wait(5)

    store.post(slow)
    await asyncio.sleep(0)
    release.set()
    await store.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("earshot-store") and t.is_alive()]
