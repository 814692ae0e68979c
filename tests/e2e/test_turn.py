"""Two people whose browsers and whose server may use a relay only, with a real TURN server in between."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.language.catalogue import translator
from core.settings import PROJECT_ROOT
from core.ui.leg_words import leg_words
from tests.e2e.conftest import LaunchBrowser, OpenPage, Serve
from tests.support.browser import (
    LATEST_CONNECTION,
    LEG_FRAME,
    audio_stats,
    begin_call,
    leg_frame,
    press_start,
    press_stop,
    received_per_second,
    screenshot,
)
from tests.support.coturn import EPHEMERAL, SECRET, Coturn, coturn_marks, running_coturn
from tests.support.streamlit_server import Server, running_server

pytestmark = coturn_marks()

SENTENCE_LIMIT_MS = 15_000
"""A relay that does not answer is given up after seconds, and the page has to be told."""
LEAST_RATE = 40.0
"""Packets a second: the whole voice arrives, but for what three seconds on a busy machine have less."""
USERNAME = f"{LATEST_CONNECTION}.getConfiguration().iceServers[0].username"
SELECTED_PAIR = """
async () => {
  const key = Symbol.for("earshot.connections");
  for (const frame of document.querySelectorAll('iframe[title^="streamlit_webrtc"]')) {
    const connection = frame.contentWindow?.[key]?.latest;
    if (!connection) continue;
    const stats = await connection.getStats();
    for (const entry of stats.values()) {
      if (entry.type !== "transport" || !entry.selectedCandidatePairId) continue;
      const pair = stats.get(entry.selectedCandidatePairId);
      const local = stats.get(pair.localCandidateId);
      const remote = stats.get(pair.remoteCandidateId).candidateType;
      return { local: local.candidateType, by: local.relayProtocol, remote, received: pair.packetsReceived };
    }
  }
  return null;
}
"""


SET_RIGHT = """
(() => {
  const changes = %s;
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration) {
      const wanted = configuration.iceServers.filter((server) => server.urls.includes(changes.only ?? ""));
      super({ ...configuration, iceServers: wanted.map((server) => ({ ...server, ...changes.server })) });
    }
  };
})()
"""
"""What a network or a mistyped password does to one browser alone; `only` keeps the servers whose address has it."""


@pytest.fixture(scope="module")
def coturn(network: tuple[str, str]) -> Iterator[Coturn]:
    with running_coturn(network[0], EPHEMERAL) as server:
        yield server


def relay_settings(coturn: Coturn, secret: str = SECRET) -> dict[str, str]:
    return {
        "EARSHOT_TURN_SERVERS": ", ".join(coturn.urls.values()),
        "EARSHOT_TURN_SECRET": secret,
        "EARSHOT_ICE_POLICY": "relay",
    }


@pytest.fixture(scope="module")
def server(coturn: Coturn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("relay")
    app = PROJECT_ROOT / "app.py"
    with running_server(app, folder, environment=relay_settings(coturn), health="/api/health") as server:
        yield server


@pytest.fixture
def careless_browser(launch_browser: LaunchBrowser, tone: Path) -> Browser:
    """Trusts every certificate, the TURN server's among them."""
    return launch_browser(microphone=tone, more_flags=["--ignore-certificate-errors"])


def expect_state(page: Page, words: str, limit_s: float = 30.0) -> None:
    expect(page.locator(".state").first).to_have_text(words, timeout=limit_s * 1000)


