"""Whether a persona is open, and when that changes. Pure: `now` is given, in seconds since the Unix epoch.

Each time of the wall clock is taken at the first instant at which that clock shows it or a later one. So a time that a
change of the clocks leaves out is the instant of the change, and of one that comes twice the first counts; no span
ever opens twice. Zones by `zoneinfo`, whose `fold` is that of PEP 495.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.model.opening_hours import HoursOverride, Opening, OpeningHours

FARTHEST = timedelta(days=400)
"""How far ahead a next opening or closing is looked for."""
_DAY = timedelta(days=1)


def instant_of(day: date, at: time, zone: ZoneInfo) -> float:
    """The first instant at which the zone's clock shows this time of this day, or a later one."""
    local = datetime.combine(day, at, tzinfo=zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return first.timestamp()
    # In a gap `fold=0` counts from before the change and `fold=1` from after it: the change lies between the two.
    low, high = int(second.timestamp()), int(first.timestamp())
    after = datetime.fromtimestamp(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return float(high)


def opening_at(hours: OpeningHours, now: float, override: HoursOverride | None = None) -> Opening:
    """Whether it is open, and when that changes next.

    Args:
        hours: Its hours of the week.
        now: Seconds since the Unix epoch.
        override: What a supervisor said; without effect from its end on.
    """
    regular = _regular(hours, now)
    if override is None or override.until <= now:
        return regular
    then = _regular(hours, override.until)
    changes_at = then.changes_at if then.is_open == override.is_open else override.until
    return Opening(override.is_open, changes_at, is_overridden=True)


def _regular(hours: OpeningHours, now: float) -> Opening:
    opening = Opening(is_open=False, changes_at=None)
    for start, end in _stretches(hours, now):
        if opening.is_open and start != opening.changes_at:
            return opening
        if start <= now or opening.is_open:
            opening = replace(opening, is_open=True, changes_at=end)
        else:
            return replace(opening, changes_at=start)
    return replace(opening, changes_at=None) if opening.is_open and _is_far(now, opening) else opening


def _is_far(now: float, opening: Opening) -> bool:
    return opening.changes_at is not None and opening.changes_at - now > (FARTHEST - _DAY).total_seconds()


def _stretches(hours: OpeningHours, now: float) -> Iterator[tuple[float, float]]:
    """Open stretches from the one that holds `now`, if any, in order."""
    zone = ZoneInfo(hours.time_zone)
    day = datetime.fromtimestamp(now, zone).date() - _DAY
    last = day + FARTHEST
    while day <= last:
        if day not in hours.holidays:
            for span in hours.week[day.weekday()]:
                end_day = day + _DAY if span.until == time.min else day
                start, end = instant_of(day, span.since, zone), instant_of(end_day, span.until, zone)
                if start < end and end > now:
                    yield start, end
        day += _DAY
