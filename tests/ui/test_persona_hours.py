"""The opening hours of personas as supervisors see and change them."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

import core
from core.language.catalogue import translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, PersonaId
from core.model.errors import HoursOverrideInvalid
from core.model.message import Message
from core.model.opening_hours import HoursOverride, Opening, OpeningHours, Span
from core.model.persona import Persona, PersonaOffer
from core.ui.persona_hours import Until, moment_after, week_table
from core.ui.reader import Reader
from tests.fakes.page_backend import PageBackend

MAIN = Path(core.__file__).parent.parent / "pages" / "main.py"
SEOUL = ZoneInfo("Asia/Seoul")
SARADO = Persona(PersonaId("sarado"), "사라도령", "ko", "", "cedar", "gpt-realtime-2.1-mini", autostart=True)
OPEN = PersonaOffer(SARADO, Opening(is_open=True, changes_at=4e9), is_rehearsal=False)


def who(locale: str = "en", zone: ZoneInfo = SEOUL) -> Reader:
    return Reader(locale, zone, translator(locale))


def open_page(locale: str = "en-US") -> AppTest:
    test = AppTest.from_file(str(MAIN), default_timeout=60)
    test.context = {"locale": locale, "timezone": "Asia/Seoul", "url": "http://localhost:8501/persona"}
    test.run()
    test.switch_page("persona.py")
    test.run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def words(test: AppTest) -> str:
    return " ".join(
        str(cast(Any, each).value) for kind in ("caption", "markdown", "subheader") for each in test.get(kind)
    )


@pytest.mark.parametrize(("locale", "said"), [("en-US", "Opening hours"), ("ko-KR", "운영 시간")])
def test_a_supervisor_is_shown_each_personas_hours(server: PageBackend, locale: str, said: str) -> None:
    server.personas.offered = (OPEN,)
    test = open_page(locale)
    assert said in words(test)
    assert any(b.key == "hours-apply-sarado" for b in test.button)


def test_a_day_at_the_beginning_of_a_sentence_is_no_numbered_list(server: PageBackend) -> None:
    server.personas.offered = (OPEN,)
    told = [str(cast(Any, each).value) for kind in ("caption", "markdown") for each in open_page("ko-KR").get(kind)]
    assert any(each.startswith("2096\\. 10. 2.") for each in told), told
    assert not [each for each in told if re.match(r"\d+\. ", each)]


def test_whoever_may_not_change_hours_is_shown_none(server: PageBackend) -> None:
    server.personas.offered = (OPEN,)
    server.sign_in.person = Person("user:a", "민지", UserRole.AGENT, SignInMethod.PASSWORD, "s")
    test = open_page()
    assert "Opening hours" not in words(test)


def test_a_persona_is_kept_closed_until_a_stated_time_by_whom_is_shown_and_that_is_ended(server: PageBackend) -> None:
    server.personas.offered = (OPEN,)
    test = open_page()
    test.selectbox(key="hours-length-sarado").set_value(Until.STATED).run()
    test.date_input(key="hours-day-sarado").set_value(date(2030, 12, 24))
    test.time_input(key="hours-at-sarado").set_value(time(20, 30)).run()
    assert "Asia/Seoul" in words(test)
    test.button(key="hours-apply-sarado").click().run()
    until = datetime(2030, 12, 24, 20, 30, tzinfo=SEOUL).timestamp()
    assert ("override", "sarado", False, until, server.sign_in.person.name) in server.done
    assert f"{server.sign_in.person.name} keeps it closed until" in words(test)
    test.button(key="hours-end-sarado").click().run()
    assert ("end_override", "sarado") in server.done
    assert "keeps it" not in words(test)


def test_a_time_that_is_refused_is_said_on_the_page(server: PageBackend) -> None:
    server.personas.offered = (OPEN,)
    test = open_page()
    server.personas.error = HoursOverrideInvalid(reason=Message("that time is over"))
    test.button(key="hours-apply-sarado").click().run()
    assert any("that time is over" in each.value for each in test.error)


def test_a_rehearsal_cannot_be_opened_or_closed(server: PageBackend) -> None:
    held = HoursOverride(is_open=False, until=4e9, by="Sue")
    server.personas.offered = (replace(OPEN, is_rehearsal=True, override=held),)
    test = open_page()
    assert "keeps it" not in words(test)
    assert not [b for b in test.button if str(b.key).startswith("hours-")]


def test_a_call_that_waits_is_offered(server: PageBackend) -> None:
    server.personas.offered = (replace(OPEN, ready_call_id=CallId("c7")),)
    assert [link.proto.label for link in open_page().get("page_link")].count("A call is ready") == 1


def test_midnight_is_the_readers(server: PageBackend) -> None:
    now = datetime(2026, 11, 28, 16, 0, tzinfo=UTC).timestamp()
    assert moment_after(Until.MIDNIGHT, now, who()) == datetime(2026, 11, 29, 15, 0, tzinfo=UTC).timestamp()
    assert moment_after(Until.HOUR, now, who()) == now + 3600


def test_a_week_is_told_with_its_zone_its_free_days_and_the_holidays_to_come() -> None:
    week = ((Span(time(9), time(12)), Span(time(13), time.min)), (), (Span(time.min, time.min),), *((),) * 4)
    hours = OpeningHours("Europe/London", week, frozenset({date(2026, 12, 25), date(2020, 1, 1)}))
    now = datetime(2026, 11, 28, tzinfo=UTC).timestamp()
    table = week_table(hours, now, who("ko"))
    assert "<th>월요일</th><td>09:00–12:00, 13:00–24:00</td>" in table
    assert "<th>화요일</th><td>닫힘</td>" in table
    assert "<th>수요일</th><td>하루 종일</td>" in table
    assert "Europe/London" in table
    assert "12월 25일" in table
    assert "2020" not in table
