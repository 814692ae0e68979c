"""When a persona may be talked to: hours of the week, holidays and an override, in a time zone. Data only."""

from dataclasses import dataclass
from datetime import date, time

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of the days as files and settings have them, in the order of `date.weekday`."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one day by the wall clock, up to but without `until`."""

    since: time
    until: time
    """`time.min` is the midnight at the day's end."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A week's hours."""

    time_zone: str = "Asia/Seoul"
    """IANA name."""
    week: tuple[tuple[Span, ...], ...] = ((Span(time(8), time(18)),),) * 7
    """For each day of the week, from Monday: its spans in order, none overlapping another."""
    holidays: frozenset[date] = frozenset()
    """Days on which it stays closed."""


@dataclass(frozen=True, slots=True)
class HoursOverride:
    """That a supervisor opens or closes a persona until a stated time, whatever its hours say."""

    is_open: bool
    until: float
    """Seconds since the Unix epoch."""
    by: str
    """Who said so, by name."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a persona is open now, and when that changes."""

    is_open: bool
    changes_at: float | None
    """Seconds since the Unix epoch of the next opening or closing; None where the hours know none."""
    is_overridden: bool = False
