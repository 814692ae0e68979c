"""Opening and closing: when personas are made ready, when they say goodbye, and that nothing is asked in between."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calls.hours_book import LONGEST_OVERRIDE_S, HoursBook
from core.calls.persona_calls import PersonaCalls
from core.calls.persona_hours import MOST_FAILURES_A_DAY, PersonaHours
from core.model.call import Call, CallState, EndReason, PersonaId
from core.model.errors import (
    CallLimitReached,
    HoursOverrideInvalid,
    PersonaClosed,
    PersonaKeyRefused,
    PersonaUnreachable,
)
from core.model.health import PartState
from core.model.opening_hours import HoursOverride, OpeningHours, Span
from core.model.persona import Persona
from core.persona.opening_hours import opening_at
from core.persona.persona_folder import PersonaList
from tests.fakes.clock import ManualClock
from tests.fakes.persona_calls import CountingServer, PersonaBooth
from tests.fakes.persona_stage import PERSONA

MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR
OFFICE = OpeningHours("Europe/London", ((Span(time(8), time(18)),),) * 7)
MORGAN = replace(PERSONA, id=PersonaId("morgan"), name="Morgan", autostart=True, opening_hours=OFFICE)


def moment(text: str, zone: str = "Europe/London") -> float:
    """Seconds since the Unix epoch of `2026-11-30 08:00` by a zone's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@dataclass
class Town:
    """A server's personas and a clock that its minutes go by."""

    clock: ManualClock
    server: CountingServer
    booth: PersonaBooth
    book: HoursBook
    calls: PersonaCalls
    hours: PersonaHours
    personas: list[Persona]
    written: list[Call]
    """The calls that began by themselves, as they were written down."""

    async def live_until(self, at: float) -> None:
        """Let the task run until a moment; what it does at each look it does to the end."""
        over = asyncio.Event()

        async def sleep(seconds: float) -> None:
            assert seconds > 0
            if self.clock.wall() + seconds > at:
                self.clock.advance(max(0.0, at - self.clock.wall()))
                over.set()
                await asyncio.Event().wait()
            self.clock.advance(seconds)

        self.hours._sleep = sleep
        task = asyncio.create_task(self.hours.run())
        await over.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def town(begin: float, *personas: Persona, is_rehearsal: bool = False, override: HoursOverride | None = None) -> Town:
    clock = ManualClock(wall=begin)
    server, booth = CountingServer(clock), PersonaBooth(clock)
    book = HoursBook(OpeningHours(), {PersonaId("morgan"): override} if override else {}, clock)
    calls = PersonaCalls(booth, server, is_rehearsal, {}, book)
    listed = list(personas)

    written: list[Call] = []

    async def read() -> PersonaList:
        return PersonaList(tuple(listed), ())

    async def written_down(call: Call) -> None:
        written.append(call)

    return Town(
        clock, server, booth, book, calls, PersonaHours(read, calls, book, clock, written_down), listed, written
    )


async def test_a_persona_is_ready_from_the_minute_it_opens_and_gone_from_the_minute_it_closes() -> None:
    begin = moment("2026-11-30 05:00")
    place = town(begin, MORGAN)
    await place.live_until(begin + DAY)
    (session,) = place.booth.sessions
    assert session.call.created_at == pytest.approx(moment("2026-11-30 08:00"), abs=1)
    assert session.ended_at == pytest.approx(moment("2026-11-30 18:00"), abs=1)
    assert session.call.end_reason is EndReason.CLOSED_HOURS
    assert len(place.server.connected_at) == 1
    assert [call.id for call in place.written] == [session.call.id]


@pytest.mark.parametrize(
    ("zone", "begin", "days"),
    [
        ("Europe/London", "2027-03-26 12:00", 3),  # clocks go forward on the 28th
        ("Europe/London", "2026-10-23 12:00", 3),  # and back on the 25th
        ("America/New_York", "2027-03-12 12:00", 3),  # forward on the 14th
        ("America/New_York", "2026-10-30 12:00", 3),  # back on the 1st of November
    ],
)
@pytest.mark.parametrize("span", [("08:00", "18:00"), ("01:30", "02:30")])
async def test_over_days_with_a_change_of_the_clocks_it_opens_and_closes_by_the_wall_clock(
    zone: str, begin: str, days: int, span: tuple[str, str]
) -> None:
    since, until = map(time.fromisoformat, span)
    holiday = date.fromisoformat(begin[:10]).replace(day=int(begin[8:10]) + 1)
    hours = OpeningHours(zone, ((Span(since, until),),) * 7, frozenset({holiday}))
    persona = replace(MORGAN, opening_hours=hours)
    start = moment(begin, zone)
    place = town(start, persona)
    await place.live_until(start + days * DAY)
    begun = [datetime.fromtimestamp(each.call.created_at, ZoneInfo(zone)) for each in place.booth.sessions]
    opened_days = [at.date() for at in begun]
    assert holiday not in opened_days
    assert len(opened_days) == len(set(opened_days))
    assert len(begun) >= days - 2
    for at in place.server.connected_at:
        assert opening_at(hours, at).is_open, "no connection outside the hours"
    for session in place.booth.sessions:
        assert session.ended_at is None or not opening_at(hours, session.ended_at).is_open
        assert opening_at(hours, session.call.created_at - MINUTE - 1).is_open is (session.call.created_at == start)


