"""One call's quality on one time axis, in Chromium: a call of an hour that is in the store and the sample files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.settings import PROJECT_ROOT
from tests.e2e.conftest import OpenPage
from tests.fakes.measured_call import LOSS_S, keep_measured_call
from tests.support.browser import eventually, screenshot
from tests.support.streamlit_server import Server, running_server

LOSS = "c => c._fullData.filter(t => t.meta?.key?.startsWith('l2|inbound|server|loss_pct'))"
SLOW_MS = 60_000


@pytest.fixture(scope="module")
def store(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("measured")
    keep_measured_call(folder, "hour")
    keep_measured_call(folder, "damaged", 200, prefix="other-")
    (folder / "samples" / "damaged" / "00001.parquet").write_bytes(b"PAR1 broken")
    with running_server(PROJECT_ROOT / "app.py", folder, health="/api/health") as server:
        yield server


def drawn(page: Page) -> None:
    expect(page.locator(".es-view-chart .main-svg").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".es-view-state")).not_to_contain_text("…", timeout=SLOW_MS)


def chart(page: Page, script: str) -> Any:
    return page.evaluate(f"() => ({script})(document.querySelector('.es-view-chart'))")


def test_a_moment_is_jumped_to_zoomed_in_on_and_read(store: Server, open_page: OpenPage) -> None:
    page = open_page(f"{store.url}/quality?call=hour", height=1500)
    drawn(page)
    # Causes come first, then the worst seconds.
    moments = page.locator(".es-moments button").filter(has_text="Packet loss")
    expect(moments.first).to_contain_text("hears · Browser")
    with page.expect_response(lambda answer: "/quality?token=" in answer.url) as asked:
        moments.first.focus()
        page.keyboard.press("Enter")
    assert asked.value.ok
    expect(page.locator(".es-view-state")).to_contain_text("every second")
    expect(page.locator(".es-said")).to_contain_text("What was being said at 10:")
    expect(page.locator(".es-said .es-doubt").first).to_contain_text("fell to 41 %")
    page.locator(".es-said-link").click()
    page.wait_for_url("**/live?call=hour&t=*")
    assert LOSS_S[0] - 5 <= float(page.url.partition("&t=")[2]) <= LOSS_S[1]


def test_zooming_brings_every_second_and_the_whole_call_comes_back(store: Server, open_page: OpenPage) -> None:
    page = open_page(f"{store.url}/quality?call=hour", height=1500)
    drawn(page)
    count = "c => c._fullData.find(t => t.meta?.key === 'l1|outbound|browser|jitter_ms').x.length"
    coarse = chart(page, count)
    assert coarse < 700
    box = page.locator(".es-view-chart").bounding_box()
    assert box
    y = box["y"] + 300
    page.mouse.move(box["x"] + 400, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 480, y, steps=5)
    with page.expect_response(lambda answer: "/quality?token=" in answer.url):
        page.mouse.up()
    expect(page.locator(".es-view-state")).to_contain_text("every second")
    shown = chart(page, "c => c._fullLayout.xaxis.range.map(each => c._fullLayout.xaxis.r2l(each))")
    seconds = (shown[1] - shown[0]) / 1000
    assert 60 < seconds < 600
    eventually(page, lambda: chart(page, count) == pytest.approx(seconds + 4, abs=6), "every second is drawn")
    page.get_by_role("button", name="Whole call").click()
    expect(page.locator(".es-view-state")).to_have_text("Charts of the whole call")
    eventually(page, lambda: chart(page, count) == coarse, "the whole call is drawn")


def test_a_click_and_the_arrow_keys_choose_what_is_read(store: Server, open_page: OpenPage) -> None:
    page = open_page(f"{store.url}/quality?call=hour", height=1500)
    drawn(page)
    box = page.locator(".es-view-chart").bounding_box()
    assert box
    page.mouse.move(box["x"] + 500, box["y"] + 300)
    page.mouse.click(box["x"] + 500, box["y"] + 300)
    heading = page.locator(".es-said h3")
    expect(heading).to_contain_text("What was being said at")
    before = heading.text_content()
    page.locator(".es-view-chart").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(heading).not_to_have_text(before or "")


def test_filters_choose_the_lines_and_keep_the_stretch(store: Server, open_page: OpenPage) -> None:
    page = open_page(f"{store.url}/quality?call=hour", height=1500)
    drawn(page)
    assert chart(page, LOSS) == []
    page.locator(".es-moments button").first.click()
    expect(page.locator(".es-view-state")).to_contain_text("every second")
    page.get_by_role("button", name="What each one sends").click()
    expect(page.locator(".es-view-key")).to_contain_text("sends · Server", timeout=SLOW_MS)
    expect(page.locator(".es-view-state")).to_contain_text("every second")
    (loss,) = chart(page, LOSS)
    assert max(value or 0 for value in loss["y"]) > 5


def test_a_damaged_minute_is_named_and_stays_a_gap(store: Server, open_page: OpenPage) -> None:
    page = open_page(f"{store.url}/quality?call=damaged")
    drawn(page)
    expect(page.get_by_text("Damaged files: 00001.parquet")).to_be_visible()
    inside = "c => c._fullData.filter(t => t.meta?.key).some(t => t.x.some((x, i) => "
    inside += "t.y[i] !== null && !Number.isNaN(t.y[i]) && x > 86400000 + 61000 && x < 86400000 + 118000))"
    assert chart(page, inside) is False


@pytest.mark.parametrize(("locale", "theme"), [("ko-KR", "light"), ("en-US", "dark")])
def test_the_page_reads_well(store: Server, open_page: OpenPage, locale: str, theme: str) -> None:
    page = open_page(f"{store.url}/quality?call=hour&t=620", locale=locale, theme=theme, height=1900)
    drawn(page)
    expect(page.locator(".es-said .es-doubt").first).to_be_visible()
    screenshot(page, f"quality-{locale[:2]}-{theme}")
    page.locator(".es-moments button").first.click()
    expect(page.locator(".es-view-state")).to_contain_text("11:")
    expect(page.locator(".es-view-state")).not_to_contain_text("…")
    screenshot(page, f"quality-zoomed-{locale[:2]}-{theme}")
    page.set_viewport_size({"width": 420, "height": 1900})
    page.wait_for_timeout(500)
    screenshot(page, f"quality-narrow-{locale[:2]}-{theme}")
