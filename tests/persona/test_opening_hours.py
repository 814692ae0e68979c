"""Opening hours, through every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.model.message import Message
from core.model.opening_hours import HoursOverride, OpeningHours, Span
from core.persona.opening_hours import instant_of, opening_at
from core.settings.opening_hours import read_spans

ZONES = ("Asia/Seoul", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo",
         "Pacific/Apia", "Asia/Kathmandu", "UTC")  # fmt: skip
BERLIN = "Europe/Berlin"


def at(zone: str, text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def every_day(zone: str, *spans: str) -> OpeningHours:
    read = read_spans(spans)
    assert not isinstance(read, Message)
    return OpeningHours(zone, (read,) * 7)


@st.composite
def hours(draw: st.DrawFn) -> OpeningHours:
    def spans() -> tuple[Span, ...]:
        marks = sorted(draw(st.lists(st.integers(0, 95), min_size=0, max_size=6, unique=True)))
        times = [time(mark // 4, mark % 4 * 15) for mark in marks]
        pairs = [Span(a, b) for a, b in zip(times[::2], times[1::2], strict=False)]
        if len(marks) % 2:
            pairs.append(Span(times[-1], time.min))
        return tuple(pairs)

    days = draw(st.sets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5))
    return OpeningHours(draw(st.sampled_from(ZONES)), tuple(spans() for _ in range(7)), frozenset(days))


MOMENTS = st.integers(int(utc("2026-01-02T00:00")), int(utc("2027-12-30T00:00"))).map(float)


def by_the_wall(each: OpeningHours, now: float) -> bool:
    local = datetime.fromtimestamp(now, ZoneInfo(each.time_zone))
    if local.date() in each.holidays:
        return False
    return any(
        span.since <= local.time() and (local.time() < span.until or span.until == time.min)
        for span in each.week[local.weekday()]
    )


def is_far_from_a_change(zone: str, now: float) -> bool:
    offsets = {datetime.fromtimestamp(now + h * 3600, ZoneInfo(zone)).utcoffset() for h in range(-30, 31, 1)}
    return len(offsets) == 1


@given(hours(), MOMENTS)
def test_it_is_open_when_the_wall_clock_says_so(each: OpeningHours, now: float) -> None:
    assume(is_far_from_a_change(each.time_zone, now))
    assert opening_at(each, now).is_open == by_the_wall(each, now)


@given(hours(), MOMENTS)
def test_it_changes_at_the_instant_that_was_told_and_not_before(each: OpeningHours, now: float) -> None:
    opening = opening_at(each, now)
    if opening.changes_at is None:
        return
    assert opening.changes_at > now
    assert opening_at(each, opening.changes_at).is_open != opening.is_open
    for share in (0.01, 0.3, 0.7, 0.99):
        between = opening_at(each, now + (opening.changes_at - now) * share)
        assert (between.is_open, between.changes_at) == (opening.is_open, opening.changes_at)


@given(
    st.sampled_from(ZONES),
    st.dates(date(2011, 1, 1), date(2027, 12, 31)),
    st.times().map(lambda t: t.replace(microsecond=0)),
)
def test_an_instant_is_the_first_at_which_the_clock_shows_the_time(zone: str, day: date, wall: time) -> None:
    instant = instant_of(day, wall, ZoneInfo(zone))
    wanted = datetime.combine(day, wall)
    shown = datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=None)
    assert shown >= wanted
    assert datetime.fromtimestamp(instant - 1, ZoneInfo(zone)).replace(tzinfo=None) < wanted


def test_opening_at_a_time_that_is_left_out_is_when_the_clocks_change() -> None:
    each = every_day(BERLIN, "02:30-04:00")
    change = utc("2027-03-28T01:00")
    assert opening_at(each, change - 1).changes_at == change
    assert opening_at(each, change).is_open
    assert opening_at(each, change).changes_at == utc("2027-03-28T02:00")


def test_a_span_that_lies_in_the_gap_does_not_open() -> None:
    each = every_day(BERLIN, "02:15-02:45")
    assert not opening_at(each, utc("2027-03-28T01:00")).is_open
    assert opening_at(each, utc("2027-03-28T00:59")).changes_at == at(BERLIN, "2027-03-29T02:15")


def test_a_time_that_comes_twice_counts_once() -> None:
    each = every_day(BERLIN, "02:15-02:45")
    first = utc("2027-10-31T00:15")
    assert opening_at(each, first - 1).changes_at == first
    assert opening_at(each, first).changes_at == utc("2027-10-31T00:45")
    # 02:30 by the clock once more, an hour later.
    assert not opening_at(each, utc("2027-10-31T01:30")).is_open


def test_a_day_of_23_or_25_hours_has_its_ordinary_hours() -> None:
    each = every_day(BERLIN, "08:00-18:00")
    for day in ("2027-03-28", "2027-10-31"):
        opened = at(BERLIN, f"{day}T08:00")
        assert opening_at(each, opened - 1).changes_at == opened
        assert opening_at(each, opened).changes_at == opened + 10 * 3600


def test_midnight_that_is_left_out_opens_when_the_clocks_change() -> None:
    each = every_day("America/Santiago", "00:00-06:00")
    change = utc("2026-09-06T04:00")
    assert not opening_at(each, change - 1).is_open
    assert opening_at(each, change).is_open


def test_the_defaults_are_eight_to_six_in_seoul() -> None:
    each = OpeningHours()
    assert not opening_at(each, utc("2026-11-27T22:59:59")).is_open
    assert opening_at(each, utc("2026-11-27T23:00")).is_open
    assert opening_at(each, utc("2026-11-28T08:59:59")).is_open
    assert not opening_at(each, utc("2026-11-28T09:00")).is_open


def test_a_holiday_stays_closed_though_the_night_before_is_open() -> None:
    each = OpeningHours("UTC", (read_spans(["00:00-24:00"]),) * 7, frozenset({date(2027, 1, 1)}))  # type: ignore[arg-type]
    opening = opening_at(each, utc("2026-12-31T12:00"))
    assert opening.is_open
    assert opening.changes_at == utc("2027-01-01T00:00")
    assert opening_at(each, utc("2027-01-01T12:00")).changes_at == utc("2027-01-02T00:00")


def test_hours_without_an_end_know_no_change() -> None:
    assert opening_at(every_day("UTC", "00:00-24:00"), utc("2027-01-01T00:00")).changes_at is None
    closed = opening_at(every_day("UTC", "closed"), utc("2027-01-01T00:00"))
    assert not closed.is_open
    assert closed.changes_at is None


@pytest.mark.parametrize("is_open", [True, False])
def test_an_override_holds_until_its_time_and_no_longer(is_open: bool) -> None:
    each = every_day("UTC", "08:00-18:00")
    until = utc("2027-01-01T12:00")
    override = HoursOverride(is_open, until, "supervisor")
    before, after = opening_at(each, until - 3600, override), opening_at(each, until, override)
    assert (before.is_open, before.is_overridden) == (is_open, True)
    assert (after.is_open, after.is_overridden) == (True, False)
    # Where the hours say the same from then on, nothing changes at its end.
    assert before.changes_at == (utc("2027-01-01T18:00") if is_open else until)


@given(hours(), MOMENTS, st.booleans(), st.integers(1, 400_000))
def test_an_override_changes_when_it_says(each: OpeningHours, now: float, is_open: bool, lasts_s: int) -> None:
    override = HoursOverride(is_open, now + lasts_s, "supervisor")
    opening = opening_at(each, now, override)
    assert opening.is_open == is_open
    if opening.changes_at is not None:
        assert opening_at(each, opening.changes_at, override).is_open != is_open
        assert opening.changes_at >= override.until


@pytest.mark.parametrize(
    "text",
    ["8-18", "18:00-08:00", "08:00", "08:00-08:00", "08:00-25:00", "", "closed, 08:00-09:00", "08:00+01:00-09:00"],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    assert isinstance(read_spans([part.strip() for part in text.split(",")]), Message)


def test_spans_that_overlap_are_refused() -> None:
    assert isinstance(read_spans(["08:00-12:00", "11:59-13:00"]), Message)
    assert isinstance(read_spans(["08:00-24:00", "23:00-24:00"]), Message)
    assert read_spans(["13:00-24:00", "08:00-12:00"]) == (Span(time(8), time(12)), Span(time(13), time.min))


def test_a_week_has_as_many_hours_as_it_should() -> None:
    each, now, total = every_day(BERLIN, "09:00-17:30"), at(BERLIN, "2027-03-22T00:00"), 0.0
    end = now + timedelta(days=14).total_seconds() - 3600
    while now < end:
        opening = opening_at(each, now)
        assert opening.changes_at is not None
        total += min(opening.changes_at, end) - now if opening.is_open else 0.0
        now = opening.changes_at
    assert total == 14 * 8.5 * 3600
