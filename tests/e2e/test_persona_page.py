"""The page of the AI personas in a real browser, on a call that the test makes up: what is shown in every state."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Act, OpenPage
from tests.support.browser import eventually, screenshot
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "persona_app.py"
STATES = {
    "connecting": ("Connecting to 사라도령…", "사라도령 님에게 연결하는 중…"),
    "listening": ("사라도령 is listening", "사라도령 님이 듣고 있어요"),
    "thinking": ("사라도령 is thinking", "사라도령 님이 생각하고 있어요"),
    "speaking": ("사라도령 is speaking", "사라도령 님이 말하고 있어요"),
    "reconnecting": ("Reconnecting: attempt 2 of 5", "다시 연결하는 중: 5번 중 2번째"),
    "closed": ("사라도령 is closed now", "사라도령 님은 운영 시간이 끝났어요"),
    "failed": ("사라도령 has stopped", "사라도령 님의 대화가 멈췄어요"),
    "held": ("박지현 has taken over", "박지현 님이 대신 이야기하고 있어요"),
    "over": ("The conversation has ended", "대화가 끝났어요"),
}
INTERRUPTIBLE = ("thinking", "speaking")


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("persona")) as server:
        yield server


@pytest.fixture
def act(act: Act) -> Act:
    act("reset")
    return act


def done(server: Server) -> list[str]:
    """What the pages asked the server for."""
    with urllib.request.urlopen(f"{server.url}/done", timeout=10) as answer:
        return list(json.load(answer))


def title(page: Page, text: str) -> None:
    expect(page.locator(".pt-title")).to_have_text(text, timeout=30_000)


LOOKS = ((0, "light", 1280), (1, "dark", 390), (0, "dark", 1280), (1, "light", 390))
"""Language (0 English, 1 Korean), theme and width of the pictures to be looked at."""


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_every_state_is_said_in_words_and_leaves_everything_in_its_place(
    server: Server, open_page: OpenPage, act: Act, language: int, theme: str, width: int
) -> None:
    locale = ("en-US", "ko-KR")[language]
    page = open_page(f"{server.url}/persona?call=c1", locale=locale, theme=theme, width=width, height=844)
    title(page, ("Press START to talk with 사라도령", "시작을 누르면 사라도령 님과 이야기할 수 있어요")[language])
    expect(page.locator("iframe[title^=streamlit_webrtc]")).to_be_visible(timeout=30_000)
    screenshot(page, f"persona-waiting-{locale[:2]}-{theme}-{width}")
    page.locator(".es-persona").evaluate("view => { view.dataset.mark = 'same'; }")
    act("connect")
    act("talk")
    places = set()
    for state, words in STATES.items():
        act(state)
        title(page, words[language])
        if state in ("failed", "reconnecting"):
            expect(page.locator(".pt-line")).to_contain_text("api.openai.com")
        if state != "over":
            expect(page.locator(".pt-interrupt")).to_be_enabled(enabled=state in INTERRUPTIBLE)
            places.add(str(page.locator(".st-key-persona-leg").bounding_box()))
        page.wait_for_timeout(400)
        screenshot(page, f"persona-{state}-{locale[:2]}-{theme}-{width}")
    assert len(places) == 1
    expect(page.locator(".es-persona")).to_have_attribute("data-mark", "same")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_personas_are_told_apart_and_only_open_ones_can_be_chosen(
    server: Server, open_page: OpenPage, act: Act, language: int, theme: str, width: int
) -> None:
    act("broken")
    locale = ("en-US", "ko-KR")[language]
    page = open_page(f"{server.url}/persona", locale=locale, theme=theme, width=width, height=900)
    for name, is_open in (("sarado", True), ("morgan", False), ("nadia", True), ("olaf", False)):
        button = page.locator(f".st-key-talk-{name} button").locator("visible=true")
        expect(button).to_be_enabled(enabled=is_open, timeout=30_000)
    expect(page.get_by_text("nadia.toml")).to_be_visible()
    page.wait_for_timeout(500)
    picture = f"persona-choice-{locale[:2]}-{theme}-{width}"
    page.screenshot(path=screenshot(page, picture), full_page=True)
    page.locator(".st-key-talk-sarado button").locator("visible=true").click()
    page.wait_for_url("**/persona?call=persona")
    expect(page.locator(".es-persona")).to_be_visible()
    assert "start_persona" in done(server)


def test_interrupt_is_a_button_and_a_key_but_not_while_a_syllable_is_composed(
    server: Server, open_page: OpenPage, act: Act
) -> None:
    page = open_page(f"{server.url}/persona?call=c1")
    act("connect")
    act("listening")
    title(page, "사라도령 is listening")
    page.keyboard.press("Escape")
    act("speaking")
    title(page, "사라도령 is speaking")
    assert "interrupt" not in done(server)
    composing = "new KeyboardEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true })"
    page.locator(".pt-field").evaluate(f"field => field.dispatchEvent({composing})")
    page.locator(".pt-interrupt").click()
    eventually(page, lambda: done(server).count("interrupt") == 1, "the button interrupts")
    act("thinking")
    title(page, "사라도령 is thinking")
    expect(page.locator(".pt-interrupt")).to_be_enabled()
    page.locator(".pt-field").click()
    page.keyboard.press("Escape")
    eventually(page, lambda: done(server).count("interrupt") == 2, "the key interrupts")
    # Whoever has pressed START is in the frame that holds it.
    expect(page.locator(".pt-interrupt")).to_be_enabled()
    page.frame_locator("iframe[title^=streamlit_webrtc]").first.get_by_role("button", name="START").focus()
    page.keyboard.press("Escape")
    eventually(page, lambda: done(server).count("interrupt") == 3, "the key interrupts from within the frame")


def test_between_start_and_the_connection_it_says_so(server: Server, open_page: OpenPage, act: Act) -> None:
    page = open_page(f"{server.url}/persona?call=c1")
    title(page, "Press START to talk with 사라도령")
    act("come")
    title(page, "Connecting to 사라도령…")
    act("connect")
    title(page, "사라도령 is listening")


def test_customers_are_told_by_name_only_where_another_one_talks_too(
    server: Server, open_page: OpenPage, act: Act
) -> None:
    page = open_page(f"{server.url}/persona?call=c1")
    act("visitor_left")
    act("talk")
    own = page.locator(".pt-said[data-role=customer] .pt-who").first
    expect(own).to_have_text("You")
    act("visitor_spoke")
    expect(own).to_have_text("이서준")
    page.locator(".pt-end").click()
    expect(page.locator(".pt-end")).to_be_disabled()


def test_a_page_that_runs_anew_does_not_fade_the_conversation(server: Server, open_page: OpenPage, act: Act) -> None:
    page = open_page(f"{server.url}/persona?call=c1")
    title(page, "Press START to talk with 사라도령")
    place = page.locator("[data-testid=stElementContainer]:has(.es-persona)")
    place.evaluate("place => { place.dataset.stale = 'true'; place.style.opacity = '0.33'; }")
    expect(place).to_have_css("opacity", "1")


def test_words_are_told_to_screen_readers_once_they_are_final(server: Server, open_page: OpenPage, act: Act) -> None:
    page = open_page(f"{server.url}/persona?call=c1")
    act("connect")
    title(page, "사라도령 is listening")
    act("talk")
    spoken = page.locator(".es-persona .pt-sr")
    expect(spoken).to_have_attribute("aria-live", "polite")
    expect(spoken.locator("p").last).to_have_text("사라도령: 괜찮고말고요, 하는 제주말이우다.")
    expect(page.locator(".pt-said[data-interim]")).to_contain_text("아, 그")
    marks = page.locator(".pt-lines .pt-marks")
    expect(marks.filter(has_text="interrupted")).to_have_count(1)
    expect(marks.filter(has_text="written")).to_have_count(1)


def test_a_lost_stream_is_said_and_taken_up_again(server: Server, open_page: OpenPage, act: Act) -> None:
    page = open_page(f"{server.url}/persona?call=c1")
    act("connect")
    act("speaking")
    title(page, "사라도령 is speaking")
    act("cut")
    expect(page.locator(".pt-line")).to_contain_text("Reconnecting", timeout=20_000)
    expect(page.locator(".pt-interrupt")).to_be_disabled()
    act("listening")
    act("mend")
    title(page, "사라도령 is listening")
    expect(page.locator(".pt-line")).not_to_contain_text("Reconnecting")


def test_a_guest_by_link_takes_a_seat_writes_and_leaves(server: Server, open_page: OpenPage, act: Act) -> None:
    page = open_page(f"{server.url}/join?t=join-c1", locale="ko-KR", width=390, height=844)
    title(page, "시작을 누르면 사라도령 님과 이야기할 수 있어요")
    expect(page.locator(".pt-send")).to_be_disabled()
    page.locator(".pt-field").fill("먼저 쓴 글")
    screenshot(page, "persona-join-before")
    page.frame_locator("iframe[title^=streamlit_webrtc]").first.get_by_role("button", name="시작").click()
    eventually(page, lambda: "connect" in done(server), "a leg was opened", limit_s=30)
    expect(page.locator(".pt-send")).to_be_enabled(timeout=30_000)
    expect(page.locator(".pt-field")).to_have_value("먼저 쓴 글")
    page.locator(".pt-send").click()
    expect(page.locator(".pt-lines .pt-text")).to_have_text(["먼저 쓴 글"])
    act("speaking")
    title(page, "사라도령 님이 말하고 있어요")
    screenshot(page, "persona-join-talking")
    page.locator(".pt-end").click()
    expect(page.get_by_text("통화에서 나갔습니다", exact=False)).to_be_visible(timeout=30_000)
    title(page, "대화에서 나왔어요")
    eventually(page, lambda: "leave" in done(server), "the seat was left")
    screenshot(page, "persona-join-left")
