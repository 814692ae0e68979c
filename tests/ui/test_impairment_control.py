"""The control that impairs a demo: who is offered it, what it does, and what it says is done."""

import pytest

from core.language.catalogue import translator
from core.model.audit import AuditAction
from core.model.call import CallOrigin, CallState
from core.model.errors import MediaProcessDown
from core.model.impairment import CLEAN, Impairment
from tests.fakes.page_backend import PageBackend, make_call, make_snapshot
from tests.ui.test_pages import AGENT, CUSTOMER, LANGUAGES, open_page, words

LABEL = "Impair this demo"


@pytest.fixture
def demo(server: PageBackend) -> PageBackend:
    server.put(make_snapshot(make_call(origin=CallOrigin.DEMO, participants=(AGENT, CUSTOMER))))
    return server


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_side_is_impaired_as_chosen_and_it_is_shown(demo: PageBackend, locale: str) -> None:
    _ = translator(locale[:2])
    test = open_page("live", locale, call="c1")
    assert _(LABEL) in words(test)
    test.segmented_control(key="impaired_side:c1").set_value(AGENT.id).run()
    test.select_slider(key="loss_pct:c1").set_value(20).run()
    test.button(key="impair:c1").click().run()
    assert demo.impaired == {AGENT.id: Impairment(loss_pct=20)}
    assert f"김민지 ({_('Agent')}): {_('Lossy network')}, {_('{n} % of the packets').format(n=20)}" in words(test)


def test_a_kind_without_a_strength_asks_for_none(demo: PageBackend) -> None:
    test = open_page("live", call="c1")
    test.radio(key="impairment:c1").set_value("is_microphone_dead").run()
    assert not test.select_slider
    test.button(key="impair:c1").click().run()
    assert demo.impaired == {CUSTOMER.id: Impairment(is_microphone_dead=True)}
    (line,) = [line for line in demo.lines if line.action is AuditAction.DEMO_IMPAIRED]
    assert line.detail == {"name": CUSTOMER.name, "change": "is_microphone_dead"}


def test_it_is_clean_again_on_both_sides_at_once(demo: PageBackend) -> None:
    demo.impaired = {AGENT.id: Impairment(is_blocked=True), CUSTOMER.id: Impairment(loss_pct=5)}
    test = open_page("live", call="c1")
    test.button(key="impair_no_more:c1").click().run()
    assert set(demo.impaired.values()) == {CLEAN}
    assert test.button(key="impair_no_more:c1").disabled


def test_what_could_not_be_done_is_said_beside_the_leg_and_not_above_it(demo: PageBackend) -> None:
    demo.impairment_error = MediaProcessDown()
    test = open_page("live", call="c1")
    test.button(key="impair:c1").click().run()
    assert test.toast[0].value == str(MediaProcessDown())
    assert not test.error


@pytest.mark.parametrize("locale", LANGUAGES)
def test_without_a_network_it_says_why_there_is_nothing_to_choose(server: PageBackend, locale: str) -> None:
    _ = translator(locale[:2])
    server.put(make_snapshot(make_call(origin=CallOrigin.DEMO_DIRECT, participants=(AGENT, CUSTOMER))))
    test = open_page("live", locale, call="c1")
    assert _(LABEL) in words(test)
    assert _("There is no network between the voices that could be impaired.") in words(test)
    assert not [button for button in test.button if button.key == "impair:c1"]


@pytest.mark.parametrize("origin", [CallOrigin.BROWSER, CallOrigin.SCRIPT])
def test_only_voice_demos_have_it(server: PageBackend, origin: CallOrigin) -> None:
    server.put(make_snapshot(make_call(origin=origin, participants=(AGENT, CUSTOMER))))
    assert LABEL not in words(open_page("live", call="c1"))


def test_a_demo_that_has_ended_has_it_no_more(server: PageBackend) -> None:
    ended = make_call(state=CallState.ENDED, origin=CallOrigin.DEMO, participants=(AGENT, CUSTOMER))
    server.put(make_snapshot(ended))
    assert LABEL not in words(open_page("live", call="c1"))
