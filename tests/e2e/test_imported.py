"""A dump is brought in a real browser: read with a progress bar, explained and drawn; a broken one says where."""

import gzip
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.fakes.webrtc_dump import Talk, internals_bytes
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server

DRIFTING = Talk(seconds=300, buffer_growth_s=0.0006, loss=0.03, rtt_s=0.2)


def bring(page: Page, file: Path) -> None:
    page.locator("#es-import-file").set_input_files(file)


@pytest.mark.parametrize(("locale", "theme"), [("ko-KR", "light"), ("en-US", "dark")])
def test_a_dump_is_explained_and_drawn(
    server: Server, open_page: OpenPage, tmp_path: Path, locale: str, theme: str
) -> None:
    dump = tmp_path / "webrtc_internals_dump.gz"
    dump.write_bytes(gzip.compress(internals_bytes(DRIFTING, Talk(name="8-2", seconds=300))))
    page = open_page(f"{server.url}/calls", locale=locale, theme=theme)
    page.get_by_role("link", name="파일 가져오기" if locale == "ko-KR" else "Import a file").click()
    bring(page, dump)
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("연결 8-1" if locale == "ko-KR" else "Connection 8-1").first).to_be_visible()
    page.wait_for_timeout(500)
    screenshot(page, f"imported-{locale[:2]}-{theme}")


def test_a_broken_dump_says_where(server: Server, open_page: OpenPage, tmp_path: Path) -> None:
    dump = tmp_path / "half.txt"
    dump.write_bytes(internals_bytes(Talk())[:5_000])
    page = open_page(f"{server.url}/imported")
    bring(page, dump)
    expect(page.get_by_text("The file half.txt is broken at byte 5000")).to_be_visible(timeout=30_000)
    screenshot(page, "imported-broken")
