"""The times of a dump's events: milliseconds in new ones, and a clock as its user reads it in old ones."""

import re
from datetime import UTC, datetime

from core.quality.stat_series import EARLIEST, LATEST

QUARTER_S = 900.0
"""Time zones are whole quarters of an hour away from each other."""
AFTERNOON = ("pm", "오후", "p.m")
MORNING = ("am", "오전", "a.m")
MIDNIGHT_HOURS = 12
NUMBERS = re.compile(r"\d+")


def clock_time(text: str) -> float | None:
    """What a clock showed, in seconds since the Unix epoch as if it were UTC; None for what cannot be read.

    Read are ISO 8601 and the forms in which Chromium writes a time in English (of America and of Britain), Korean,
    German and their like.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is not None:
        return _plausible((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    numbers = [int(number) for number in NUMBERS.findall(text)]
    if len(numbers) < 6:
        return None
    first, second, third, hour, minute, second_of_minute = numbers[:6]
    lower = text.lower()
    if first > 31:
        year, month, day = first, second, third
    elif "/" in text and any(mark in lower for mark in (*AFTERNOON, *MORNING)):
        year, month, day = third, first, second
    else:
        year, month, day = third, second, first
    if any(mark in lower for mark in AFTERNOON):
        hour = hour % MIDNIGHT_HOURS + MIDNIGHT_HOURS
    elif any(mark in lower for mark in MORNING):
        hour %= MIDNIGHT_HOURS
    try:
        return _plausible(datetime(year, month, day, hour, minute, second_of_minute, tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def _plausible(at: float) -> float | None:
    return at if EARLIEST <= at <= LATEST else None


def zone_offset(clock: float, true: float) -> float:
    """How far a clock's time zone is ahead of UTC, in seconds, if it showed `clock` at about the moment `true`."""
    return round((clock - true) / QUARTER_S) * QUARTER_S
