"""The delay at the listeners of a call stays level, and lost packets are made good, as without a server in between."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median

import pytest
from playwright.sync_api import Browser, Page

from bench.drift import (
    MEAN_LIMIT_MS,
    SLOPE_LIMIT_MS_PER_MIN,
    WARM_UP_S,
    Level,
    Reading,
    after_warm_up,
    begin_readings,
    concealed_pct,
    delays_ms,
    distance_ms,
    four_pages,
    level,
    readings,
)
from bench.outages import CONNECT_S, heard, join, new_call
from core.settings import PROJECT_ROOT
from tests.e2e.conftest import LaunchBrowser
from tests.support.browser import LATEST_CONNECTION, as_wav, press_stop
from tests.support.outage import loss
from tests.support.streamlit_server import Server

GROWTH_LIMIT_MS = 250.0
DISTANCE_LIMIT_MS = 250.0
"""Within a minute on a busy machine healthy buffers move by up to 190 ms; timestamps that gain 0.1 ms a packet make
them wait for two seconds."""


def of_call(pages: dict[str, Page]) -> list[Page]:
    return [page for name, page in pages.items() if name.startswith("call")]


def growth_ms(taken: Sequence[Reading]) -> float:
    """By how much sound waits longer in the last third of the readings than in the first."""
    delays = [delay for _, delay in delays_ms(taken)]
    third = len(delays) // 3
    return median(delays[-third:]) - median(delays[:third])


def slopes(levels: Mapping[str, Level], kind: str) -> list[float]:
    return [each.slope_ms_per_min for name, each in levels.items() if name.startswith(kind)]


def mute(page: Page, seconds: float) -> None:
    page.get_by_role("button", name="Mute").click()
    page.wait_for_timeout(1000 * seconds)
    page.get_by_role("button", name="Unmute").click()


def test_the_delay_at_the_listeners_does_not_grow_through_mute_either(server: Server, browser: Browser) -> None:
    pages = four_pages(server, browser)
    one, _ = of_call(pages)
    try:
        one.wait_for_timeout(1000 * (WARM_UP_S + 20))
        mute(one, 5.0)
        one.wait_for_timeout(1000 * 35)
        taken = {name: readings(page) for name, page in pages.items()}
        levels = {name: level(each) for name, each in taken.items()}
        print(levels)
        for name in ("call_one", "call_other"):
            assert growth_ms(after_warm_up(taken[name])) < GROWTH_LIMIT_MS
            assert levels[name].lost == 0
        assert distance_ms(levels) < DISTANCE_LIMIT_MS
    finally:
        for page in pages.values():
            page.context.close()


@pytest.mark.soak
def test_in_ten_minutes_the_delay_is_level_and_no_longer_than_without_a_server(
    server: Server, browser: Browser
) -> None:
    pages = four_pages(server, browser)
    try:
        pages["call_one"].wait_for_timeout(1000 * (WARM_UP_S + 600))
        levels = {name: level(readings(page)) for name, page in pages.items()}
        print(levels)
        # By so much the buffers of this machine's browsers wander either way by themselves.
        wandering = min(max(map(abs, slopes(levels, "direct"))), SLOPE_LIMIT_MS_PER_MIN)
        assert max(slopes(levels, "call")) < SLOPE_LIMIT_MS_PER_MIN + wandering
        assert distance_ms(levels) < MEAN_LIMIT_MS
    finally:
        for page in pages.values():
            page.context.close()


def test_a_lost_packet_is_made_good_from_the_next_one_at_the_far_browser(
    server: Server, launch_browser: LaunchBrowser, tmp_path: Path
) -> None:
    voice = launch_browser(microphone=as_wav(PROJECT_ROOT / "demo" / "customer.ogg", tmp_path, start_s=7.0))
    link = new_call(server).link
    pages = [voice.new_context(permissions=["microphone"]).new_page() for _ in range(2)]
    for number, page in enumerate(pages):
        join(page, link, f"Person {number}")
    assert heard(pages, CONNECT_S) is not None
    for page in pages:
        begin_readings(page, LATEST_CONNECTION)
    with loss(0.05):
        pages[0].wait_for_timeout(20_000)
        taken = [readings(page) for page in pages]
    for each in taken:
        lost, corrected = each[-1].lost - each[0].lost, each[-1].corrected - each[0].corrected
        print(f"{lost} packets lost, {corrected} packets of error correction, {concealed_pct(each):.1f} % made up")
        assert lost > 10
        assert corrected > 0, "no error correction came"
    assert fmean(concealed_pct(each) for each in taken) < 15
    for page in pages:
        press_stop(page)
