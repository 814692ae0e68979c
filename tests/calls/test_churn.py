"""Calls that come and go, a third of them cut in the middle, leave nothing behind in the backend's process."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.backend import Backend
from core.calls.leg_port import LegPort
from core.media.sound_file import SoundFile
from core.model.call import CallId, CallState, Role
from core.settings import PROJECT_ROOT, Settings
from tests.media.rig import Client
from tests.support.namespace import namespace_marks
from tests.support.waiting import wait_for

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

AT_ONCE = 3
WARM_UP_CALLS = 6
SETTLE_S = 20.0
"""A leg whose far end is gone may take some seconds to close."""
NOT_OURS = ("asyncio_", "tqdm_monitor")
"""The event loops' pools, which have a limit of their own, and a thread that a library starts once for good."""
DATABASE = "/earshot.db"
"""The store's connections are left out of what is counted: their pool opens one more when threads happen to ask at the
same moment, keeps it, and has a limit of its own at which a connection that nobody gives back makes calls fail."""
VOICE = PROJECT_ROOT / "demo" / "agent.ogg"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a process has at one moment."""

    threads: Counter[str]
    """By name, without those of NOT_OURS."""
    tasks: Counter[str]
    """Of the calls loop, by what they run."""
    files: int
    media_tasks: int
    legs: int
    held: int
    """Of how many legs the bridge keeps anything."""

    def is_within(self, other: "Kept") -> bool:
        return (
            self.threads <= other.threads
            and self.tasks <= other.tasks
            and self.files <= other.files
            and self.media_tasks <= other.media_tasks
            and self.legs == self.held == 0
        )


def threads() -> Counter[str]:
    return Counter(thread.name for thread in threading.enumerate() if not thread.name.startswith(NOT_OURS))


def files() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        # The folder itself is open while it is read.
        with suppress(FileNotFoundError):
            count += DATABASE not in str(entry.readlink())
    return count


def kept(backend: Backend) -> Kept:
    async def tasks() -> Counter[str]:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        return Counter(task.get_coro().__qualname__ for task in others)

    load = backend.loads()[-1]
    return Kept(threads(), backend._parts.loop.wait(tasks, 5.0), files(), load.tasks, load.legs, load.held)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    before = threads()
    backend = Backend(Settings(_env_file=None, data_dir=tmp_path / "data", log_level="WARNING"))
    try:
        assert wait_for(lambda: len(backend.loads()) > 0)
        yield backend
    finally:
        backend.close()
    assert wait_for(lambda: threads() <= before), threads() - before


async def talk(port: LegPort) -> Client:
    """Somebody at a browser who talks."""
    sound = SoundFile(VOICE, loop=True)
    await asyncio.to_thread(sound.start)
    client = Client(port.leg_id, sound, lambda offer: asyncio.to_thread(port.answer, offer))
    await client.connect()
    client.begin()
    return client


async def one_call(backend: Backend, number: int, room: asyncio.Semaphore) -> None:
    """Every third is cut: somebody never answers, or vanishes in the middle; the others hang up."""
    async with room:
        call_id = (await asyncio.to_thread(backend.start_call, "en", "test")).id
        ports = []
        for role, name in ((Role.AGENT, "Dana"), (Role.CUSTOMER, "Chris")):
            participant = await asyncio.to_thread(backend.join, call_id, role, name)
            ports.append(await asyncio.to_thread(backend.connect, call_id, participant.id))
        clients = [await talk(port) for port in (ports[:1] if number % 6 == 1 else ports)]
        await clients[0].until_packets(20)
        if number % 6 == 4:
            await clients[0].close()
        elif number % 3 == 0:
            ports[0].close()
        backend.end_call(call_id)
        assert await asyncio.to_thread(wait_for, lambda: is_over(backend, call_id))
        for client in clients:
            await client.close()


def is_over(backend: Backend, call_id: CallId) -> bool:
    return backend.call(call_id).state is CallState.ENDED and backend._parts.registry.find(call_id).is_over


async def leaves_nothing(backend: Backend, calls: int) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    # What libraries take once and keep is taken by then.
    await asyncio.gather(*(one_call(backend, number, room) for number in range(WARM_UP_CALLS)))
    begun_s = time.monotonic()
    assert await asyncio.to_thread(wait_for, lambda: backend.loads()[-1].at_s > begun_s + 1)
    assert backend.loads()[-1].legs == 0
    before = kept(backend)
    await asyncio.gather(*(one_call(backend, number, room) for number in range(calls)))
    await asyncio.to_thread(wait_for, lambda: kept(backend).is_within(before), SETTLE_S)
    after = kept(backend)
    print(f"{calls} calls: {before} before, {after} after")
    assert after.is_within(before)


async def test_twenty_calls_leave_no_thread_no_task_and_no_file(backend: Backend) -> None:
    await leaves_nothing(backend, 20)


@pytest.mark.soak
async def test_two_hundred_calls_leave_no_thread_no_task_and_no_file(backend: Backend) -> None:
    await leaves_nothing(backend, 200)
