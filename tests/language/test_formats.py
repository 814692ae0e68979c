"""Dates, numbers and lengths of time as Koreans and the English write them."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language.formats import date_and_time, duration, full_day, number, percent, short_moment

AT = 1_790_000_000.0
"""21 September 2026, 14:13:20 UTC."""
SEOUL = ZoneInfo("Asia/Seoul")
LONDON = ZoneInfo("Europe/London")
DAY_S = 86_400.0


def plain(text: str) -> str:
    """Babel's data put a narrow space before AM and PM, or an ordinary one."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_a_moment_is_told_in_the_readers_own_zone_and_order() -> None:
    assert plain(date_and_time(AT, "ko", SEOUL)) == "2026. 9. 21. 오후 11:13:20"
    assert plain(date_and_time(AT, "en", LONDON)) == "Sep 21, 2026, 3:13:20 PM"


def test_today_the_time_alone_is_enough() -> None:
    assert plain(short_moment(AT, AT + 60, "ko", SEOUL)) == "오후 11:13"
    assert plain(short_moment(AT, AT + 60, "en", LONDON)) == "3:13 PM"


def test_another_day_is_named() -> None:
    assert plain(short_moment(AT, AT + DAY_S, "ko", SEOUL)) == "2026. 9. 21. 오후 11:13"
    assert plain(short_moment(AT, AT + DAY_S, "en", LONDON)) == "Sep 21, 2026 3:13 PM"


def test_a_full_day_has_its_year() -> None:
    assert full_day(date(2027, 1, 20), "ko") == "2027년 1월 20일"
    assert full_day(date(2027, 1, 20), "en") == "January 20, 2027"


def test_the_day_changes_at_the_readers_midnight() -> None:
    later = AT + 2 * 3600
    assert plain(short_moment(AT, later, "ko", SEOUL)).startswith("2026. 9. 21."), "it is tomorrow in Seoul"
    assert plain(short_moment(AT, later, "ko", ZoneInfo("UTC"))) == "오후 2:13"


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_numbers_have_separators_and_are_rounded(locale: str) -> None:
    assert number(1_234_567, locale) == "1,234,567"
    assert number(1.249, locale, 1) == "1.2"
    assert number(3.0, locale, 2) == "3"
    assert number(-0.5, locale, 1) == "-0.5"
    assert percent(0.425, locale) in ("42%", "43%")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (-3, "0:00"), (7.9, "0:07"), (60, "1:00"), (187, "3:07"), (3599, "59:59"), (3727, "1:02:07")],
)
def test_a_length_of_time_reads_like_a_clock(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@given(st.floats(min_value=0, max_value=4_000_000_000), st.sampled_from(["ko", "en"]))
def test_every_moment_can_be_told(at: float, locale: str) -> None:
    assert date_and_time(at, locale, UTC)
    assert short_moment(at, AT, locale, SEOUL)


@given(st.integers(min_value=0, max_value=10_000_000))
def test_a_length_of_time_can_be_read_back(seconds: int) -> None:
    value = 0
    for part in duration(seconds).split(":"):
        value = value * 60 + int(part)
    assert value == seconds
