"""Twenty calls in a row, each a minute long, on the real server: no call may die because its page redrew."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, Serve
from tests.support.browser import audio_stats, leg_frame, press_start, press_stop, received_per_second
from tests.support.streamlit_server import ROOT

STARTS = 20
LIFE_S = 60.0
LEAST_RATE = 45.0
"""Packets a second that must arrive; 50 is normal."""


def live_through(page: Page, seconds: float) -> None:
    """One START that stays one connection, and is heard, for so many seconds."""
    before = len(audio_stats(page))
    press_start(page)
    expect(page.locator(".state")).to_have_text("Connected", timeout=20_000)
    page.wait_for_timeout(1000)
    rate = received_per_second(page, seconds)
    assert len(audio_stats(page)) == before + 1, "the connection was lost and made again"
    assert audio_stats(page)[-1]["state"] == "connected"
    assert rate >= LEAST_RATE, f"{rate:.1f} packets a second arrived"
    press_stop(page)
    expect(leg_frame(page).get_by_role("button", name="START", exact=True)).to_be_visible()


@pytest.mark.soak
def test_twenty_starts_in_a_row_each_live_for_a_minute(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(Path(ROOT / "app.py")).url)
    page.get_by_role("button", name="New call").click(timeout=60_000)
    for number in range(STARTS):
        live_through(page, LIFE_S)
        print(f"start {number + 1} lived for {LIFE_S:.0f} s", flush=True)
