"""What is wrong with a call, and what to do, as the live page shows it in a real browser."""

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


@pytest.mark.parametrize(
    ("locale", "theme", "drifts", "cure", "measured"),
    [
        ("ko-KR", "light", "소리가 점점 늦게 들려요", "브리지를 forward로", "분당"),
        ("en-US", "dark", "hears more and more late", "set the bridge to forward", "ms/min"),
    ],
)
def test_the_causes_of_trouble_are_told_with_their_figures_and_cures(
    server: Server, open_page: OpenPage, act: Act, locale: str, theme: str, drifts: str, cure: str, measured: str
) -> None:
    act("reset")
    page: Page = open_page(f"{server.url}/live?call=c1", locale=locale, theme=theme)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(page.locator(".es-bar-row[data-state=live]")).to_be_visible(timeout=30_000)
    card = page.locator(".es-wrong")
    expect(card).to_be_hidden()
    act("trouble")
    expect(card).to_be_visible()
    causes = card.locator(".es-body > .es-troubles-found > li")
    expect(causes.first).to_contain_text(drifts)
    expect(causes.first.locator(".es-trouble-cure")).to_contain_text(cure)
    expect(causes.first.locator(".es-trouble-evidence")).to_contain_text(measured)
    expect(causes).to_have_count(2)
    card.locator("summary").click()
    expect(card.locator("details .es-troubles-found > li")).to_have_count(2)
    drift = page.locator(".es-network tbody tr").last.locator("td").nth(6)
    expect(drift).to_contain_text(re.compile(r"3\d\.\d"))
    expect(drift).to_have_class("es-hurts")
    expect(drift).to_have_attribute("data-tip", re.compile("jitterBufferDelay"))
    screenshot(page, f"live-diagnosis-{locale[:2]}-{theme}")
    card.locator("summary").click()
    screenshot(page, f"live-diagnosis-folded-{locale[:2]}-{theme}")
    act("reset")
    expect(card).to_be_hidden()
    assert errors == []