def visit(page: Page, url: str, changes: Mapping[str, object]) -> Page:
    """Open an address in a browser to which something happens."""
    page.add_init_script(SET_RIGHT % json.dumps(changes))
    page.goto(url)
    return page


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_two_browsers_talk_through_the_relay_alone(
    server: Server, coturn: Coturn, open_page: OpenPage, careless_browser: Browser, way: str
) -> None:
    only = {"only": coturn.urls[way]}
    agent = visit(open_page("about:blank", browser=careless_browser), server.url, only)
    customer = visit(open_page("about:blank", browser=careless_browser), begin_call(agent), only)
    for page in (agent, customer):
        press_start(page)
    for page in (agent, customer):
        expect_state(page, "Connected")
        assert received_per_second(page, 3.0) >= LEAST_RATE
        pair = page.evaluate(SELECTED_PAIR)
        assert (pair["local"], pair["by"]) == ("relay", way)
        assert pair["remote"] in ("relay", "prflx")
        assert pair["received"] > 100
    assert SECRET not in agent.content() + server.log
    people = agent.locator(".es-network tbody th")
    told = re.compile(r"^Path: UDP\. The server's end: a relay \(TURN\)\. The participant's end: ")
    for index in range(2):
        expect(people.nth(index)).to_have_attribute("aria-description", told)
    people.first.hover()
    screenshot(agent, f"turn-path-{way}")


def test_newer_credentials_leave_the_widget_and_the_connection_as_they_are(server: Server, open_page: OpenPage) -> None:
    agent = open_page(server.url)
    page = open_page(begin_call(agent))
    press_start(page)
    expect_state(page, "Connected")
    first = page.evaluate(USERNAME)
    page.locator(LEG_FRAME).evaluate("frame => { frame.dataset.mark = 'same'; }")
    name = page.get_by_label("Your name")
    for text in ("Kim", "Lee", "Park"):
        name.fill(text)
        name.press("Enter")
        page.wait_for_timeout(1500)
    assert page.locator(LEG_FRAME).get_attribute("data-mark") == "same"
    assert len(audio_stats(page)) == 1
    expect_state(page, "Connected")
    assert received_per_second(page, 3.0) >= LEAST_RATE
    press_stop(page)
    expect_state(page, "Disconnected")
    press_start(page)
    expect_state(page, "Connected")
    assert int(page.evaluate(USERNAME).partition(":")[0]) > int(first.partition(":")[0])


@pytest.mark.parametrize(
    ("locale", "changes", "problem"),
    [
        ("en", {"only": "=udp", "server": {"credential": "wrong-horse"}}, "relayRefused"),
        ("ko", {"only": "=udp", "server": {"urls": "turn:10.99.0.2:3499"}}, "relayUnreachable"),
    ],
)
def test_a_browser_that_gets_no_relay_says_so_in_time_and_stops(
    server: Server, open_page: OpenPage, locale: str, changes: Mapping[str, object], problem: str
) -> None:
    subprocess.run(["iptables", "-A", "OUTPUT", "-p", "udp", "--dport", "3499", "-j", "DROP"], check=True)
    words = leg_words(translator(locale))
    phases, problems = words["phases"], words["problems"]
    assert isinstance(phases, dict)
    assert isinstance(problems, dict)
    agent = open_page(server.url)
    link = begin_call(agent)
    page = visit(open_page("about:blank", locale="ko-KR" if locale == "ko" else "en-US", width=360), link, changes)
    press_start(page, str(words["start"]))
    expect(page.locator(".problem")).to_have_text(problems[problem], timeout=SENTENCE_LIMIT_MS)
    expect_state(page, phases["failed"])
    expect(leg_frame(page).get_by_role("button", name=str(words["start"]), exact=True)).to_be_enabled()
    screenshot(page, f"turn-{problem}-{locale}")


def test_a_wrong_secret_on_the_server_is_said_in_time(serve: Serve, coturn: Coturn, open_page: OpenPage) -> None:
    wrong = relay_settings(coturn, "another-secret")
    page = open_page(serve(PROJECT_ROOT / "app.py", environment=wrong, health="/api/health").url)
    begin_call(page)
    press_start(page)
    expect(page.locator(".problem").first).to_contain_text("relay", timeout=SENTENCE_LIMIT_MS)
    expect_state(page, "Connection failed")
    assert all(entry["state"] != "connected" for entry in audio_stats(page))
    screenshot(page, "turn-wrong-secret")
