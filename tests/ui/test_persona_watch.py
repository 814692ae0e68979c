"""What pages give those who watch a call with an AI persona: the panel's ways, the event log, marks in the lists."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

from core.language.catalogue import translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallPersona, CallState, LegId, LegState, Participant, ParticipantId, PersonaId, Role
from core.model.call import SupervisionMode as Mode
from core.model.persona import PersonaActivity, PersonaCounts, PersonaState, PersonaStatus
from core.persona.event_log import KEPT
from core.ui.persona_panel_words import COUNTS, PERSONA_STATES, STATE_TIPS
from core.ui.supervision_words import PERSONA_MODES, mode_notices, mode_words
from tests.fakes.page_backend import STARTED, PageBackend, make_call, make_snapshot
from tests.ui.test_pages import open_page

GUEST = Participant(ParticipantId("p2"), "이서준", Role.CUSTOMER, STARTED, LegId("l2"), LegState.CONNECTED)


def put_call(server: PageBackend, state: PersonaState, call_state: CallState = CallState.LIVE) -> None:
    call = make_call("c1", call_state, participants=(GUEST,))
    persona = CallPersona(PersonaId("sarado"), "사라도령", is_rehearsal=True)
    call = replace(call, persona=persona, created_by="user:k")
    server.put(make_snapshot(call, persona=PersonaActivity(PersonaStatus(state, 1.0))))


def sign_in(server: PageBackend, role: UserRole) -> None:
    server.sign_in.person = Person("user:k", "Kim", role, SignInMethod.PASSWORD, "s")


def data(test: AppTest, component: str) -> dict[str, Any]:
    for element in test.get("bidi_component"):
        if element.proto.component_name.endswith(component):
            return cast(dict[str, Any], json.loads(element.proto.json))
    raise AssertionError(f"{component} is not on the page")


@pytest.mark.parametrize(
    ("role", "may_interrupt", "may_read"),
    [(UserRole.SUPERVISOR, True, True), (UserRole.ANALYST, False, True), (UserRole.AGENT, False, False)],
)
def test_who_may_interrupt_and_read_the_events_is_given_the_way(
    server: PageBackend, role: UserRole, may_interrupt: bool, may_read: bool
) -> None:
    sign_in(server, role)
    put_call(server, PersonaState.LISTENING)
    given = data(open_page("live", call="c1"), "live_view")["persona"]
    assert bool(given["interrupt"]) is may_interrupt
    assert bool(given["events"]) is may_read


def test_nobody_is_offered_the_agents_seat_in_a_persona_s_call(server: PageBackend) -> None:
    put_call(server, PersonaState.LISTENING)
    test = open_page("live", call="c1")
    assert not [each for each in test.text_input if each.key == "name:c1"]


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_the_event_log_is_mounted_with_its_address_and_its_bound(server: PageBackend, locale: str) -> None:
    put_call(server, PersonaState.LISTENING)
    given = data(open_page("persona_events", locale, call="c1"), "persona_events")
    assert given["log"].startswith("api/calls/c1/persona/log?token=")
    assert given["kept"] == KEPT
    assert f"{KEPT:,}" in given["words"]["bound"]
    assert "{count}" in given["words"]["lost"]


def test_the_event_log_of_a_call_between_people_says_that_there_is_none(server: PageBackend) -> None:
    server.put(make_snapshot(make_call("c1")))
    assert any("No AI persona" in each.value for each in open_page("persona_events", call="c1").info)


@pytest.mark.parametrize("state", [PersonaState.RECONNECTING, PersonaState.ENDED])
def test_a_running_call_that_lost_its_persona_comes_first_and_says_so(server: PageBackend, state: PersonaState) -> None:
    server.put(make_snapshot(make_call("c0")))
    put_call(server, state)
    page = open_page("home")
    badges = [each.value for each in page.markdown if "badge" in each.value]
    assert any(PERSONA_STATES[state] in each for each in badges)
    assert any("Rehearsal" in each for each in badges)


def test_every_state_and_every_count_but_the_routine_ones_has_words() -> None:
    assert set(PERSONA_STATES) == set(PersonaState)
    assert set(STATE_TIPS) == {*PersonaState, "held"}
    silent = {"connections", "answers_usage", "transcripts_usage", "uncounted_transcripts"}
    assert set(COUNTS) == set(PersonaCounts.__dataclass_fields__) - silent


def test_modes_say_what_they_mean_for_a_persona_whom_nobody_coaches() -> None:
    words = mode_words(translator("en"), with_persona=True)
    assert words["offered"] == ["monitor", "barge_in", "take_over"]
    assert Mode.COACH.value in mode_words(translator("en"))["offered"]  # type: ignore[operator]
    notices = cast(dict[str, dict[str, str]], mode_notices(translator("en"), with_persona=True))
    assert "held" in notices["take_over"]["told"]
    assert Mode.COACH not in PERSONA_MODES
