"""The page to choose an AI persona and talk with it, for those who are signed in and for those who come by link."""

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest

from core import backend as composition
from core.desk import Desk
from core.language.catalogue import describe, translator
from core.model.access import Person, Right, SignInMethod, UserRole
from core.model.call import CallId, CallPersona, CallState, LegId, LegState, Participant, ParticipantId, PersonaId, Role
from core.model.errors import AccessDenied, PersonaClosed, PersonaFileInvalid, PersonaModelUnknown
from core.model.message import Message
from core.model.opening_hours import Opening
from core.model.persona import Persona, PersonaOffer
from tests.fakes.page_backend import STARTED, PageBackend, make_call, make_snapshot
from tests.ui.test_pages import has, open_page, words

LANGUAGES = ("en-US", "ko-KR")
SARADO = Persona(
    PersonaId("sarado"), "사라도령", "ko", "", "cedar", "gpt-realtime-2.1-mini", description="<i>꽃</i>감관"
)
OPENS = STARTED + 3600
GUEST = Participant(ParticipantId("p2"), "이서준", Role.CUSTOMER, STARTED, LegId("l2"), LegState.CONNECTED)


def offer(persona: Persona = SARADO, *, is_open: bool = True, **more: Any) -> PersonaOffer:
    return PersonaOffer(persona, Opening(is_open, OPENS), **({"is_rehearsal": False} | more))


def persona_call(state: CallState = CallState.LIVE, *people: Participant) -> None:
    """Put a call with the persona on the server."""
    call = replace(make_call("c1", state, participants=people), persona=CallPersona(SARADO.id, SARADO.name, True))
    server = cast(PageBackend, composition.current())
    server.put(make_snapshot(replace(call, created_by="development")))


