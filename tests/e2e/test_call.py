"""The whole product: two people in two browsers, one call, through the real server and its media process."""

import os
import signal
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from core.model.call import CallId, CallState, EndReason
from core.settings import PROJECT_ROOT
from core.store.records import Store
from tests.e2e.conftest import OpenPage
from tests.support.browser import (
    as_wav,
    audio_stats,
    begin_call,
    eventually,
    launch_chromium,
    press_start,
    received_per_second,
    screenshot,
)
from tests.support.streamlit_server import Server

WORDS_LIMIT_MS = 90_000


@pytest.fixture(scope="module")
def customer_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears the demo's customer, whose first words come at once."""
    microphone = as_wav(PROJECT_ROOT / "demo" / "customer.ogg", tmp_path_factory.mktemp("voice"), start_s=7.0)
    with launch_chromium(playwright, microphone=microphone) as browser:
        yield browser


@dataclass
class TwoPeople:
    """An agent's and a customer's page in one call."""

    call_id: CallId
    agent: Page
    customer: Page


@pytest.fixture
def two_people(server: Server, open_page: OpenPage, customer_browser: Browser) -> TwoPeople:
    agent = open_page(server.url)
    agent.get_by_role("radio", name="English").last.click()
    link = begin_call(agent)
    call_id = CallId(agent.url.rpartition("=")[2])
    press_start(agent)
    customer = open_page(link, browser=customer_browser, width=360, height=740)
    customer.get_by_label("Your name").fill("Chris")
    customer.get_by_label("Your name").press("Enter")
    press_start(customer)
    for page in (agent, customer):
        eventually(page, lambda page=page: _connected(page), "the leg is connected", limit_s=30)
    return TwoPeople(call_id, agent, customer)


def _connected(page: Page) -> bool:
    stats = audio_stats(page)
    return bool(stats) and stats[-1]["state"] == "connected" and stats[-1]["received"] > 0


def end_call(page: Page) -> None:
    button = page.get_by_role("button", name="End call")
    # While a leg comes back the page runs again, and for a moment the former row of controls is still there.
    expect(button).to_have_count(1, timeout=15_000)
    button.click()
    page.get_by_role("button", name="End it now").click()


def test_a_call_between_two_browsers_is_heard_written_down_summed_up_and_kept(
    server: Server, two_people: TwoPeople
) -> None:
    agent, customer = two_people.agent, two_people.customer
    expect(agent.locator(".es-line .es-name").filter(has_text="Chris").first).to_be_visible(timeout=WORDS_LIMIT_MS)
    for page in (agent, customer):
        assert 45 <= received_per_second(page, 5.0) <= 55
    expect(agent.locator(".es-sentence")).to_contain_text("charged twice", timeout=WORDS_LIMIT_MS)
    expect(agent.get_by_text("Duplicate charge refund").first).to_be_visible(timeout=30_000)
    screenshot(agent, "call-live")
    screenshot(customer, "call-join-phone")

    end_call(agent)
    expect(agent.locator(".es-live")).to_contain_text("ended", timeout=30_000)
    store = Store.open(f"sqlite:///{server.data_dir / 'earshot.db'}")
    eventually(agent, lambda: store.load_call(two_people.call_id).call.state is CallState.ENDED, "the end is kept")
    kept = store.load_call(two_people.call_id)
    store.close()
    assert kept.call.end_reason is EndReason.HUNG_UP
    assert {p.name for p in kept.call.participants} >= {"Chris"}
    delays = [u.recognised_s - u.end_s for u in kept.utterances if u.speaker == "Chris"]
    assert statistics.median(delays) < 3.0, delays
    assert kept.summaries
    assert kept.guidance


