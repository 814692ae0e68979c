"""Every page, in both languages, in every state that a reader can meet."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import core
from core import backend as composition
from core.assist.scenarios import ScenarioFolder
from core.calls.wrap_ups import WrapUpReport
from core.language.catalogue import describe, translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, CallOrigin, CallState, LegId, LegState, Participant, ParticipantId, Role
from core.model.errors import DiskFull, KnowledgeFileInvalid, LinkExpired, LinkInvalid, MediaProcessDown
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.utterance import Utterance
from core.model.wrap_up import WrapUp, WrapUpDraft, WrapUpText
from core.ui.browser_memory import BrowserMemory
from tests.fakes.page_backend import PageBackend, make_call, make_snapshot

MAIN = Path(core.__file__).parent.parent / "pages" / "main.py"
LANGUAGES = ("en-US", "ko-KR")
AGENT = Participant(ParticipantId("p1"), "김민지", Role.AGENT, 0.0, LegId("l1"), LegState.CONNECTED)
WAITING = Message("{count} records are waiting in memory.", {"count": 3})
LEFT_OUT = KnowledgeFileInvalid(path="ko/요금.md", reason="item 1")
CUSTOMER = Participant(ParticipantId("p2"), "<b>Mallory</b>", Role.CUSTOMER, 0.0, LegId("l2"), LegState.LOST)


def open_page(page: str = "", locale: str = "en-US", **query: str) -> AppTest:
    test = AppTest.from_file(str(MAIN), default_timeout=30)
    test.context = {"locale": locale, "url": f"http://localhost:8501/{page}"}
    test.run()
    if page:
        test.switch_page(f"{page}.py")
    test.query_params.clear()
    test.query_params.update(query)
    test.run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def remembering(cookie: str, value: str) -> BrowserMemory:
    """What a session knows whose browser took a seat before."""
    memory = BrowserMemory()
    memory.pending[cookie] = value
    return memory


def words(test: AppTest) -> str:
    """All that is written on the page in Streamlit's own elements."""
    kinds = (test.title, test.subheader, test.markdown, test.caption, test.error, test.warning, test.info, test.success)
    written = [element.value for kind in kinds for element in kind]
    written += [element.proto.body for element in test.get("html")]
    written += [button.label for button in test.button]
    written += [link.proto.label for link in test.get("page_link")]
    written += [box.proto.popover.label for box in test.get("popover")]
    return "\n".join(written)


def has(test: AppTest, name: str) -> bool:
    return any(name in str(element.proto) for element in test.get("bidi_component"))


def utterance(text: str) -> Utterance:
    return Utterance("u1", CUSTOMER.id, CUSTOMER.name, Role.CUSTOMER, text, True, 1.0, 2.0, 0.9, "whisper", "base", 2.5)


