"""A supervisor's leg in a real Chromium: one connection for all modes, and no microphone before it is needed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LaunchBrowser, OpenPage
from tests.e2e.supervision import SPY, choose_mode, expect_mode, microphones
from tests.support.browser import audio_stats, eventually, screenshot
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "supervision_leg_app.py"


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("supervision-leg")) as server:
        yield server


@pytest.fixture
def spied(open_page: OpenPage, server: Server) -> Page:
    page = open_page("about:blank")
    page.add_init_script(f"({SPY})()")
    page.goto(server.url)
    return page


def heard(page: Page, seconds: float) -> float:
    """The sound that arrives, as energy a second: what is sent comes back as an echo."""
    before, began = audio_stats(page)[-1]["energy"], time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    return float(audio_stats(page)[-1]["energy"] - before) / (time.monotonic() - began)


def test_monitoring_needs_no_microphone_and_every_other_mode_goes_on_the_same_connection(spied: Page) -> None:
    expect(spied.locator(".says")).to_have_text("You are not in this call. Choose how to take part.")
    choose_mode(spied, "Monitor")
    expect_mode(spied, "Monitor", "Nobody hears you.")
    eventually(spied, lambda: audio_stats(spied)[-1]["received"] > 50, "silence is sent and comes back")
    assert microphones(spied) == []
    assert heard(spied, 2.0) < 1e-4

    choose_mode(spied, "Coach")
    expect_mode(spied, "Coach", "The agent hears you. The customer does not.")
    expect(spied.get_by_text("mode=coach")).to_be_visible()
    assert microphones(spied) == ["live"]
    eventually(spied, lambda: heard(spied, 1.0) > 1e-3, "the microphone is heard")
    screenshot(spied, "supervision-leg-coach")

    choose_mode(spied, "Barge in")
    expect_mode(spied, "Barge in", "Everybody hears you.")
    choose_mode(spied, "Take over")
    expect_mode(spied, "Take over", "Everybody hears you. Nobody hears the agent.")
    assert microphones(spied) == ["live"]

    choose_mode(spied, "Monitor")
    expect_mode(spied, "Monitor", "Nobody hears you.")
    assert microphones(spied) == ["ended"]
    before = audio_stats(spied)[-1]["sent"]
    eventually(spied, lambda: heard(spied, 1.0) < 1e-4, "nothing but silence is sent")
    assert audio_stats(spied)[-1]["sent"] > before
    assert len(audio_stats(spied)) == 1

    spied.get_by_role("button", name="Leave").click()
    expect(spied.locator(".state")).to_have_text("Disconnected")
    eventually(spied, lambda: audio_stats(spied)[-1]["state"] == "closed", "the connection is closed")
    expect(spied.locator(".modes button[aria-pressed=true]")).to_have_count(0)


def test_one_press_goes_straight_into_a_mode_that_is_heard_and_leaving_releases_the_microphone(spied: Page) -> None:
    choose_mode(spied, "Barge in")
    expect_mode(spied, "Barge in", "Everybody hears you.")
    assert microphones(spied).count("live") == 1
    spied.get_by_role("button", name="Leave").click()
    eventually(spied, lambda: set(microphones(spied)) == {"ended"}, "the microphone is released")


def test_without_the_microphone_the_supervisor_goes_on_listening_and_is_told_so(
    server: Server, open_page: OpenPage, launch_browser: LaunchBrowser
) -> None:
    page = open_page(server.url, browser=launch_browser(microphone=None, allow_microphone=False), microphone=False)
    choose_mode(page, "Monitor")
    expect_mode(page, "Monitor", "Nobody hears you.")
    choose_mode(page, "Coach")
    expect(page.get_by_role("alert")).to_contain_text("so nobody hears you")
    expect_mode(page, "Monitor", "Nobody hears you.")
    expect(page.get_by_text("mode=monitor")).to_be_visible()
    assert audio_stats(page)[-1]["state"] == "connected"
    assert len(audio_stats(page)) == 1


def test_a_mode_that_the_server_refuses_is_not_shown_as_in_force(server: Server, spied: Page) -> None:
    spied.goto(f"{server.url}/?refuse=Not+now.")
    choose_mode(spied, "Monitor")
    expect_mode(spied, "Monitor", "Nobody hears you.")
    choose_mode(spied, "Take over")
    expect(spied.locator(".says")).to_have_text("Not now.")
    expect(spied.get_by_role("button", name="Monitor")).to_have_attribute("aria-pressed", "true")
    eventually(spied, lambda: microphones(spied)[-1:] == ["ended"], "the microphone is released again")


def test_a_page_that_is_not_secure_can_monitor_and_says_why_it_can_do_no_more(
    server: Server, open_page: OpenPage, network: tuple[str, str]
) -> None:
    page = open_page(f"http://{network[0]}:{server.port}")
    assert not page.evaluate("window.isSecureContext || 'mediaDevices' in navigator")
    choose_mode(page, "Monitor")
    expect_mode(page, "Monitor", "Nobody hears you.")
    eventually(page, lambda: audio_stats(page)[-1]["received"] > 50, "sound arrives")
    choose_mode(page, "Coach")
    expect(page.get_by_role("alert")).to_contain_text("secure pages only")
    expect_mode(page, "Monitor", "Nobody hears you.")
