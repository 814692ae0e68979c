"""Checks of the machine: the audio server's process, the disk, the database, the clock."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from core.media.events import MediaLoad
from core.model.check import CheckState, Finding
from core.model.clock import Clock
from core.model.health import PartHealth, PartState
from core.model.message import Message

LIMIT_S = 10.0
BUSY_LAG_MS = 50.0
"""Where the media loop wakes this late (p99), packets leave late enough to be heard."""
LEAST_FREE_B = 1_000_000_000
"""Below it a busy day's records and samples may not fit."""
NO_ROOM_B = 200_000_000
TRIAL_B = 4_000_000
SLOW_WRITE_S = 1.0
SLOW_READ_S = 0.5
WATCH_S = 2.0
STEP_MS = 50.0
EARLIEST_UNIX_S = 1_767_225_600.0
"""2026-01-01, before which no server with this program has run."""

FREE_THE_MACHINE = Message("Free the machine of other work, or give the audio server a core of its own.")
MAKE_ROOM = Message("Free space, or keep records for fewer days: EARSHOT_RETENTION_DAYS.")
FASTER_DISK = Message("Put EARSHOT_DATA_DIR on a faster disk; records wait in memory while the disk is slow.")
LOOK_AT_DATABASE = Message("Look at the load of the database and of its disk.")
SYNCHRONISE = Message(
    "Have the clock kept by NTP (chrony, systemd-timesyncd): relays refuse credentials of a wrong time."
)


def media_process(health: PartHealth, loads: Sequence[MediaLoad]) -> Finding:
    """How the audio server is, and how its last minute was."""
    if health.state in (PartState.DOWN, PartState.STARTING):
        return Finding(CheckState.FAILED, health.detail)
    if not loads:
        return Finding(CheckState.WARNING, (*health.detail, Message("It has not reported its load yet.")))
    figures = {
        "p50": f"{median(each.loop_lag_p50_ms for each in loads):.1f}",
        "p99": f"{median(each.loop_lag_p99_ms for each in loads):.1f}",
        "cpu": f"{median(each.cpu_pct for each in loads):.0f}",
        "legs": loads[-1].legs,
        "seconds": len(loads),
    }
    load = Message(
        "Over the last {seconds} s its loop woke {p50} ms late (p50; p99 {p99} ms), with {cpu} % of a core and {legs}"
        " legs.",
        figures,
    )
    found = (*health.detail, load)
    if median(each.loop_lag_p99_ms for each in loads) > BUSY_LAG_MS:
        return Finding(CheckState.WARNING, found, FREE_THE_MACHINE)
    return Finding(CheckState.WARNING if health.state is PartState.DEGRADED else CheckState.GOOD, found)


def disk(folder: Path, clock: Clock) -> Finding:
    """Free space, and how long a small file takes until it is on the disk. Blocking."""
    try:
        usage = shutil.disk_usage(folder)
        began_s = clock.monotonic()
        with tempfile.TemporaryFile(dir=folder, prefix=".doctor-") as trial:
            trial.write(bytes(TRIAL_B))
            trial.flush()
            os.fsync(trial.fileno())
        took_s = clock.monotonic() - began_s
    except OSError as error:
        what = {"folder": str(folder), "reason": error.strerror or str(error)}
        return Finding(CheckState.FAILED, (Message("{folder} cannot be written to: {reason}.", what),), MAKE_ROOM)
    figures = {
        "free": f"{usage.free / 1e9:.1f}",
        "share": f"{100 * usage.free / usage.total:.0f}",
        "size": f"{TRIAL_B / 1e6:.0f}",
        "ms": f"{1000 * took_s:.0f}",
    }
    found = (Message("{free} GB free ({share} %); {size} MB were on the disk after {ms} ms.", figures),)
    if usage.free < NO_ROOM_B:
        return Finding(CheckState.FAILED, found, MAKE_ROOM)
    if usage.free < LEAST_FREE_B:
        return Finding(CheckState.WARNING, found, MAKE_ROOM)
    return Finding(CheckState.WARNING, found, FASTER_DISK) if took_s > SLOW_WRITE_S else Finding(CheckState.GOOD, found)


async def database(ask: Callable[[], Awaitable[object]], health: Callable[[], PartHealth], clock: Clock) -> Finding:
    """How long a short question takes, behind the records that wait to be kept. Raises StoreError."""
    began_s = clock.monotonic()
    await ask()
    took_s = clock.monotonic() - began_s
    found = (*health().detail, Message("It answered in {ms} ms.", {"ms": f"{1000 * took_s:.0f}"}))
    if took_s > SLOW_READ_S:
        return Finding(CheckState.WARNING, found, LOOK_AT_DATABASE)
    return Finding(CheckState.GOOD, found)


async def steady_clock(clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Finding:
    """Whether the time of day is plausible, and goes as fast as the clock that never jumps."""
    if clock.wall() < EARLIEST_UNIX_S:
        return Finding(CheckState.FAILED, (Message("The time of day is wrong by months or more."),), SYNCHRONISE)
    apart_s = clock.wall() - clock.monotonic()
    await sleep(WATCH_S)
    step_ms = 1000.0 * abs(clock.wall() - clock.monotonic() - apart_s)
    figures = {"ms": f"{step_ms:.1f}", "seconds": f"{WATCH_S:.0f}"}
    if step_ms > STEP_MS:
        return Finding(CheckState.WARNING, (Message("It jumped by {ms} ms within {seconds} s.", figures),), SYNCHRONISE)
    return Finding(CheckState.GOOD, (Message("It runs steadily ({ms} ms off in {seconds} s).", figures),))
