"""What a browser measured of its leg, and how much of it is believed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.model.leg_facts import BrowserFacts
from core.model.sample import RtpSample

AHEAD_S = 2.0
"""How far beyond the present a browser's times may lie: its offset to the call's clock was measured over a network."""
OLDEST_S = 120.0
BEFORE_LEG_S = 2.0
"""How long before the leg a second may end; the allowance is for the offset, too."""
RATE_PER_S = 2.0
"""Seconds of figures that a leg may report in one second; one is what a browser measures."""
BURST = 120.0
"""Seconds of figures that may come at once: a minute that waited while the server could not be reached, twice."""


class Refusal(StrEnum):
    """Why a second's figures are not taken."""

    REPEATED = "repeated"
    """It was taken before, or lies before one that was."""
    FUTURE = "future"
    OLD = "old"
    BEFORE_LEG = "before_leg"
    TOO_MANY = "too_many"
    LEG_OVER = "leg_over"


@dataclass(frozen=True, slots=True)
class BrowserSecond:
    """One sampling period of one leg."""

    number: int
    """Counts a leg's periods; it only ever grows."""
    at_s: float
    """The period's end on the call's clock, as the browser reckons it."""
    samples: tuple[RtpSample, ...]
    """One of each direction in which the leg carries sound; all end at `at_s`."""


@dataclass(frozen=True, slots=True)
class BrowserReport:
    """What a browser tells at once."""

    seconds: tuple[BrowserSecond, ...] = ()
    facts: BrowserFacts | None = None
    """None where nothing about it has changed."""


@dataclass(slots=True)
class LegAdmission:
    """Decides what of one leg's reports is taken. Keeps four numbers, however much comes. Calls loop; pure."""

    opened_at_s: float
    _number: int = -1
    _at_s: float = float("-inf")
    _allowance: float = BURST
    _filled_at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._filled_at_s = self.opened_at_s

    def admit(
        self, seconds: Sequence[BrowserSecond], now_s: float, ended_at_s: float | None = None
    ) -> tuple[tuple[RtpSample, ...], Counter[Refusal]]:
        """The samples that are taken, in the order of their times, and how many seconds were refused for what reason.

        `now_s` is the call's clock and never goes back; `ended_at_s` is when the leg ended, None while it is there.
        """
        self._allowance = min(BURST, self._allowance + RATE_PER_S * max(0.0, now_s - self._filled_at_s))
        self._filled_at_s = max(now_s, self._filled_at_s)
        taken: list[RtpSample] = []
        refused: Counter[Refusal] = Counter()
        for second in seconds:
            reason = Refusal.LEG_OVER if ended_at_s is not None else self._objection(second, now_s)
            if reason is not None:
                refused[reason] += 1
                continue
            self._number, self._at_s = second.number, second.at_s
            self._allowance -= 1.0
            taken.extend(second.samples)
        return tuple(taken), refused

    def _objection(self, second: BrowserSecond, now_s: float) -> Refusal | None:
        if second.number <= self._number or second.at_s <= self._at_s:
            return Refusal.REPEATED
        if second.at_s > now_s + AHEAD_S:
            return Refusal.FUTURE
        if second.at_s < now_s - OLDEST_S:
            return Refusal.OLD
        if second.at_s < self.opened_at_s - BEFORE_LEG_S:
            return Refusal.BEFORE_LEG
        return Refusal.TOO_MANY if self._allowance < 1.0 else None
