"""What becomes of a call when the network fails, and when a tab is closed."""

import random

import pytest
from playwright.sync_api import Page, expect

from bench.outages import CONNECT_S, KINDS, LIMIT_S, heard, join, measure, new_call, recovery_s
from tests.e2e.conftest import OpenPage
from tests.support.browser import audio_stats, eventually, press_stop
from tests.support.outage import outage
from tests.support.streamlit_server import Server

SOAK_OUTAGES = 100
"""Of each kind."""
SOAK_RECOVERED = 95


@pytest.fixture
def two_pages(server: Server, open_page: OpenPage) -> tuple[Page, Page]:
    """Two people who hear each other."""
    link = new_call(server).link
    pages = (open_page("about:blank", width=400, height=740), open_page("about:blank", width=400, height=740))
    for page, name in zip(pages, ("Ann", "Bob"), strict=True):
        join(page, link, name)
    assert heard(pages, CONNECT_S) is not None
    return pages


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_heard_again_soon_after_an_outage(server: Server, two_pages: tuple[Page, Page], kind: str) -> None:
    assert recovery_s(two_pages, server, kind, 4.0) is not None, f"nothing was heard {LIMIT_S:.0f} s after the outage"
    for page in two_pages:
        expect(page.locator(".state")).to_have_text("Connected")


def test_an_outage_of_seconds_makes_no_new_connection(server: Server, two_pages: tuple[Page, Page]) -> None:
    assert recovery_s(two_pages, server, "media", 3.0) is not None
    assert [len(audio_stats(page)) for page in two_pages] == [1, 1]


def test_stop_during_an_interruption_is_the_end_of_it(two_pages: tuple[Page, Page]) -> None:
    page, other = two_pages
    with outage():
        expect(page.locator(".state")).to_have_text("Connection interrupted. Waiting for it…", timeout=20_000)
        press_stop(page)
        page.wait_for_timeout(1_000)
    page.wait_for_timeout(6_000)
    expect(page.locator(".state")).to_have_text("Disconnected")
    assert len(audio_stats(page)) == 1
    expect(other.locator(".state")).to_have_text("Connected")


@pytest.mark.parametrize("goes", ["close", "goto"])
def test_whoever_closes_the_tab_has_left_at_once(server: Server, open_page: OpenPage, goes: str) -> None:
    call = new_call(server)
    stays, leaves = open_page("about:blank"), open_page("about:blank")
    join(stays, call.link, "Ann")
    join(leaves, call.link, "Bob")
    if goes == "close":
        leaves.close()
    else:
        leaves.goto("about:blank")
    eventually(stays, lambda: call.leg_states(server)["Bob"] == "closed", "Bob has left", limit_s=12)
    assert call.leg_states(server)["Ann"] == "connected"


def test_a_page_whose_own_connection_is_cut_keeps_its_call(server: Server, two_pages: tuple[Page, Page]) -> None:
    with outage(media=False, page_port=server.port):
        two_pages[0].wait_for_timeout(8_000)
        assert heard(two_pages, 3.0) is not None
    assert [len(audio_stats(page)) for page in two_pages] == [1, 1]


@pytest.mark.soak
def test_ninety_five_of_a_hundred_outages_are_over_in_time() -> None:
    seed = random.randrange(1_000_000)
    result = measure(SOAK_OUTAGES, seed)
    print(result)
    for kind in KINDS:
        assert result[f"{kind}_recovered_within_{LIMIT_S:.0f}_s"] >= SOAK_RECOVERED, result
