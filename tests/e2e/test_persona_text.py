"""What is written to a persona, in Korean above all: sent once and whole, whatever happens around the box."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import Act, OpenPage
from tests.support.browser import eventually, screenshot
from tests.support.hangul import INPUT_METHOD_KEY, Hangul, stages
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "persona_app.py"
WORDS = ("혼저옵서예", "괜찮주게")
TEXT_ROUTE = "**/persona/text*"


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("persona")) as server:
        yield server


@pytest.fixture
def seat(server: Server, open_page: OpenPage, act: Act) -> Iterator[Page]:
    act("reset")
    act("connect")
    page = open_page(f"{server.url}/persona?call=c1", locale="ko-KR", width=1280)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(page.locator(".pt-title")).to_have_text("사라도령 님이 듣고 있어요", timeout=30_000)
    yield page
    act("calm")
    assert errors == []


def box(page: Page) -> Locator:
    return page.locator(".pt-field")


def came(server: Server) -> list[str]:
    """The texts that the server was sent, a repeated one as often as it came."""
    with urllib.request.urlopen(f"{server.url}/typed", timeout=10) as answer:
        return list(json.load(answer)["came"])


def counted(server: Server) -> list[str]:
    """The texts that the server counts: one for every id."""
    with urllib.request.urlopen(f"{server.url}/typed", timeout=10) as answer:
        return list(json.load(answer)["texts"].values())


def rerun(page: Page) -> None:
    """Have Streamlit run the page again, and change every word on it, without taking the focus from the box."""
    page.evaluate(
        "label => [...document.querySelectorAll('button')].find(one => one.textContent.trim() === label).click()",
        "English" if page.get_by_text("보내기", exact=True).count() else "한국어",
    )


def switch_theme(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)


@pytest.mark.parametrize("word", WORDS)
def test_enter_never_sends_while_a_syllable_is_composed_and_sends_the_whole_word_once_after(
    seat: Page, server: Server, word: str
) -> None:
    box(seat).click()
    hangul = Hangul(seat)
    for syllable in word:
        for stage in stages(syllable):
            hangul.compose(stage)
            hangul.enter()
            hangul.enter(INPUT_METHOD_KEY)
        hangul.commit(syllable)
    hangul.compose("ㅋ")
    hangul.enter(INPUT_METHOD_KEY)
    hangul.commit("ㅋ")
    expect(box(seat)).to_have_value(f"{word}ㅋ")
    assert came(server) == []
    hangul.enter()
    expect(box(seat)).to_have_value("")
    expect(seat.locator(".pt-lines .pt-text")).to_have_text([f"{word}ㅋ"])
    hangul.enter()
    seat.wait_for_timeout(500)
    assert came(server) == [f"{word}ㅋ"]


@pytest.mark.parametrize("word", WORDS)
def test_one_enter_that_ends_the_last_syllable_and_is_told_twice_sends_once(
    seat: Page, server: Server, word: str
) -> None:
    """Chromium with a Korean keyboard tells of the one key while composing, and again after."""
    box(seat).click()
    hangul = Hangul(seat)
    hangul.type(word[:-1])
    hangul.compose(word[-1])
    hangul.enter(INPUT_METHOD_KEY)
    hangul.commit(word[-1])
    hangul.enter()
    expect(seat.locator(".pt-lines .pt-text")).to_have_text([word])
    seat.wait_for_timeout(500)
    assert came(server) == [word]
    expect(box(seat)).to_have_value("")


def test_the_key_that_safari_tells_of_after_the_composition_does_not_send(seat: Page, server: Server) -> None:
    box(seat).click()
    hangul = Hangul(seat)
    hangul.type("괜찮주게")
    box(seat).evaluate(
        """field => {
          field.dispatchEvent(new CompositionEvent("compositionstart"));
          field.dispatchEvent(new CompositionEvent("compositionend", { data: "게" }));
          const init = { key: "Enter", keyCode: 229, bubbles: true, cancelable: true };
          field.dispatchEvent(new KeyboardEvent("keydown", init));
          const line = { inputType: "insertLineBreak", bubbles: true, cancelable: true };
          field.dispatchEvent(new InputEvent("beforeinput", line));
        }"""
    )
    seat.wait_for_timeout(500)
    assert came(server) == []
    box(seat).evaluate("field => field.dispatchEvent(new KeyboardEvent('keyup', { key: 'Enter', keyCode: 13 }))")
    hangul.enter()
    expect(box(seat)).to_have_value("")
    eventually(seat, lambda: came(server) == ["괜찮주게"], "the text was sent once")


def test_the_line_of_a_phone_s_keyboard_that_tells_of_no_key_sends(seat: Page, server: Server) -> None:
    box(seat).click()
    Hangul(seat).type("혼저옵서예")
    line = {"inputType": "insertLineBreak", "bubbles": True, "cancelable": True}
    box(seat).evaluate("(field, init) => field.dispatchEvent(new InputEvent('beforeinput', init))", line)
    eventually(seat, lambda: came(server) == ["혼저옵서예"], "the text was sent once")


def test_the_button_finishes_the_syllable_first(seat: Page, server: Server) -> None:
    box(seat).click()
    hangul = Hangul(seat)
    hangul.type("괜찮주")
    hangul.compose("게")
    seat.get_by_role("button", name="보내기").click()
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["괜찮주게"])
    expect(box(seat)).to_have_value("")
    expect(box(seat)).to_be_focused()
    hangul.type("게메")
    hangul.compose("ㅎ")
    # As from a touch that leaves the focus, and the syllable, where they are.
    seat.locator(".pt-send").evaluate("button => button.click()")
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["괜찮주게", "게메ㅎ"])
    seat.wait_for_timeout(500)
    assert came(server) == ["괜찮주게", "게메ㅎ"]


def test_nothing_around_the_box_disturbs_what_is_being_written(seat: Page, server: Server, act: Act) -> None:
    box(seat).click()
    box(seat).evaluate("field => { field.dataset.mark = 'same'; }")
    hangul = Hangul(seat)
    act("churn")
    for number, word in enumerate(WORDS * 2):
        for place, syllable in enumerate(word):
            for stage in stages(syllable):
                hangul.compose(stage)
                hangul.enter(INPUT_METHOD_KEY)
                seat.wait_for_timeout(60)
            if place == 1:
                rerun(seat)
            if place == 2:
                switch_theme(seat, "dark" if number % 2 == 0 else "light")
            seat.wait_for_timeout(150)
            # The syllable is still being composed after all that.
            hangul.compose(syllable)
            hangul.commit(syllable)
        expect(box(seat)).to_have_value(word)
        hangul.enter()
        expect(box(seat)).to_have_value("")
    act("calm")
    eventually(seat, lambda: came(server) == [*WORDS, *WORDS], "every word was sent once and whole")
    assert box(seat).get_attribute("data-mark") == "same"
    expect(box(seat)).to_be_focused()


def test_another_tab_leaves_the_box_alone(seat: Page, server: Server) -> None:
    box(seat).click()
    Hangul(seat).type("혼저")
    other = seat.context.new_page()
    other.goto(seat.url)
    expect(box(other)).to_have_value("", timeout=30_000)
    box(other).fill("다른 탭")
    other.keyboard.press("Enter")
    eventually(other, lambda: came(server) == ["다른 탭"], "the other tab's text was sent")
    expect(box(seat)).to_have_value("혼저")
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["다른 탭"])


def test_shift_and_enter_begin_a_line_and_markup_is_text(seat: Page, server: Server) -> None:
    box(seat).click()
    seat.keyboard.type("<b>one</b>")
    seat.keyboard.press("Shift+Enter")
    seat.keyboard.type("two")
    expect(box(seat)).to_have_value("<b>one</b>\ntwo")
    seat.keyboard.press("Enter")
    eventually(seat, lambda: came(server) == ["<b>one</b>\ntwo"], "both lines were sent in one text")
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["<b>one</b>\ntwo"])


def test_what_the_network_loses_is_sent_again_and_counted_once(seat: Page, server: Server) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        # The first is lost on its way, the second's answer on its way back.
        lost.append(route.request.post_data or "")
        if len(lost) == 2:
            route.fetch()
        if len(lost) <= 2:
            route.abort()
        else:
            route.continue_()

    seat.route(TEXT_ROUTE, lose)
    box(seat).fill("괜찮주게")
    seat.keyboard.press("Enter")
    pending = seat.locator(".pt-unsent .pt-said")
    expect(pending).to_contain_text("괜찮주게")
    expect(pending).to_contain_text("다시 보내는 중")
    expect(pending).to_have_count(0)
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["괜찮주게"])
    assert counted(server) == ["괜찮주게"]
    assert len({json.loads(body)["id"] for body in lost}) == 1


def test_a_text_that_cannot_be_sent_says_so_and_is_tried_again_by_hand(seat: Page, server: Server, act: Act) -> None:
    act("refuse")
    box(seat).fill("혼저옵서예")
    seat.keyboard.press("Enter")
    failed = seat.locator(".pt-unsent .pt-said")
    expect(failed).to_contain_text("못 보냈어요.")
    screenshot(seat, "persona-text-failed")
    act("accept")
    failed.get_by_role("button", name="다시 보내기").click()
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["혼저옵서예"])
    expect(failed).to_have_count(0)
    assert counted(server) == ["혼저옵서예"]


def test_a_reload_loses_neither_what_is_being_written_nor_what_was_not_sent(seat: Page, server: Server) -> None:
    seat.route(TEXT_ROUTE, lambda route: route.abort())
    box(seat).fill("아직 못 간 글")
    seat.keyboard.press("Enter")
    expect(seat.locator(".pt-unsent")).to_contain_text("아직 못 간 글")
    box(seat).click()
    Hangul(seat).type("쓰던 글")
    seat.unroute(TEXT_ROUTE)
    seat.reload()
    expect(box(seat)).to_have_value("쓰던 글", timeout=30_000)
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["아직 못 간 글"])
    expect(seat.locator(".pt-unsent .pt-said")).to_have_count(0)
    assert counted(server) == ["아직 못 간 글"]
    seat.reload()
    expect(seat.locator(".pt-lines .pt-text")).to_have_text(["아직 못 간 글"], timeout=30_000)
    seat.wait_for_timeout(500)
    assert counted(server) == ["아직 못 간 글"]


def test_a_text_that_is_too_long_is_kept_and_says_by_how_much(seat: Page, server: Server) -> None:
    box(seat).click()
    box(seat).evaluate("field => { field.value = '꽃'.repeat(2005); field.dispatchEvent(new Event('input')); }")
    expect(seat.locator(".pt-count")).to_have_text("5자 넘었어요. 2000자까지 보낼 수 있어요.")
    expect(seat.locator(".pt-send")).to_be_disabled()
    seat.keyboard.press("Enter")
    screenshot(seat, "persona-text-too-long")
    for _ in range(5):
        seat.keyboard.press("Backspace")
    expect(seat.locator(".pt-count")).to_have_text("0자 더 쓸 수 있어요")
    assert came(server) == []
    seat.keyboard.press("Enter")
    eventually(seat, lambda: came(server) == ["꽃" * 2000], "the text was sent whole")
