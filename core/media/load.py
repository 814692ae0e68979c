"""The media process's own figures: how late its loop wakes, and what CPU it takes."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from core.media.events import MediaLoad
from core.media.guard import Tally

PROBE_S = 0.02
PERIOD_S = 1.0


class Counted(Protocol):
    """Whose legs are counted."""

    @property
    def legs(self) -> int:
        """How many legs there are."""

    @property
    def held(self) -> int:
        """Of how many legs the bridge keeps anything."""


async def report_load(server: Counted, tally: Tally, report: Callable[[MediaLoad], None]) -> None:
    """Report once a second, until cancelled.

    Loop lag is the time between the moment a short sleep should have ended and the moment it did.
    """
    lags: list[float] = []
    since_s, cpu_s = time.monotonic(), time.process_time()
    while True:
        due_s = time.monotonic() + PROBE_S
        await asyncio.sleep(PROBE_S)
        now_s = time.monotonic()
        lags.append(max(0.0, now_s - due_s) * 1000.0)
        if now_s - since_s < PERIOD_S:
            continue
        used_s = time.process_time()
        report(
            MediaLoad(
                at_s=now_s,
                loop_lag_p50_ms=float(np.percentile(lags, 50)),
                loop_lag_p99_ms=float(np.percentile(lags, 99)),
                cpu_pct=100.0 * (used_s - cpu_s) / (now_s - since_s),
                legs=server.legs,
                held=server.held,
                tasks=len(asyncio.all_tasks()),
                dropped=tally.read(),
            )
        )
        lags.clear()
        since_s, cpu_s = now_s, used_s