@pytest.mark.parametrize("locale", LANGUAGES)
class TestHome:
    def test_without_calls_it_says_how_to_begin(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        text = words(open_page(locale=locale))
        assert _("Start demo call") in text
        assert _("New call") in text
        assert _("No call is running. Start the demo to see one, or start a call of your own.") in text
        assert _("Calls that have ended are kept and listed here.") in text

    def test_running_and_ended_calls_are_listed(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        live = make_call("c1", participants=(AGENT, CUSTOMER))
        server.put(make_snapshot(live, utterances=(utterance("요금이 <i>너무</i> 나왔어요"),)))
        server.put(make_snapshot(make_call("c2", CallState.WAITING)))
        server.put(make_snapshot(make_call("c3", CallState.ENDED, CallOrigin.SCRIPT)))
        test = open_page(locale=locale)
        text = words(test)
        for state in ("Live", "Waiting", "Ended"):
            assert _(state) in text
        assert _("Script demo, text only") in text
        assert "1:15" in text
        links = [link.proto for link in test.get("page_link")]
        assert {link.query_string for link in links} >= {"call=c1", "call=c2", "call=c3"}

    def test_a_part_that_is_down_says_its_sentence(self, server: PageBackend, locale: str) -> None:
        server.parts = (
            PartHealth("store", PartState.DOWN, needed=True, detail=(DiskFull(path="data"), WAITING)),
            PartHealth("guidance", PartState.DEGRADED, needed=False, detail=(LEFT_OUT,)),
        )
        test = open_page(locale=locale)
        _ = translator(locale[:2])
        assert f"{describe(DiskFull(path='data'), _)} {describe(WAITING, _)}" in test.error[0].value
        assert describe(LEFT_OUT, _) in test.warning[0].value


class TestStarting:
    def test_what_callers_say_and_are_called_is_text_and_not_markup(self, server: PageBackend) -> None:
        server.put(make_snapshot(make_call(participants=(AGENT, CUSTOMER)), utterances=(utterance("<i>x</i>"),)))
        text = words(open_page())
        assert "&lt;b&gt;Mallory" in text
        assert "<b>Mallory" not in text
        assert "&lt;i&gt;x" in text

    def test_the_demo_is_one_click(self, server: PageBackend) -> None:
        test = open_page()
        test.button(key="start-demo").click().run()
        assert ("start_demo",) in server.done
        assert test.query_params["call"] == "demo"

    @pytest.mark.parametrize("name", [scenario.name for scenario in PageBackend().scenarios().scenarios])
    def test_every_scripted_demo_can_be_started(self, server: PageBackend, name: str) -> None:
        test = open_page(locale="ko-KR")
        test.button(key=f"start-script-{name}").click().run()
        assert ("start_scenario", name) in server.done
        assert test.query_params["call"] == "script"

    @pytest.mark.parametrize("locale", LANGUAGES)
    def test_a_folder_without_demos_and_a_broken_file_are_told(
        self, server: PageBackend, locale: str, tmp_path: Path
    ) -> None:
        _ = translator(locale[:2])
        server.folder = ScenarioFolder(tmp_path)
        none = _("There are no scripted demos. demo/README.md tells how to write one.")
        assert none in words(open_page(locale=locale))
        (tmp_path / "broken.json").write_text("[{")
        text = words(open_page(locale=locale))
        assert "broken" in text
        assert none not in text

    def test_a_demo_that_cannot_start_says_why(self, server: PageBackend) -> None:
        server.demo_error = MediaProcessDown()
        test = open_page(locale="ko-KR")
        test.button(key="start-demo").click().run()
        assert test.error[0].value == translator("ko")(MediaProcessDown.template)

    def test_a_new_call_has_the_chosen_language(self, server: PageBackend) -> None:
        test = open_page()
        test.segmented_control(key="spoken-language").set_value("en").run()
        test.button(key="new-call").click().run()
        assert ("start_call", "en") in server.done
        assert test.query_params["call"] == "new"


@pytest.mark.parametrize("locale", LANGUAGES)
class TestLive:
    @pytest.mark.parametrize("state", [CallState.WAITING, CallState.LIVE])
    def test_a_running_call_can_be_joined_heard_and_ended(
        self, server: PageBackend, locale: str, state: CallState
    ) -> None:
        _ = translator(locale[:2])
        server.put(make_snapshot(make_call(state=state, participants=(CUSTOMER,))))
        test = open_page("live", locale, call="c1")
        assert has(test, "earshot_live_view")
        assert has(test, "earshot_leg_panel")
        assert has(test, "earshot_copy_button")
        assert _("Listen") in words(test)
        test.button(key="end:c1").click().run()
        assert ("end_call", "c1") in server.done

    def test_an_ended_call_has_its_record_and_no_controls(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(make_call(state=CallState.ENDED, participants=(AGENT, CUSTOMER))))
        test = open_page("live", locale, call="c1")
        assert has(test, "earshot_live_view")
        assert not has(test, "earshot_leg_panel")
        assert not [b for b in test.button if b.key and b.key.startswith("end:")]

    @pytest.mark.parametrize("origin", [CallOrigin.DEMO, CallOrigin.DEMO_DIRECT])
    def test_a_demo_is_for_listening(self, server: PageBackend, locale: str, origin: CallOrigin) -> None:
        server.put(make_snapshot(make_call(origin=origin, participants=(AGENT, CUSTOMER))))
        test = open_page("live", locale, call="c1")
        assert not has(test, "earshot_leg_panel")
        assert not has(test, "earshot_copy_button")
        test.button(key="to_listen:c1").click().run()
        assert not test.exception
        assert has(test, "earshot_leg_panel")

    def test_a_direct_demo_says_that_its_figures_are_not_from_a_network(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(make_call(origin=CallOrigin.DEMO_DIRECT)))
        sentence = "not from a network" if locale == "en-US" else "네트워크에서 잰 것이 아닙니다"
        assert sentence in words(open_page("live", locale, call="c1"))

    def test_a_scripted_call_has_nothing_to_hear(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(make_call(origin=CallOrigin.SCRIPT, participants=(AGENT, CUSTOMER))))
        test = open_page("live", locale, call="c1")
        assert not [b for b in test.button if b.key == "to_listen:c1"]

    def test_an_unknown_call_is_named_and_there_is_a_way_back(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("live", locale, call="nowhere")
        assert "nowhere" in test.error[0].value
        assert _("Back to the calls") in words(test)
        assert not has(test, "earshot_live_view")


class TestComingBack:
    def seated(self, server: PageBackend) -> AppTest:
        server.put(make_snapshot(make_call(participants=(replace(AGENT, leg_state=LegState.LOST),))))
        test = AppTest.from_file(str(MAIN), default_timeout=30)
        test.context = {"locale": "en-US"}
        test.session_state["browser_memory"] = remembering("earshot_seat_c1_agent", "p1")
        test.run()
        test.switch_page("live.py")
        test.query_params["call"] = "c1"
        return test.run()

    def test_a_former_participant_is_offered_the_old_seat(self, server: PageBackend) -> None:
        test = self.seated(server)
        assert test.button(key="reattach:c1").label == "Reattach as 김민지"
        before = self.leg_panel(test)
        test.button(key="reattach:c1").click().run()
        assert not test.exception
        after = self.leg_panel(test)
        assert '"autostart":1' in after.json.replace(" ", "")
        # START is pressed in the frame that is there: another widget's would have to be loaded first.
        assert after.id == before.id

    def leg_panel(self, test: AppTest) -> Any:
        return next(e for e in test.get("bidi_component") if "earshot_leg_panel" in str(e.proto)).proto

    def test_a_stranger_is_not(self, server: PageBackend) -> None:
        server.put(make_snapshot(make_call(participants=(AGENT,))))
        test = open_page("live", call="c1")
        assert not [b for b in test.button if b.key == "reattach:c1"]


class TestLanguages:
    def test_everybody_s_language_is_changed_from_the_live_page(self, server: PageBackend) -> None:
        there = replace(CUSTOMER, leg_state=LegState.CONNECTED, language="en")
        server.put(make_snapshot(make_call(participants=(replace(AGENT, leg_state=LegState.CONNECTED), there))))
        test = open_page("live", call="c1")
        assert not test.selectbox, "what is drawn before the panel is opened may be old by then"
        test.session_state["languages:c1"] = True
        test.run()
        assert [each.value for each in test.text] == [AGENT.name, "<b>Mallory</b>"]
        assert [(choice.label, choice.value) for choice in test.selectbox] == [("Agent", "ko"), ("Customer", "en")]
        test.selectbox[1].select("ko").run()
        assert ("set_language", "c1", there.id, "ko") in server.done
        assert not test.exception

    def test_where_nobody_is_there_is_nothing_to_choose(self, server: PageBackend) -> None:
        server.put(make_snapshot(make_call(CallState.WAITING.value, CallState.WAITING)))
        test = open_page("live", call=CallState.WAITING.value)
        assert not test.selectbox
        assert not test.exception


DRAFT = WrapUpDraft(WrapUpText("요금", "요금이 두 번 나감", ("확인", "환불")), "extractive", "", 1_790_000_085.0, 0.1)


@pytest.mark.parametrize("locale", LANGUAGES)
class TestWrapUp:
    """Of a call that is over."""

    def opened(self, server: PageBackend, report: WrapUpReport, locale: str) -> AppTest:
        server.put(make_snapshot(make_call("over", CallState.ENDED, participants=(AGENT,))))
        server.wrap_ups[CallId("over")] = report
        test = open_page("live", locale, call="over")
        test.button(key="wrap-up:over").click().run()
        assert not test.exception
        return test

    def test_the_draft_is_mended_and_filed(self, server: PageBackend, locale: str) -> None:
        test = self.opened(server, WrapUpReport(WrapUp(DRAFT, None), is_being_drafted=False), locale)
        version = f"over:{DRAFT.at}"
        assert test.text_area(key=f"wrap-up-steps:{version}").value == "확인\n환불"
        test.text_input(key=f"wrap-up-outcome:{version}").input("3일 안에 환불")
        test.button[-2].click().run()
        assert not test.exception
        ((_, call_id, text),) = [each for each in server.done if each[0] == "file_wrap_up"]
        assert (call_id, text) == ("over", replace(DRAFT.text, outcome="3일 안에 환불"))
        assert "Developer" in test.success[0].value

    def test_where_there_is_no_draft_one_is_asked_for(self, server: PageBackend, locale: str) -> None:
        test = self.opened(server, WrapUpReport(None, is_being_drafted=False), locale)
        assert test.info[0].value == translator(locale[:2])("There is no draft of this call.")
        test.button[-1].click().run()
        assert ("draft_wrap_up", "over") in server.done

    def test_a_draft_that_is_being_written_is_waited_for(self, server: PageBackend, locale: str) -> None:
        test = self.opened(server, WrapUpReport(None, is_being_drafted=True), locale)
        assert test.info[0].value == translator(locale[:2])("The draft is being written…")
        assert not test.text_area

    def test_who_may_not_file_reads_the_draft(self, server: PageBackend, locale: str) -> None:
        server.sign_in.person = Person("a", "Ann", UserRole.ANALYST, SignInMethod.DEVELOPMENT)
        test = self.opened(server, WrapUpReport(WrapUp(DRAFT, None), is_being_drafted=False), locale)
        assert not test.text_area
        assert "1. 확인\n2. 환불" in [each.value for each in test.text]


def open_own_seat(server: PageBackend, locale: str) -> AppTest:
    """The Join page of a customer who is in the call already."""
    server.put(make_snapshot(make_call(participants=(AGENT, replace(CUSTOMER, leg_state=LegState.CONNECTED)))))
    test = AppTest.from_file(str(MAIN), default_timeout=30)
    test.context = {"locale": locale}
    test.session_state["browser_memory"] = remembering("earshot_seat_c1_customer", "p2")
    test.run()
    test.switch_page("join.py")
    test.query_params["t"] = server.tokens.join_token(CallId("c1"), Role.CUSTOMER)
    test.run()
    return test


@pytest.mark.parametrize("locale", LANGUAGES)
class TestJoin:
    def test_it_says_that_the_call_is_transcribed_and_shows_nothing_else(
        self, server: PageBackend, locale: str
    ) -> None:
        _ = translator(locale[:2])
        server.put(make_snapshot(make_call(participants=(AGENT,))))
        test = open_page("join", locale, t=server.tokens.join_token(CallId("c1"), Role.CUSTOMER))
        assert test.info[0].value == _("This call is transcribed: what you say is written down and kept.")
        assert test.text_input(key="join-name").label == _("Your name")
        assert has(test, "earshot_leg_panel")
        assert not has(test, "earshot_live_view")
        assert not test.get("page_link")
        assert not test.button

    def test_one_s_language_is_the_call_s_until_one_chooses_another(self, server: PageBackend, locale: str) -> None:
        test = open_own_seat(server, locale)
        (choice,) = test.selectbox
        assert choice.label == translator(locale[:2])("The language you speak")
        assert (choice.value, choice.options) == ("ko", ["한국어", "English"])
        choice.select("en").run()
        assert ("set_language", "c1", "p2", "en") in server.done
        assert test.selectbox[0].value == "en"
        server.set_language(CallId("c1"), CUSTOMER.id, "ko")
        test.run()
        assert test.selectbox[0].value == "ko", "whoever changes it, the page shows it"
        assert not test.exception

    def test_leaving_is_told_to_the_server_and_can_be_taken_back(self, server: PageBackend, locale: str) -> None:
        test = open_own_seat(server, locale)
        test.button(key="join-leave").click().run()
        assert ("leave", "c1", "p2") in server.done
        assert test.success
        test.button(key="join-again").click().run()
        assert not test.exception
        assert test.info

    def test_a_call_that_has_ended_says_so(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(make_call(state=CallState.ENDED)))
        test = open_page("join", locale, t=server.tokens.join_token(CallId("c1"), Role.CUSTOMER))
        assert "c1" in test.error[0].value
        assert not has(test, "earshot_leg_panel")

    def test_whoever_was_in_a_call_that_has_ended_is_told_so(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(make_call(state=CallState.ENDED, participants=(CUSTOMER,))))
        test = AppTest.from_file(str(MAIN), default_timeout=30)
        test.context = {"locale": locale}
        test.session_state["browser_memory"] = remembering("earshot_seat_c1_customer", "p2")
        test.run()
        test.switch_page("join.py")
        test.query_params["t"] = server.tokens.join_token(CallId("c1"), Role.CUSTOMER)
        test.run()
        assert test.success[0].value == translator(locale[:2])("The call has ended. You may close this page.")
        assert not test.error

    @pytest.mark.parametrize("error", [LinkExpired(), LinkInvalid()])
    def test_a_bad_link_says_what_to_do(self, server: PageBackend, locale: str, error: LinkExpired) -> None:
        server.link_error = error
        test = open_page("join", locale, t="x")
        assert test.error[0].value == translator(locale[:2])(error.template)
        assert not test.get("page_link")

    def test_a_link_without_a_token_is_bad(self, server: PageBackend, locale: str) -> None:
        assert open_page("join", locale).error


class TestLanguage:
    def test_the_switch_changes_the_words_at_once(self, server: PageBackend) -> None:
        test = open_page(locale="en-US")
        test.segmented_control(key="interface_language_switch").set_value("ko").run()
        assert not test.exception
        assert test.title[0].value == translator("ko")("Overview")

    def test_a_server_that_is_not_open_yet_says_so(self) -> None:
        composition.install(None)
        test = open_page(locale="ko-KR")
        assert "시작 중" in test.error[0].value
