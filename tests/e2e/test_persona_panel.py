"""What the live page shows of a call's AI persona, in a real browser, on a call that the test makes up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Act, OpenPage
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "pages_app.py"


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("pages")) as server:
        yield server


@pytest.fixture
def live(server: Server, open_page: OpenPage, act: Act) -> Iterator[Page]:
    act("persona")
    page = open_page(f"{server.url}/live?call=c1", locale="en-US")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(panel(page)).to_be_visible(timeout=30_000)
    yield page
    assert errors == []


def panel(page: Page) -> Locator:
    return page.locator(".es-ai")


def test_a_call_between_people_has_no_persona_panel(server: Server, open_page: OpenPage, act: Act) -> None:
    act("reset")
    page = open_page(f"{server.url}/live?call=c1", locale="en-US")
    expect(page.locator(".es-bar-row")).to_contain_text("Live", timeout=30_000)
    expect(panel(page)).to_be_hidden()


def test_what_the_persona_does_is_told_as_it_happens(live: Page, act: Act) -> None:
    state = live.locator(".es-ai-state")
    expect(panel(live).get_by_role("heading").first).to_have_text("사라도령")
    expect(panel(live)).to_contain_text("Rehearsal")
    expect(state).to_have_text("The persona listens")
    expect(live.locator(".es-ai-time")).to_have_text(re.compile(r"00:\d\d"))
    act("persona_speaks")
    expect(state).to_have_text("The persona speaks")
    act("persona_ails")
    expect(state).to_have_text("The persona reconnects, attempt 2 of 5")
    expect(live.locator(".es-ai-problem")).to_contain_text("was lost")
    expect(live.locator(".es-ai-counts li").first).to_have_text("reconnected 2×")
    expect(live.locator(".es-ai-counts")).to_contain_text("1.5 s of sound dropped")
    expect(live.locator(".es-ai-counts li[data-routine]")).to_have_count(2)
    act("persona_stops")
    expect(state).to_have_text("The persona has stopped")
    expect(live.locator(".es-ai-problem")).to_contain_text("Check the account's plan")
    expect(panel(live).get_by_role("button", name="Interrupt the persona")).to_be_hidden()


def test_a_held_persona_is_shown_as_waiting_and_says_for_whom(live: Page, act: Act) -> None:
    act("persona_held")
    expect(live.locator(".es-ai-state")).to_have_text("The persona waits for 박수진")
    expect(live.locator(".es-modes")).to_contain_text("박수진 has taken over from the persona")
    expect(live.get_by_role("button", name="Interrupt the persona")).to_have_attribute("aria-disabled", "")


def test_tool_calls_are_read_at_a_glance_and_one_that_is_folded_out_stays_so(live: Page, act: Act) -> None:
    calls = live.locator(".es-ai-calls details")
    expect(calls).to_have_count(2)
    expect(calls.first).to_have_attribute("data-outcome", "failed")
    expect(calls.first.locator("summary")).to_contain_text("it took too long")
    expect(calls.last.locator("summary")).to_contain_text("query: 환불 기간, language: ko")
    expect(calls.last.locator("summary")).to_contain_text("0.12 s")
    calls.last.locator("summary").click()
    expect(calls.last.locator("pre").last).to_contain_text("영업일로 사흘에서 닷새")
    act("persona_looks_up")
    expect(calls).to_have_count(3)
    expect(calls.first).to_have_attribute("data-outcome", "running")
    expect(calls.first.locator("summary")).to_contain_text(re.compile(r"for \d+ s"))
    expect(calls.last).to_have_attribute("open", "")


def test_a_call_that_ended_as_it_should_says_nothing_of_a_persona_that_has_stopped(live: Page, act: Act) -> None:
    act("persona_stops")
    act("end")
    expect(live.locator(".es-ai-state")).to_be_visible()
    expect(live.locator(".es-ai-problem")).to_be_visible()
    act("persona")
    act("end")
    live.reload()
    expect(panel(live).get_by_role("heading").first).to_have_text("사라도령")
    expect(panel(live)).to_have_attribute("data-calm", "")
    expect(live.locator(".es-ai-state")).to_be_hidden()


def test_what_was_typed_and_what_was_cut_short_is_marked_in_the_transcript(live: Page) -> None:
    cut = live.locator(".es-line", has_text="사흘에서")
    expect(cut.locator(".es-cut")).to_be_visible()
    typed = live.locator(".es-line", has_text="괜찮주게")
    expect(typed.get_by_text("written")).to_be_visible()
    expect(typed.locator(".es-cut")).to_be_hidden()


@pytest.mark.parametrize(("locale", "theme"), [("ko-KR", "light"), ("en-US", "dark")])
def test_the_panel_in_pictures(server: Server, open_page: OpenPage, act: Act, locale: str, theme: str) -> None:
    act("persona")
    page = open_page(f"{server.url}/live?call=c1", locale=locale, theme=theme)
    expect(panel(page)).to_be_visible(timeout=30_000)
    name = f"persona-panel-{locale[:2]}-{theme}"
    act("persona_looks_up")
    page.locator(".es-ai-calls summary").last.click()
    screenshot(page, f"{name}-tools")
    page.locator(".es-ai-calls summary").last.click()
    act("persona_ails")
    expect(page.locator(".es-ai-problem")).to_be_visible()
    screenshot(page, f"{name}-ailing")
    act("persona_held")
    expect(page.locator(".es-ai[data-state=held]")).to_be_visible()
    screenshot(page, f"{name}-held")
    act("persona_stops")
    expect(page.locator(".es-ai-problem[data-kind=bad]")).to_be_visible()
    screenshot(page, f"{name}-stopped")
    page.set_viewport_size({"width": 900, "height": 800})
    screenshot(page, f"{name}-narrow")
