"""Clocks that move when they are told to, or faster than the machine's."""

import asyncio
import time


class ManualClock:
    """Implements `core.model.clock.Clock`; both readings move together."""

    def __init__(self, monotonic: float = 1_000.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds
        self._wall += seconds


class FastClock:
    """Implements `core.model.clock.Clock`; its time runs by itself, faster than the machine's."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._began_s = time.monotonic()

    def _passed_s(self) -> float:
        return (time.monotonic() - self._began_s) * self.speed

    def monotonic(self) -> float:
        return 1_000.0 + self._passed_s()

    def wall(self) -> float:
        return 1_700_000_000.0 + self._passed_s()

    async def sleep(self, seconds: float) -> None:
        """Wait so long in this clock's time."""
        await asyncio.sleep(seconds / self.speed)
