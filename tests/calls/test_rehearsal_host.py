"""The rehearsal's server as a child process: started when needed, again after a crash, and never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.calls.rehearsal_host import MOST_IN_A_ROW, RehearsalHost
from core.model.clock import SystemClock
from core.model.errors import RehearsalDown
from core.model.health import PartState
from core.settings import PROJECT_ROOT, Settings
from tests.support.waiting import wait_for

MODEL = "gpt-realtime-2.1-mini"
SCRIPT = ("--hear", "script", "--line", "Hello")


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    # One that has ended, and that nobody has waited for, is still listed as a zombie.
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
async def host() -> AsyncIterator[RehearsalHost]:
    host = RehearsalHost(Settings(_env_file=None), SystemClock(), SCRIPT)
    yield host
    await host.close()


async def test_it_is_started_when_it_is_first_needed_and_speaks_the_protocol(host: RehearsalHost) -> None:
    assert (host.health, host.pid) == (None, None)
    connection = await host.connect(MODEL)
    event = await connection.receive()
    assert event is not None
    assert event.type == "session.created"
    assert host.health is not None
    assert (host.health.state, host.health.needed) == (PartState.UP, False)
    assert host.server.startswith("127.0.0.1:")
    await connection.close()
    pid = host.pid
    await host.close()
    assert pid is not None
    assert not is_running(pid)
    with pytest.raises(RehearsalDown):
        await host.connect(MODEL)


async def test_those_who_come_at_once_share_one(host: RehearsalHost) -> None:
    connections = await asyncio.gather(host.connect(MODEL), host.connect(MODEL))
    pid = host.pid
    await (await host.connect(MODEL)).close()
    assert host.pid == pid
    for connection in connections:
        await connection.close()


async def test_after_a_crash_it_is_there_again(host: RehearsalHost) -> None:
    await (await host.connect(MODEL)).close()
    former = host.pid
    assert former is not None
    os.kill(former, signal.SIGKILL)
    async with asyncio.timeout(60):
        while host.pid in (None, former):  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.01)
    connection = await host.connect(MODEL)
    await connection.close()


async def test_one_that_cannot_start_is_left_alone_after_a_few_times_and_says_so() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    host = RehearsalHost(Settings(_env_file=None), SystemClock(), ("--fault", "nonsense"), sleep=sleep)
    with pytest.raises(RehearsalDown, match="status 2 before it listened"):
        await host.connect(MODEL)
    assert len(pauses) == MOST_IN_A_ROW - 1
    assert host.health is not None
    assert host.health.state is PartState.DOWN
    with pytest.raises(RehearsalDown):
        await host.connect(MODEL)
    assert len(pauses) == 2 * (MOST_IN_A_ROW - 1), "whoever needs it has it tried again"
    await host.close()


def test_it_ends_with_whoever_started_it() -> None:
    starter = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'core.persona.rehearsal', '--port', '0', '--end-with-input',"
        " '--hear', 'script'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, cwd=PROJECT_ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not is_running(pid), 20.0)
