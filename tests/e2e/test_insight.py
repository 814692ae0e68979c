"""What a language model says of a call, on the live page in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Act, OpenPage
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "pages_app.py"


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("pages")) as server:
        yield server


def open_live(server: Server, open_page: OpenPage, locale: str) -> Page:
    page = open_page(f"{server.url}/live?call=c1", locale=locale)
    expect(page.locator(".es-bar-row")).to_be_visible(timeout=30_000)
    expect(page.locator(".es-banner")).to_be_hidden(timeout=30_000)
    return page


def test_fields_appear_one_by_one_and_the_last_valid_ones_stay(server: Server, open_page: OpenPage, act: Act) -> None:
    act("reset")
    live = open_live(server, open_page, "ko-KR")
    for step in ("final", "doubtful", "twenty", "samples"):
        act(step)
    act("asked")
    phase = live.locator(".es-phase")
    expect(phase).to_have_text("질문하는 중…")
    expect(live.locator(".es-summary .es-empty")).to_be_visible()
    act("draft")
    expect(phase).to_have_text("작성하는 중…")
    expect(live.locator(".es-sentence")).to_have_text("요금 이중 청구 환불 요청")
    expect(live.locator(".es-summary dd").first).to_have_text("요금이 두 번 청구됨")
    expect(live.locator(".es-marks")).to_be_hidden()
    expect(live.locator(".es-reply")).to_be_hidden()
    act("answer")
    expect(phase).to_be_hidden()
    marks = live.locator(".es-marks li")
    expect(marks).to_have_count(3)
    expect(marks.nth(1)).to_contain_text("부정적")
    expect(marks.nth(1)).to_contain_text("−0.4 ↗")
    expect(marks.nth(2)).to_contain_text("“해지할까 해요”")
    expect(live.locator(".es-summary .es-badge")).to_have_text("openai")
    expect(live.locator(".es-summary .es-age")).to_have_attribute("data-tip", re.compile("읽기 600개"))
    screenshot(live, "insight-ko")

    live.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live.locator(".es-reply button").click()
    expect(live.locator(".es-reply button")).to_have_text("✓ 복사했습니다")
    assert live.evaluate("navigator.clipboard.readText()") == "바로 환불해 드리겠습니다."

    act("draft")
    expect(phase).to_be_visible()
    expect(marks).to_have_count(3)
    expect(live.locator(".es-reply")).to_be_visible()
    act("failed")
    expect(live.locator(".es-model-trouble")).to_contain_text("언어 모델이 제때 답하지 않았습니다.")
    expect(live.locator(".es-again")).to_contain_text("뒤에 다시 묻습니다")
    expect(live.locator(".es-sentence")).to_have_text("요금 이중 청구 환불 요청")
    act("stand-in")
    expect(live.locator(".es-model-trouble")).to_contain_text("추출 요약으로 대신합니다")
    expect(live.locator(".es-sentence")).to_have_text("해지 위약금 문의")
    expect(live.locator(".es-summary .es-badge")).to_have_attribute("data-tip", re.compile("언어 모델 대신"))
    expect(marks).to_have_count(0)
    screenshot(live, "insight-stand-in-ko")
    act("answer")
    expect(live.locator(".es-model-trouble")).to_be_hidden()
    act("end")
    expect(live.locator(".es-banner")).to_be_visible()
    expect(marks).to_have_count(3)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 1000), ("dark", 400)])
def test_it_is_readable_in_english_in_both_themes_and_all_widths(
    server: Server, open_page: OpenPage, act: Act, theme: str, width: int
) -> None:
    act("reset")
    live = open_page(f"{server.url}/live?call=c1", locale="en-US", theme=theme, width=width)
    expect(live.locator(".es-bar-row")).to_be_visible(timeout=30_000)
    for step in ("final", "summary", "answer", "samples"):
        act(step)
    expect(live.locator(".es-marks li")).to_have_count(3)
    assert live.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(live.locator(".es-reply-label")).to_have_text("Suggested reply")
    screenshot(live, f"insight-en-{theme}-{width}")
    act("stand-in")
    expect(live.locator(".es-model-trouble")).to_contain_text("The extract stands in.")
    screenshot(live, f"insight-stand-in-en-{theme}-{width}")
