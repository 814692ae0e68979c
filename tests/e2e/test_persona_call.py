"""A whole conversation with a rehearsal persona in a real browser: chosen, heard, written down, interrupted, ended."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import LaunchBrowser, OpenPage, Serve
from tests.support.browser import as_wav, audio_stats, eventually, screenshot
from tests.support.streamlit_server import ROOT, Server

CALLER = ROOT / "demo" / "customer.ogg"
SLOW_MS = 60_000
"""The rehearsal's process, its engine and its voice come up with the first call."""


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(ROOT / "app.py", health="/api/health")


@pytest.fixture
def caller(launch_browser: LaunchBrowser, tmp_path: Path) -> Browser:
    """A browser whose microphone says English sentences, with pauses between them."""
    return launch_browser(microphone=as_wav(CALLER, tmp_path, 0.0))


def energy(page: Page) -> float:
    stats: list[dict[str, Any]] = audio_stats(page)
    return float(stats[-1].get("energy") or 0.0) if stats else 0.0


def test_a_persona_is_chosen_talked_with_interrupted_and_left(
    server: Server, open_page: OpenPage, caller: Browser
) -> None:
    page = open_page(f"{server.url}/persona", browser=caller)
    card = page.locator(".st-key-persona-harbour-desk")
    expect(card).to_contain_text("Rehearsal", timeout=SLOW_MS)
    card.get_by_role("button", name="Talk").click()
    # The greeting is the first that is heard.
    title = page.locator(".pt-title")
    expect(title).to_have_text(re.compile("is speaking"), timeout=SLOW_MS)
    screenshot(page, "persona-call-greeting")
    persona_said = page.locator(".pt-said[data-role=persona]")
    expect(persona_said.first.locator(".pt-text")).not_to_be_empty(timeout=SLOW_MS)
    eventually(page, lambda: energy(page) > 0.0, "the greeting is heard", limit_s=30)
    expect(title).to_have_text(re.compile("is listening|is thinking"), timeout=SLOW_MS)
    # The microphone's sentence becomes text, and is answered.
    said = page.locator(".pt-lines .pt-said[data-role=customer]:not([data-interim])")
    expect(said.first).to_be_visible(timeout=SLOW_MS)
    expect(persona_said.nth(1)).to_be_visible(timeout=SLOW_MS)
    page.locator(".pt-field").fill("Tell me about my bill, please.")
    page.keyboard.press("Enter")
    expect(page.locator(".pt-lines .pt-marks", has_text="written").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".pt-unsent .pt-said")).to_have_count(0, timeout=SLOW_MS)
    stop = page.locator(".pt-interrupt")
    expect(stop).to_be_enabled(timeout=SLOW_MS)
    expect(title).to_have_text(re.compile("is speaking"), timeout=SLOW_MS)
    page.keyboard.press("Escape")
    expect(title).to_have_text(re.compile("is listening|is thinking"), timeout=SLOW_MS)
    screenshot(page, "persona-call-interrupted")
    page.locator(".pt-end").click()
    expect(title).to_have_text("The conversation has ended", timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Talk anew")).to_be_visible()
    screenshot(page, "persona-call-over")
