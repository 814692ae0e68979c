"""Time as an argument: everything that needs a clock is given one, so no test has to sleep."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of time. Both may be called from any thread."""

    def monotonic(self) -> float:
        """Seconds that never go back; on one machine comparable between processes."""

    def wall(self) -> float:
        """Seconds since the Unix epoch (UTC)."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC, which all processes of one machine share."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the Unix epoch (UTC)."""
        return time.time()