@given(
    begin=st.integers(int(moment("2026-01-01 00:00")), int(moment("2027-12-31 00:00"))),
    zone=st.sampled_from(["Europe/London", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe"]),
    first=st.integers(0, 22),
    length=st.integers(1, 23),
    closed_days=st.sets(st.integers(0, 6), max_size=6),
    fails=st.booleans(),
)
@settings(max_examples=6, deadline=None)
def test_nothing_is_ever_asked_outside_the_hours(
    begin: int, zone: str, first: int, length: int, closed_days: set[int], fails: bool
) -> None:
    span = Span(time(first), time((first + length) % 24 if first + length < 24 else 0))
    hours = OpeningHours(zone, tuple(() if day in closed_days else (span,) for day in range(7)))

    async def live() -> None:
        place = town(float(begin), replace(MORGAN, opening_hours=hours))
        if fails:
            place.server.refusal = PersonaUnreachable(server="counting.test", reason="nobody answers")
        await place.live_until(begin + 2 * DAY)
        assert all(opening_at(hours, at).is_open for at in place.server.connected_at)
        assert len(place.server.connected_at) <= (MOST_FAILURES_A_DAY * 3 if fails else 4)

    asyncio.run(live())


async def test_who_talks_is_said_goodbye_to_and_who_waits_is_let_go() -> None:
    place = town(moment("2026-11-30 17:50"), MORGAN)
    talking = await place.calls.start(MORGAN, "user:kim")
    talking.come()
    undecided = await place.calls.start(MORGAN, "user:lee")
    await place.live_until(moment("2026-11-30 18:05"))
    assert talking.persona.finished_at == pytest.approx(moment("2026-11-30 18:00"), abs=1)
    assert talking.call.state is CallState.WAITING, "the persona ends the call when it has said goodbye"
    assert undecided.call.end_reason is EndReason.CLOSED_HOURS


async def test_a_look_that_fails_is_told_and_the_next_minute_comes_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = town(moment("2026-11-30 17:58"), MORGAN)
    talking = await place.calls.start(MORGAN, "user:kim")
    talking.come()
    read, looks = place.hours._personas, 0

    async def fails_once() -> PersonaList:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise OSError("the folder's disk is away")
        return await read()

    place.hours._personas = fails_once
    await place.live_until(moment("2026-11-30 18:01"))
    assert talking.persona.finished_at == pytest.approx(moment("2026-11-30 18:00"), abs=1)
    assert "the folder's disk is away" in caplog.text


async def test_outside_the_hours_a_session_cannot_even_reconnect() -> None:
    place = town(moment("2026-11-30 17:59"), MORGAN)
    servers = []
    place.booth.start_persona = _keeping_server(place.booth.start_persona, servers)
    await place.calls.start(MORGAN, "user:kim")
    place.clock.advance(2 * MINUTE)
    with pytest.raises(PersonaClosed):
        await servers[0].connect("model")
    assert len(place.server.connected_at) == 1


def _keeping_server(start, servers):
    async def keeping(persona, server, tools, **options):
        servers.append(server)
        return await start(persona, server, tools, **options)

    return keeping


async def test_a_closed_persona_says_when_it_opens() -> None:
    place = town(moment("2026-11-28 19:00"), MORGAN)
    with pytest.raises(PersonaClosed, match=r"Morgan is outside .* It opens on 2026-11-29 08:00 Europe/London\."):
        await place.calls.start(MORGAN, "user:kim")
    never = replace(MORGAN, opening_hours=OpeningHours(week=((),) * 7))
    with pytest.raises(PersonaClosed, match="not known"):
        await place.calls.start(never, "user:kim")
    assert place.booth.sessions == []


async def test_the_waiting_call_goes_to_the_first_who_comes_and_another_is_made_ready() -> None:
    place = town(moment("2026-11-30 09:00"), MORGAN)
    await place.hours.look()
    (waiting,) = place.booth.sessions
    assert place.calls.ready_call_id(MORGAN.id) == waiting.call.id
    first, second = await asyncio.gather(place.calls.start(MORGAN, "user:kim"), place.calls.start(MORGAN, "user:lee"))
    assert first is waiting
    assert first.call.created_by == "user:kim"
    assert second is not waiting
    assert second.call.created_by == "user:lee"
    assert place.calls.ready_call_id(MORGAN.id) is None
    await place.hours.look()
    assert place.calls.ready_call_id(MORGAN.id) == place.booth.sessions[2].call.id


async def test_a_persona_that_reads_otherwise_is_made_ready_anew() -> None:
    place = town(moment("2026-11-30 09:00"), MORGAN)
    await place.hours.look()
    place.personas[0] = changed = replace(MORGAN, instructions="Be long.")
    fresh = await place.calls.start(changed, "user:kim")
    assert fresh is not place.booth.sessions[0], "nobody is given a persona of yesterday's file"
    await place.hours.look()
    assert [each.call.end_reason for each in place.booth.sessions] == [EndReason.FINISHED, None, None]
    place.personas.clear()
    await place.hours.look()
    assert place.booth.sessions[2].call.end_reason is EndReason.FINISHED
    assert place.booth.sessions[1].call.state is CallState.WAITING


async def test_a_session_that_gave_up_is_shown_and_tried_again_ever_less_often() -> None:
    begin = moment("2026-11-30 08:00")
    place = town(begin, MORGAN)
    place.server.refusal = PersonaKeyRefused(server="counting.test")
    await place.live_until(begin + 2 * MINUTE)
    assert place.hours.health is not None
    assert place.hours.health.state is PartState.DEGRADED
    assert "refuses the key" in place.hours.health.in_english
    await place.live_until(begin + DAY)
    minutes = [round((at - begin) / MINUTE) for at in place.server.connected_at]
    # The look that finds a session given up comes a minute after the one that opened it.
    assert minutes[:4] == [0, 2, 5, 10]
    assert len(minutes) <= MOST_FAILURES_A_DAY
    assert all(after - before <= 62 for before, after in pairwise(minutes))
    place.server.refusal = None
    await place.live_until(begin + DAY + 2 * MINUTE)
    assert place.hours.health.state is PartState.UP


async def test_a_full_server_is_no_reason_to_hurry() -> None:
    begin = moment("2026-11-30 08:00")
    place = town(begin, MORGAN)
    place.booth.error = CallLimitReached(limit=5)
    await place.live_until(begin + DAY)
    assert place.server.connected_at == []
    assert place.hours.health is None, "the day is over, and so is the trouble"


async def test_the_rehearsal_knows_no_hours_and_does_not_start_by_itself() -> None:
    begin = moment("2026-11-30 02:00")
    place = town(begin, MORGAN, is_rehearsal=True)
    talking = await place.calls.start(MORGAN, "user:kim")
    talking.come()
    await place.live_until(begin + DAY)
    assert talking.persona.finished_at is None
    assert len(place.booth.sessions) == 1


async def test_a_supervisor_opens_for_a_stated_time_and_then_the_hours_are_in_force_again() -> None:
    begin = moment("2026-11-30 19:00")
    place = town(begin, MORGAN)
    place.book.put(MORGAN.id, place.book.checked(True, begin + HOUR, "Sue"))
    await place.live_until(begin + 2 * HOUR)
    (session,) = place.booth.sessions
    assert session.call.created_at == begin
    assert session.ended_at == pytest.approx(begin + HOUR, abs=1)


async def test_a_supervisor_closes_for_a_stated_time() -> None:
    begin = moment("2026-11-30 12:00")
    place = town(begin, MORGAN)
    talking = await place.calls.start(MORGAN, "user:kim")
    talking.come()
    place.book.put(MORGAN.id, place.book.checked(False, begin + HOUR, "Sue"))
    await place.live_until(begin + 90 * MINUTE)
    assert talking.persona.finished_at == begin
    assert [each.call.created_at for each in place.booth.sessions[1:]] == [pytest.approx(begin + HOUR, abs=1)]
    with pytest.raises(HoursOverrideInvalid):
        place.book.checked(False, place.clock.wall(), "Sue")
    with pytest.raises(HoursOverrideInvalid):
        place.book.checked(False, place.clock.wall() + LONGEST_OVERRIDE_S + 1, "Sue")
    with pytest.raises(HoursOverrideInvalid):
        place.book.checked(True, float("nan"), "Sue")


async def test_an_override_that_was_kept_is_in_force_after_a_restart_until_its_time() -> None:
    begin = moment("2026-11-30 19:00")
    place = town(begin, MORGAN, override=HoursOverride(True, begin + HOUR, "Sue"))
    assert place.book.opening(MORGAN).is_overridden
    await place.live_until(begin + 2 * HOUR)
    assert len(place.booth.sessions) == 1
    assert place.book.override_of(MORGAN.id) is None
