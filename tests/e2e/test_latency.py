"""What a real page acknowledges of what it has painted, and what the Calls page makes of it."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.e2e.conftest import Act, OpenPage, Serve
from tests.support.browser import screenshot
from tests.support.streamlit_server import ROOT, Server, running_server
from tests.support.waiting import wait_for

APP = Path(__file__).parent / "apps" / "pages_app.py"


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("pages")) as server:
        yield server


def reports_of(page: Page) -> list[list[str]]:
    """What each report that the page sends from now on tells."""
    told: list[list[str]] = []

    def take(request: Request) -> None:
        if "/paints?" in request.url:
            painted = request.post_data_json["painted"]
            assert all(0 <= one["ago_ms"] < 60_000 for one in painted)
            told.append([f"{one['what']} {one['utterance']}" for one in painted])

    page.on("request", take)
    return told


def test_a_page_tells_once_of_what_came_while_it_looked_and_not_of_what_it_found(
    server: Server, open_page: OpenPage, act: Act
) -> None:
    act("reset")
    act("doubtful")
    page = open_page(f"{server.url}/live?call=c1")
    expect(page.locator(".es-line")).to_have_count(1, timeout=30_000)
    told = reports_of(page)
    act("interim")
    expect(page.locator(".es-interim")).to_have_count(1)
    with page.expect_response(re.compile("/paints")) as response:
        act("final")
    assert response.value.status == 202
    with page.expect_response(re.compile("/paints")) as response:
        act("summary")
    assert response.value.status == 202
    act("summary2")
    with page.expect_response(re.compile("/paints")):
        act("more")
    assert [one for report in told for one in report] == ["text u1", "summary u1", "passages u1", "text u40"]


def test_a_hidden_page_tells_nothing_not_even_later(server: Server, open_page: OpenPage, act: Act) -> None:
    act("reset")
    page = open_page(f"{server.url}/live?call=c1")
    expect(page.locator(".es-bar-row")).to_contain_text("Live", timeout=30_000)
    told = reports_of(page)
    hide = "is => Object.defineProperty(document, 'hidden', {get: () => is, configurable: true})"
    page.evaluate(hide, True)
    act("final")
    expect(page.locator(".es-line")).to_have_count(1)
    page.evaluate(hide, False)
    with page.expect_response(re.compile("/paints")):
        act("doubtful")
    assert told == [["text u2"]]


def test_what_the_page_has_painted_is_the_end_of_a_turns_waterfall(serve: Serve, open_page: OpenPage) -> None:
    server = serve(ROOT / "app.py", health="/api/health")
    page = open_page(server.url, locale="ko-KR")
    page.get_by_role("button", name="대본 데모").click(timeout=30_000)
    page.locator("[class*=st-key-start-script-] button").first.click()
    expect(page.locator(".es-sentence")).not_to_be_empty(timeout=60_000)

    def painted() -> set[str]:
        with sqlite3.connect(server.data_dir / "earshot.db") as database:
            return {step for (step,) in database.execute("SELECT step FROM turn_moments")}

    everything = {"kept", "text_painted", "summary_painted", "passages_painted"}
    assert wait_for(lambda: painted() == everything, 60.0), painted()
    page.get_by_role("button", name="통화 종료").click()
    page.get_by_role("button", name="지금 종료").click()
    page.get_by_role("link", name="지연").click(timeout=30_000)
    rows = page.locator(".es-figures tbody tr")
    expect(rows.filter(has_text="요약 표시")).to_be_visible()
    expect(rows.filter(has_text="자료 표시")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_contain_text("요약 표시")
    screenshot(page, "latency-of-a-real-page")


@pytest.mark.parametrize(("locale", "theme"), [("ko-KR", "light"), ("en-US", "dark")])
def test_latency_and_cost_are_read_at_a_glance(
    server: Server, open_page: OpenPage, act: Act, locale: str, theme: str
) -> None:
    act("review")
    page = open_page(f"{server.url}/calls?view=latency&call=t2", locale=locale, theme=theme, height=1900)
    expect(page.locator(".es-figures tbody tr")).to_have_count(10, timeout=30_000)
    expect(page.locator(".js-plotly-plot .bars .point")).to_have_count(10)
    expect(page.locator(".es-alarming")).to_have_count(2)
    screenshot(page, f"latency-{locale[:2]}-{theme}")
    page.set_viewport_size({"width": 420, "height": 1900})
    screenshot(page, f"latency-narrow-{locale[:2]}-{theme}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/calls")
    expect(page.locator(".es-row", has_text="$0.0234")).to_have_count(3)
    screenshot(page, f"calls-with-cost-{locale[:2]}-{theme}")
    page.goto(f"{server.url}/live?call=t2")
    expect(page.locator(".st-key-turn-figures")).to_contain_text("$0.0234", timeout=30_000)
    expect(page.locator(".es-line")).to_have_count(5)
    screenshot(page, f"ended-with-figures-{locale[:2]}-{theme}")