@pytest.mark.parametrize("locale", LANGUAGES)
class TestChoice:
    def test_an_open_persona_is_told_of_and_can_be_talked_to(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        server.personas.offered = (offer(replace(SARADO, retires_on=date(2027, 1, 20))),)
        test = open_page("persona", locale)
        text = words(test)
        assert "사라도령" in text
        assert "&lt;i&gt;꽃" in text
        assert "cedar" in text
        assert "gpt-realtime-2.1-mini" in text
        assert "2027" in text
        assert _("Open until {moment}").split("{")[0] in text
        assert not any("EARSHOT_REALTIME_API_KEY" in mark.proto.help for mark in test.markdown)
        assert not test.button(key="talk-sarado").disabled
        test.button(key="talk-sarado").click().run()
        assert ("start_persona", "sarado") in server.done
        assert test.query_params["call"] == "persona"
        assert has(test, "earshot_persona_talk")
        assert has(test, "earshot_leg_panel")

    def test_a_closed_one_says_when_it_opens(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        server.personas.offered = (offer(is_open=False),)
        test = open_page("persona", locale)
        begin = _("Closed now, opens {moment}").split("{")[0]
        assert begin in words(test)
        assert test.button(key="talk-sarado").disabled
        assert begin in test.button(key="talk-sarado").proto.help

    def test_a_rehearsal_is_always_open_and_says_what_makes_it_real(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        server.personas.offered = (offer(is_open=False, is_rehearsal=True),)
        test = open_page("persona", locale)
        assert _("Always open, being a rehearsal") in words(test)
        assert any("EARSHOT_REALTIME_API_KEY" in mark.proto.help for mark in test.markdown)
        assert not test.button(key="talk-sarado").disabled

    def test_what_is_wrong_with_one_is_said_in_place_of_talking(self, server: PageBackend, locale: str) -> None:
        problem = PersonaModelUnknown(server="api.openai.com", model="gpt-realtime")
        server.personas.offered = (offer(problem=problem),)
        test = open_page("persona", locale)
        assert test.error[0].value == describe(problem, translator(locale[:2]))
        assert test.button(key="talk-sarado").disabled

    def test_without_files_it_says_where_to_put_one_and_broken_ones_are_listed(
        self, server: PageBackend, locale: str
    ) -> None:
        problem = PersonaFileInvalid(path="personas/nadia.toml", key="voice", reason=Message("it is missing"))
        server.personas.broken = (problem,)
        test = open_page("persona", locale)
        assert str(server.settings.persona_dir) in test.info[0].value
        assert test.warning[0].value == describe(problem, translator(locale[:2]))

    def test_one_that_closed_in_the_meantime_says_so(self, server: PageBackend, locale: str) -> None:
        server.personas.offered = (offer(),)
        test = open_page("persona", locale)
        server.personas.error = PersonaClosed(persona="사라도령", opens=Message("it is missing"))
        test.button(key="talk-sarado").click().run()
        assert test.error[0].value == describe(server.personas.error, translator(locale[:2]))
        assert "call" not in test.query_params


@pytest.mark.parametrize("locale", LANGUAGES)
class TestSeat:
    def test_a_running_call_has_a_leg_a_view_and_a_link_for_somebody_else(
        self, server: PageBackend, locale: str
    ) -> None:
        persona_call()
        test = open_page("persona", locale, call="c1")
        for component in ("earshot_leg_panel", "earshot_persona_talk", "earshot_copy_button"):
            assert has(test, component)
        assert translator(locale[:2])("Rehearsal") in words(test)

    def test_an_ended_one_keeps_its_view_and_leads_on(self, server: PageBackend, locale: str) -> None:
        persona_call(CallState.ENDED)
        test = open_page("persona", locale, call="c1")
        assert has(test, "earshot_persona_talk")
        assert not has(test, "earshot_leg_panel")
        test.button(key="talk-anew").click().run()
        assert "call" not in test.query_params
        assert not has(test, "earshot_persona_talk")


class TestPlaces:
    def test_a_call_between_people_is_shown_on_its_own_page(self, server: PageBackend) -> None:
        server.put(make_snapshot(make_call("c1")))
        assert has(open_page("persona", call="c1"), "earshot_live_view")

    def test_who_may_not_talk_is_not_led_there_and_told_so(self, server: PageBackend) -> None:
        server.sign_in.person = Person("user:abe", "Abe", UserRole.ANALYST, SignInMethod.PASSWORD)
        test = open_page("persona")
        assert translator("en")("AI personas") not in [link.proto.label for link in test.get("page_link")]
        assert test.error

    @pytest.mark.parametrize("role", UserRole)
    def test_a_customer_s_place_is_taken_from_a_desk_in_a_persona_s_call_alone(
        self, server: PageBackend, role: UserRole
    ) -> None:
        person = Person("user:ann", "Ann", role, SignInMethod.PASSWORD)
        persona_call(CallState.LIVE)
        server.change(CallId("c1"), call=replace(server.call(CallId("c1")), created_by=person.id))
        server.put(make_snapshot(make_call("people", participants=())))
        server.sign_in.person = person
        desk = Desk(cast(Any, server), person)
        if person.may(Right.TALK):
            assert desk.join(CallId("c1"), Role.CUSTOMER, "Ann").person_id == person.id
        else:
            with pytest.raises(AccessDenied):
                desk.join(CallId("c1"), Role.CUSTOMER, "Ann")
        with pytest.raises(AccessDenied):
            desk.join(CallId("people"), Role.CUSTOMER, "Ann")


@pytest.mark.parametrize("locale", LANGUAGES)
class TestGuest:
    def test_a_link_opens_the_same_view_without_anything_of_the_desk(self, server: PageBackend, locale: str) -> None:
        persona_call()
        test = open_page("join", locale, t=server.tokens.join_token(CallId("c1"), Role.CUSTOMER))
        assert has(test, "earshot_persona_talk")
        assert has(test, "earshot_leg_panel")
        assert not test.get("page_link")
        assert test.info[0].value == translator(locale[:2])(
            "This call is transcribed: what you say is written down and kept."
        )

    def test_who_was_not_in_it_sees_nothing_of_an_ended_one(self, server: PageBackend, locale: str) -> None:
        persona_call(CallState.ENDED, GUEST)
        test = open_page("join", locale, t=server.tokens.join_token(CallId("c1"), Role.CUSTOMER))
        assert test.error
        assert not has(test, "earshot_persona_talk")
