"""The Supervisor page as its script draws it: for whom, which call beside the list, and what the modes are told."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

import core
from core.language.catalogue import translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import (
    CallOrigin,
    CallState,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
    SupervisionMode,
)
from core.quality.alert_words import ALERTS as LONG_ALERTS
from core.ui.browser_memory import BrowserMemory
from core.ui.supervision_words import ALERTS, MODES
from tests.fakes.page_backend import PageBackend, make_call, make_snapshot

MAIN = Path(core.__file__).parent.parent / "pages" / "main.py"
LANGUAGES = ("en-US", "ko-KR")
AGENT = Participant(ParticipantId("p1"), "김민지", Role.AGENT, 0.0, LegId("l1"), LegState.CONNECTED)
KIM = Participant(
    ParticipantId("p3"),
    "Kim",
    Role.SUPERVISOR,
    0.0,
    LegId("l3"),
    LegState.CONNECTED,
    person_id="development",
    mode=SupervisionMode.COACH,
)


def open_page(page: str, locale: str = "en-US", seat: tuple[str, str] | None = None, **query: str) -> AppTest:
    """The page, in a browser that remembers a seat (cookie, participant) where one is given."""
    test = AppTest.from_file(str(MAIN), default_timeout=30)
    test.context = {"locale": locale, "url": f"http://localhost:8501/{page}"}
    if seat:
        memory = BrowserMemory()
        memory.pending[seat[0]] = seat[1]
        test.session_state["browser_memory"] = memory
    test.run()
    test.switch_page(f"{page}.py")
    test.query_params.clear()
    test.query_params.update(query)
    test.run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def data(test: AppTest, component: str) -> dict[str, Any] | None:
    """What a component of the page was given; None where it is not there."""
    for element in test.get("bidi_component"):
        if element.proto.component_name.endswith(component):
            return cast(dict[str, Any], json.loads(element.proto.json))
    return None


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_list_is_there_with_its_stream_and_no_call_beside_it(server: PageBackend, locale: str) -> None:
    test = open_page("supervisor", locale)
    given = data(test, "earshot_supervision")
    assert given is not None
    assert given["stream"] == f"api/supervision/stream?token=overviews&locale={locale[:2]}"
    assert given["selected"] is None
    assert data(test, "earshot_live_view") is None
    assert translator(locale[:2])("Supervisor") in [link.proto.label for link in test.get("page_link")]


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_call_that_the_address_names_is_shown_beside_the_list(server: PageBackend, locale: str) -> None:
    server.put(make_snapshot(make_call(participants=(AGENT,))))
    test = open_page("supervisor", locale, call="c1")
    panel, view, calls = (data(test, f"earshot_{name}") for name in ("leg_panel", "live_view", "supervision"))
    assert panel is not None
    assert view is not None
    assert calls is not None
    assert calls["selected"] == "c1"
    assert panel["supervision"] == {"mode": None, "may_speak": True, "answered": 0, "problem": ""}
    assert list(panel["words"]["supervision"]["modes"]) == [mode.value for mode in SupervisionMode]
    assert panel["autostart"] == 0
    test.button(key="supervision-close-c1").click().run()
    assert not test.exception
    assert "call" not in test.query_params
    assert data(test, "earshot_live_view") is None


def test_the_modes_are_told_the_servers_mode_and_none_once_the_supervisor_has_left(server: PageBackend) -> None:
    for leg_state, mode in ((LegState.CONNECTED, "coach"), (LegState.LOST, "coach"), (LegState.CLOSED, None)):
        server.put(make_snapshot(make_call(participants=(AGENT, replace(KIM, leg_state=leg_state)))))
        panel = data(open_page("supervisor", seat=("earshot_seat_c1_supervisor", "p3"), call="c1"), "earshot_leg_panel")
        assert panel is not None
        assert panel["supervision"]["mode"] == mode


@pytest.mark.parametrize(
    ("state", "origin"), [(CallState.ENDED, CallOrigin.BROWSER), (CallState.LIVE, CallOrigin.SCRIPT)]
)
def test_a_call_without_sound_offers_no_modes(server: PageBackend, state: CallState, origin: CallOrigin) -> None:
    server.put(make_snapshot(make_call(state=state, origin=origin, participants=(AGENT,))))
    test = open_page("supervisor", call="c1")
    assert data(test, "earshot_leg_panel") is None
    assert data(test, "earshot_live_view") is not None
    assert test.caption


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_call_that_is_not_there_is_named_and_the_list_stays(server: PageBackend, locale: str) -> None:
    test = open_page("supervisor", locale, call="nowhere")
    assert "nowhere" in test.error[0].value
    assert data(test, "earshot_supervision") is not None


@pytest.mark.parametrize("role", [UserRole.AGENT, UserRole.ANALYST])
def test_whoever_may_not_listen_has_no_such_page(server: PageBackend, role: UserRole) -> None:
    server.sign_in.person = Person("user:kim", "Kim", role, SignInMethod.PASSWORD)
    test = open_page("supervisor")
    assert data(test, "earshot_supervision") is None
    assert test.error
    assert "Supervisor" not in [link.proto.label for link in test.get("page_link")]


def test_only_the_agent_in_the_call_is_spoken_to_as_the_agent(server: PageBackend) -> None:
    server.put(make_snapshot(make_call(participants=(AGENT, KIM))))
    own = data(open_page("live", seat=("earshot_seat_c1_agent", "p1"), call="c1"), "earshot_live_view")
    others = data(open_page("live", call="c1"), "earshot_live_view")
    assert own is not None
    assert others is not None
    assert (own["is_agent"], others["is_agent"]) == (True, False)
    assert own["words"]["modes"]["take_over"]["told_agent"] == "{name} has taken over: nobody hears you."


def test_every_mode_and_every_alert_has_words() -> None:
    assert set(MODES) == set(SupervisionMode)
    assert set(ALERTS) == set(LONG_ALERTS)