def test_leaving_the_page_does_not_end_the_others_call_and_coming_back_takes_the_seat_again(
    server: Server, two_people: TwoPeople
) -> None:
    agent, customer = two_people.agent, two_people.customer
    agent.get_by_role("link", name="Calls").click()
    expect(agent.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
    assert _connected(customer)
    agent.goto(f"{server.url}/live?call={two_people.call_id}")
    agent.get_by_role("button", name="Reattach").click()
    eventually(agent, lambda: _connected(agent), "the agent is back", limit_s=30)
    assert 40 <= received_per_second(customer, 4.0) <= 55
    expect(agent.locator(".es-bar-row")).to_contain_text("Chris")
    store = Store.open(f"sqlite:///{server.data_dir / 'earshot.db'}")
    assert len(store.load_call(two_people.call_id).call.participants) == 2
    store.close()
    end_call(agent)


def test_a_language_is_changed_in_mid_call_by_either_side_without_a_break_in_the_sound(two_people: TwoPeople) -> None:
    agent, customer = two_people.agent, two_people.customer
    badge = agent.locator(".es-people li").filter(has_text="Chris")
    expect(agent.locator(".es-line .es-name").filter(has_text="Chris").first).to_be_visible(timeout=WORDS_LIMIT_MS)
    customer.get_by_label("The language you speak").click()
    customer.get_by_role("option", name="한국어").click()
    expect(badge).to_contain_text("한국어", timeout=15_000)
    screenshot(customer, "call-join-language-phone")
    agent.get_by_role("button", name="Languages").click()
    panel = agent.get_by_test_id("stPopoverBody")
    panel.get_by_role("combobox").last.click()
    agent.get_by_role("option", name="English").click()
    expect(badge).not_to_contain_text("한국어", timeout=15_000)
    screenshot(agent, "call-languages")
    for page in (agent, customer):
        assert 45 <= received_per_second(page, 4.0) <= 55
    agent.keyboard.press("Escape")
    end_call(agent)


def test_a_second_tab_shows_the_same_call(server: Server, two_people: TwoPeople, open_page: OpenPage) -> None:
    second = open_page(f"{server.url}/live?call={two_people.call_id}", locale="ko-KR")
    expect(second.locator(".es-bar-row")).to_contain_text("Chris", timeout=30_000)
    expect(second.locator(".es-bar-row")).to_contain_text("통화 중")
    screenshot(second, "call-second-tab-korean")
    end_call(two_people.agent)
    expect(second.locator(".es-live")).to_contain_text("끝", timeout=30_000)


def test_the_call_recovers_when_the_media_process_is_killed(server: Server, two_people: TwoPeople) -> None:
    agent, customer = two_people.agent, two_people.customer
    children = psutil.Process(server.process.pid).children(recursive=True)
    (media,) = [p for p in children if "core.media" in p.cmdline() and "play" not in p.cmdline()]
    connections = [len(audio_stats(page)) for page in (agent, customer)]
    os.kill(media.pid, signal.SIGKILL)
    for page, before in zip((agent, customer), connections, strict=True):
        eventually(
            page,
            lambda page=page, before=before: len(audio_stats(page)) > before and _connected(page),
            "the leg is connected anew",
            limit_s=60,
        )
    assert 40 <= received_per_second(agent, 4.0) <= 55
    expect(agent.locator(".es-live")).to_contain_text("restarted", timeout=15_000)
    end_call(agent)


def test_the_demo_shows_words_within_twenty_seconds_of_the_click(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.get_by_role("button", name="Start demo call").click()
    expect(page.locator(".es-line").first).to_be_visible(timeout=20_000)
    expect(page.locator(".es-sentence")).to_contain_text("charged twice", timeout=WORDS_LIMIT_MS)
    page.get_by_role("button", name="Listen").click()
    eventually(page, lambda: _connected(page), "the listener hears", limit_s=30)
    assert 40 <= received_per_second(page, 4.0) <= 55
    # A script run that was broken off in the middle of START must not seat the listener twice.
    expect(page.locator(".es-bar-row").get_by_text("Supervisor")).to_have_count(1)
    screenshot(page, "demo-listening")
    end_call(page)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/live?call=nonsense", "There is no call nonsense"),
        ("/join?t=nonsense", "This link is not valid"),
        ("/join", "This link is not valid"),
    ],
)
def test_a_bad_address_is_answered_with_a_sentence(server: Server, open_page: OpenPage, path: str, words: str) -> None:
    expect(open_page(f"{server.url}{path}").get_by_text(words)).to_be_visible(timeout=15_000)
