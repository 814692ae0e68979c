"""Opening hours as people write them, in settings and in the files of personas."""

from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from core.model.message import Message
from core.model.opening_hours import WEEKDAYS, OpeningHours, Span
from core.settings.fields import Settings

ALWAYS_CLOSED = "closed"


def read_spans(texts: Sequence[str]) -> tuple[Span, ...] | Message:
    """`08:00-12:00`, `13:00-24:00` as one day's spans in order; or what is wrong with them. `closed` is none at all."""
    if list(texts) == [ALWAYS_CLOSED]:
        return ()
    spans: list[Span] = []
    for text in texts:
        since, dash, until = (part.strip() for part in text.partition("-"))
        try:
            # Midnight has two names; `time` knows the morning's alone.
            span = Span(time.fromisoformat(since), time.min if until == "24:00" else time.fromisoformat(until))
        except ValueError:
            return Message("`{text}` is not a span such as `08:00-18:00`", {"text": text[:40]})
        if (
            not dash
            or span.since.tzinfo
            or span.until.tzinfo
            or not (span.until > span.since or span.until == time.min)
        ):
            return Message("`{text}` is not a span such as `08:00-18:00`", {"text": text[:40]})
        spans.append(span)
    spans.sort()
    for former, later in pairwise(spans):
        if former.until == time.min or former.until > later.since:
            return Message("two spans of one day overlap")
    return tuple(spans)


def read_weekday(text: str) -> int | Message:
    """`mon` to `sun` as 0 to 6, as `date.weekday` counts."""
    if text.lower() in WEEKDAYS:
        return WEEKDAYS.index(text.lower())
    return Message("`{text}` is not a day of the week: mon, tue, wed, thu, fri, sat, sun", {"text": text[:40]})


def read_date(text: str) -> date | Message:
    """`2027-01-01`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return Message("`{text}` is not a date such as `2027-01-01`", {"text": text[:40]})


def read_time_zone(text: str) -> ZoneInfo | Message:
    """A time zone by its IANA name."""
    if text not in available_timezones():
        return Message("there is no time zone `{text}`", {"text": text[:60]})
    return ZoneInfo(text)


def settings_hours(settings: Settings) -> OpeningHours | tuple[str, Message]:
    """The hours that the settings give every persona without its own; or which setting is wrong, and why."""
    spans = read_spans(settings.opening_hours)
    if isinstance(spans, Message):
        return "opening_hours", spans
    days: set[int] = set()
    for text in settings.opening_days:
        day = read_weekday(text)
        if isinstance(day, Message):
            return "opening_days", day
        days.add(day)
    holidays: set[date] = set()
    for text in settings.holidays:
        holiday = read_date(text)
        if isinstance(holiday, Message):
            return "holidays", holiday
        holidays.add(holiday)
    zone = read_time_zone(settings.time_zone)
    if isinstance(zone, Message):
        return "time_zone", zone
    week = tuple(spans if day in days else () for day in range(7))
    return OpeningHours(settings.time_zone, week, frozenset(holidays))
