"""Dates, times, numbers and lengths of time as a reader writes them. Pure; any thread."""

from datetime import date, datetime, tzinfo
from typing import Literal

from babel.dates import format_date, format_time, get_datetime_format, get_day_names, get_time_format
from babel.numbers import format_currency, format_decimal, format_percent


def date_and_time(at: float, locale: str, zone: tzinfo) -> str:
    """A moment (seconds since the Unix epoch) with its day, in the reader's time zone."""
    moment = datetime.fromtimestamp(at, zone)
    both = str(get_datetime_format("medium", locale=locale))
    return both.format(_clock(moment, "medium", locale), format_date(moment.date(), "medium", locale=locale))


def short_moment(at: float, now: float, locale: str, zone: tzinfo) -> str:
    """A moment as short as it can be told: the time alone today, with the day otherwise."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone).date()
    clock = _clock(moment, "short", locale)
    return clock if moment.date() == today else f"{format_date(moment.date(), 'medium', locale=locale)} {clock}"


def short_day(day: date, locale: str) -> str:
    """A day without its year, such as `Nov 3` or `11월 3일`."""
    return str(format_date(day, {"ko": "MMM d일"}.get(locale, "MMM d"), locale=locale))


def full_day(day: date, locale: str) -> str:
    """A day with its year, such as `January 20, 2027` or `2027년 1월 20일`."""
    return str(format_date(day, "long", locale=locale))


def weekday(index: int, locale: str) -> str:
    """The name of a day of the week, counted from Monday as 0."""
    return str(get_day_names("wide", "stand-alone", locale)[index])


def _clock(moment: datetime, length: Literal["short", "medium"], locale: str) -> str:
    # The short names of the halves of the day are AM and PM in Korean, too; people write 오전 and 오후.
    pattern = get_time_format(length, locale=locale).pattern.replace("a", "aaaa")
    return str(format_time(moment, pattern, tzinfo=moment.tzinfo, locale=locale))


def number(value: float, locale: str, digits: int = 0) -> str:
    """A number with the locale's separators, rounded to so many digits after the point."""
    return str(format_decimal(round(value, digits), locale=locale))


def percent(share: float, locale: str) -> str:
    """A share of 1 in percent."""
    return str(format_percent(share, locale=locale))


def money(amount: float, currency: str, locale: str) -> str:
    """A sum of money, with a hundredth of a cent where it is that small; `currency` is its code (ISO 4217)."""
    return str(format_currency(amount, currency, "¤#,##0.00##", locale=locale, currency_digits=False))


def duration(seconds: float) -> str:
    """A length of time as a clock shows it, `3:07` or `1:02:07`, which is the same in both languages."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
