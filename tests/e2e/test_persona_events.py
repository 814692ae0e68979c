"""The event log of a persona's session in a real browser."""

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


@pytest.fixture
def log(server: Server, open_page: OpenPage, act: Act) -> Iterator[Page]:
    act("persona")
    act("persona_events")
    page = open_page(f"{server.url}/persona_events?call=c1", locale="en-US")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(page.locator(".es-ev-row")).to_have_count(24, timeout=30_000)
    yield page
    assert errors == []


def test_events_come_newest_first_and_one_that_is_folded_out_stays_so(log: Page, act: Act) -> None:
    rows = log.locator(".es-ev-row")
    expect(rows.first).to_contain_text("#64")
    expect(log.locator(".es-ev-bound")).to_contain_text("Older ones that are gone: 40")
    rows.nth(2).locator("summary").click()
    expect(rows.nth(2).locator("pre")).to_contain_text('"transcript": "환불은 며칠이나 걸려요?"')
    act("persona_more_events")
    expect(rows).to_have_count(26)
    expect(rows.first).to_contain_text("#66")
    expect(rows.nth(4)).to_have_attribute("open", "")
    screenshot(log, "persona-events-en")


def test_events_are_filtered_by_direction_type_connection_and_words(log: Page) -> None:
    rows = log.locator(".es-ev-row")
    log.get_by_label("Direction").select_option("sent")
    expect(rows).to_have_count(6)
    log.get_by_label("Connection").select_option("1")
    expect(rows).to_have_count(1)
    log.get_by_role("button", name="Show all").click()
    expect(rows).to_have_count(24)
    log.locator(".es-ev-types > summary").click()
    log.get_by_label("error").check()
    expect(rows).to_have_count(3)
    log.get_by_role("button", name="Show all").click()
    log.get_by_label("Search in the events").fill("며칠이나")
    expect(rows).to_have_count(3)
    expect(log.locator(".es-ev-count")).to_have_text("3 of 24")
    log.get_by_label("Search in the events").fill("nowhere to be found")
    expect(log.get_by_text("No event fits.")).to_be_visible()


def test_a_paused_log_stands_still_until_it_goes_on(log: Page, act: Act) -> None:
    rows = log.locator(".es-ev-row")
    log.get_by_role("button", name="Pause").click()
    act("persona_more_events")
    log.wait_for_timeout(2_500)
    expect(rows).to_have_count(24)
    log.get_by_role("button", name="Go on").click()
    expect(rows).to_have_count(26)


def test_hundreds_of_events_are_drawn_a_page_at_a_time(log: Page, act: Act) -> None:
    act("persona_many_events")
    rows = log.locator(".es-ev-row")
    expect(rows).to_have_count(150)
    log.get_by_role("button", name="Show older ones: 250").click()
    expect(rows).to_have_count(300)


def test_nothing_is_kept_of_a_call_that_is_over(server: Server, open_page: OpenPage, act: Act) -> None:
    for step in ("persona", "persona_no_events", "end"):
        act(step)
    page = open_page(f"{server.url}/persona_events?call=c1", locale="ko-KR")
    expect(page.get_by_text("이 통화의 이벤트는 남아 있지 않아요")).to_be_visible(timeout=30_000)
    screenshot(page, "persona-events-over-ko")
