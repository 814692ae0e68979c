"""The leg widget in a real Chromium, against real peer connections on the server's side."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Route, expect

from core.language.catalogue import translator
from tests.e2e.conftest import LaunchBrowser, OpenPage
from tests.support.browser import (
    LEG_FRAME,
    audio_stats,
    eventually,
    leg_frame,
    press_start,
    press_stop,
    received_per_second,
    sent_per_second,
)
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "leg_app.py"
LEAST_RATE = 20.0
"""Packets a second: the sound flows. The echo runs beside the page's script and gets behind on a busy machine; that the
real server brings 50 is shown by test_call.py and test_soak.py."""

CLOSE_LIMIT_S = 12.0
"""At once, on a busy machine: a leg that nobody closes is found out by its silence, after half a minute."""


@dataclass(frozen=True)
class LegApp:
    server: Server

    @property
    def url(self) -> str:
        return self.server.url

    def legs(self) -> dict[str, str]:
        """Each leg that was ever opened, and its last state."""
        journal = self.server.data_dir / "legs.jsonl"
        lines = journal.read_text().splitlines() if journal.exists() else []
        return {entry["leg_id"]: entry["state"] for entry in map(json.loads, lines)}

    def newest(self) -> tuple[str, str]:
        return list(self.legs().items())[-1]

    @property
    def order_file(self) -> Path:
        return self.server.data_dir / "order"

    @property
    def hold_file(self) -> Path:
        """As long as it is there, no run of the page comes to its end."""
        return self.server.data_dir / "hold"

    def order(self, page: Page, word: str) -> None:
        """Have the server lose or close its connections, refuse the next ones (ended, down) or be well again.

        The page must be one that refreshes: it is what carries the order out.
        """
        self.order_file.with_suffix(".new").write_text(word)
        self.order_file.with_suffix(".new").rename(self.order_file)
        eventually(page, lambda: not self.order_file.exists(), f"the server took the order {word}", 20)


@pytest.fixture(scope="module")
def running_app(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LegApp]:
    with running_server(APP, tmp_path_factory.mktemp("leg-app")) as server:
        yield LegApp(server)


@pytest.fixture
def app(running_app: LegApp) -> LegApp:
    """The running server; the first page that is opened makes it well again."""
    running_app.order_file.write_text("well")
    running_app.hold_file.unlink(missing_ok=True)
    return running_app


RUN_AGAIN = """
setInterval(() => {
  [...document.querySelectorAll("button")].find((button) => button.textContent.includes("Run again"))?.click();
}, 2500);
"""
"""Has the whole page run again and again, between its fragments' own runs."""
WATCH_STATES = """
(node) => {
  window.shownStates = [];
  const keep = () => window.shownStates.push(node.textContent);
  new MutationObserver(keep).observe(node, { childList: true, characterData: true, subtree: true });
}
"""


def state(page: Page) -> str:
    return page.locator(".state").inner_text()


def expect_state(page: Page, words: str, limit_s: float = 30.0) -> None:
    expect(page.locator(".state")).to_have_text(words, timeout=limit_s * 1000)


def watch_states(page: Page) -> None:
    """Keep every state that is shown from now on: some are over sooner than anybody asks."""
    page.locator(".state").evaluate(WATCH_STATES)


def shown_states(page: Page) -> list[str]:
    return list(page.evaluate("window.shownStates"))


def start_and_stay(page: Page, seconds: float) -> None:
    """One START that must live for so many seconds, with packets arriving all along."""
    press_start(page)
    expect_state(page, "Connected")
    page.wait_for_timeout(1000)
    rate = received_per_second(page, seconds)
    assert audio_stats(page)[-1]["state"] == "connected"
    assert rate >= LEAST_RATE, f"{rate:.1f} packets a second arrived"
    press_stop(page)
    expect_state(page, "Disconnected")
    expect(leg_frame(page).get_by_role("button", name="START", exact=True)).to_be_visible()


@pytest.mark.parametrize("way", ["", "&listen=1"], ids=["talking", "listening"])
def test_a_call_outlives_the_redraws_of_its_page(app: LegApp, open_page: OpenPage, way: str) -> None:
    page = open_page(f"{app.url}/?refresh=1{way}", microphone=not way)
    page.evaluate(RUN_AGAIN)
    before = len(app.legs())
    for _ in range(3 if not way else 1):
        start_and_stay(page, 8.0)
    assert len(app.legs()) - before == (3 if not way else 1), "a START opened more than one leg"
    eventually(page, lambda: set(app.legs().values()) == {"closed"}, "every leg is closed", CLOSE_LIMIT_S)


def test_a_rerun_leaves_the_panel_and_the_connection_as_they_are(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1")
    page.evaluate(RUN_AGAIN)
    press_start(page)
    expect_state(page, "Connected")
    page.locator(".panel").evaluate("node => { node.dataset.mark = 'same'; }")
    page.locator("summary").click()
    runs = page.get_by_text("runs ", exact=False)
    before = runs.inner_text()
    expect(runs).not_to_have_text(before)
    page.wait_for_timeout(1000)
    assert page.locator(".panel").get_attribute("data-mark") == "same"
    assert page.locator("details").get_attribute("open") is not None
    assert len(audio_stats(page)) == 1
    assert received_per_second(page, 4.0) >= LEAST_RATE


def test_a_frame_that_streamlit_builds_anew_takes_the_call_up_again(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    page.get_by_role("button", name="Mute", exact=True).click()
    expect(page.get_by_text("muted=True")).to_be_visible()
    for _ in range(2):
        page.get_by_role("button", name="Change what stands above the leg").click()
        page.wait_for_timeout(4000)
        expect_state(page, "Connected")
        expect(page.get_by_role("button", name="Unmute", exact=True)).to_be_visible()
        assert received_per_second(page, 4.0) >= LEAST_RATE
    assert list(app.legs().values()).count("connected") == 1, "a leg was left behind"


def test_muting_silences_the_microphone_and_tells_the_server(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    button = page.get_by_role("button", name="Mute", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Unmute", exact=True)).to_be_focused()
    expect(page.get_by_text("muted=True")).to_be_visible()

    def heard_in_two_seconds() -> float:
        before = audio_stats(page)[-1]["energy"]
        page.wait_for_timeout(2000)
        return float(audio_stats(page)[-1]["energy"] - before)

    # What was on its way is still heard; a microphone that is not muted is heard on and on.
    eventually(page, lambda: heard_in_two_seconds() < 1e-4, "the echo of a muted microphone is not heard")
    quiet = audio_stats(page)[-1]["energy"]
    page.keyboard.press("Space")
    expect(page.get_by_text("muted=False")).to_be_visible()
    eventually(page, lambda: audio_stats(page)[-1]["energy"] > quiet + 0.01, "the echo is heard again")


def test_the_level_meter_follows_the_microphone(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    level = page.get_by_role("meter", name="Input level")
    eventually(page, lambda: int(level.get_attribute("aria-valuenow") or 0) >= 30, "the tone moves the meter")
    press_stop(page)
    eventually(page, lambda: level.get_attribute("aria-valuenow") == "0", "the meter comes to rest")


def test_failure_3_robotic_voice_noise_suppression_is_off_in_the_browser(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    page.locator("summary").click()
    press_start(page)
    expect_state(page, "Connected")
    rows = page.locator("tbody tr")
    readings = {}
    for index in range(rows.count()):
        cells = rows.nth(index).locator("th, td")
        readings[cells.nth(0).inner_text()] = cells.nth(2).inner_text()
    assert readings["Noise suppression"] == "off"
    assert readings["Echo cancellation"] == "on"
    assert readings["Automatic gain control"] == "on"
    assert readings["Sample rate"] == "48 kHz"
    assert readings["Channels"] == "mono"


def test_the_reader_changes_processing_and_device_before_and_during_a_call(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    page.locator("summary").click()
    row = page.locator("tbody tr", has_text="Echo cancellation")
    row.get_by_role("checkbox").uncheck()
    press_start(page)
    expect_state(page, "Connected")
    expect(row.locator("td").nth(1)).to_have_text("off")
    row.get_by_role("checkbox").check()
    expect(row.locator("td").nth(1)).to_have_text("on")
    device = page.get_by_role("combobox", name="Microphone")
    eventually(page, lambda: device.locator("option").count() >= 2, "the browser's microphones are listed")
    device.select_option(index=1)
    page.wait_for_timeout(1000)
    assert len(audio_stats(page)) == 1, "changing the microphone made a new connection"
    before = audio_stats(page)[-1]
    page.wait_for_timeout(3000)
    after = audio_stats(page)[-1]
    assert (after["sent"] - before["sent"]) / (after["at_s"] - before["at_s"]) >= 40
    expect_state(page, "Connected")


def test_a_lost_connection_comes_back_by_itself_and_stays_muted(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1")
    press_start(page)
    expect_state(page, "Connected")
    page.get_by_role("button", name="Mute", exact=True).click()
    first, _ = app.newest()
    watch_states(page)
    app.order(page, "lose")
    eventually(page, lambda: "Connection lost. Try 1 of 5…" in shown_states(page), "the loss is said")
    expect_state(page, "Connected")
    assert app.newest()[0] != first
    expect(page.get_by_role("button", name="Unmute", exact=True)).to_be_visible()
    page.wait_for_timeout(1000)
    assert received_per_second(page, 4.0) >= LEAST_RATE
    press_stop(page)
    page.wait_for_timeout(2000)
    assert state(page) == "Disconnected", "STOP was not the end of it"


def test_after_five_tries_a_sentence_says_what_to_do_and_start_works_again(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1&locale=ko", locale="ko-KR")
    korean = translator("ko")
    press_start(page, "시작")
    expect_state(page, "연결됨")
    app.order(page, "lose")
    app.order(page, "down")
    seen: set[str] = set()
    eventually(page, lambda: seen.add(state(page)) or korean("Connection failed") in seen, "it gave up", 90)
    tries = korean("Connection lost. Try {number} of {limit}…")
    assert {tries.format(number=number, limit=5) for number in range(2, 6)} <= seen
    expect(page.locator(".problem")).to_be_visible()
    before = len(app.legs())
    page.wait_for_timeout(4000)
    assert len(app.legs()) == before, "it went on trying"
    app.order(page, "well")
    press_start(page, "시작")
    expect_state(page, "연결됨")


def test_whoever_stops_trying_is_left_alone(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1")
    press_start(page)
    expect_state(page, "Connected")
    give_up = page.get_by_role("button", name="Stop trying")
    expect(give_up).to_be_hidden()
    app.order(page, "lose")
    app.order(page, "down")
    give_up.click()
    expect_state(page, "Disconnected")
    expect(give_up).to_be_hidden()
    before = len(app.legs())
    page.wait_for_timeout(4000)
    assert (state(page), len(app.legs())) == ("Disconnected", before)


def test_stop_trying_holds_while_the_frame_still_fetches_its_code(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    held: list[Route] = []
    page.route("**/adapter_core*", lambda route: held.append(route))
    page.evaluate(f"document.querySelector('{LEG_FRAME}').contentWindow.location.reload()")
    eventually(page, lambda: len(held) > 0, "START is pressed")
    watch_states(page)
    before = app.legs().keys()
    page.get_by_role("button", name="Stop trying").click()
    expect_state(page, "Disconnected")
    for route in held:
        route.continue_()
    eventually(page, lambda: len(audio_stats(page)) > 0, "the connection is made all the same")
    eventually(page, lambda: audio_stats(page)[-1]["state"] == "closed", "and given up", CLOSE_LIMIT_S)
    page.wait_for_timeout(1000)
    assert {state for leg_id, state in app.legs().items() if leg_id not in before} <= {"closed"}
    assert set(shown_states(page)) == {"Disconnected"}


def test_a_page_that_was_without_its_server_for_long_does_not_start_by_itself(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1")
    press_start(page)
    expect_state(page, "Connected")
    page.locator("[data-test-connection-state]").evaluate(
        """(node) => {
          const cut = () => { node.dataset.testConnectionState = "DISCONNECTED"; };
          const look = () => node.dataset.testConnectionState === "CONNECTED" && cut();
          new MutationObserver(look).observe(node, { attributes: true });
          cut();
        }"""
    )
    app.order(page, "lose")
    expect_state(page, "Connection lost. Waiting for the server…")
    page.evaluate("const now = Date.now; Date.now = () => now() + 3_600_000")
    expect_state(page, "Connection failed")
    page.locator("[data-test-connection-state]").evaluate("node => { node.dataset.testConnectionState = 'CONNECTED'; }")
    before = len(app.legs())
    page.wait_for_timeout(2000)
    assert (state(page), len(app.legs())) == ("Connection failed", before)


def test_a_leg_that_the_server_ends_on_purpose_stays_ended(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1")
    press_start(page)
    expect_state(page, "Connected")
    before = len(app.legs())
    app.order(page, "close")
    expect_state(page, "Disconnected by the server")
    page.wait_for_timeout(2000)
    assert len(app.legs()) == before


def test_a_refused_leg_is_a_sentence_on_the_page_and_the_next_start_works(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1&locale=ko", locale="ko-KR")
    app.order(page, "ended")
    press_start(page, "시작")
    expect_state(page, translator("ko")("Connection failed"))
    expect(page.locator(".problem")).to_be_visible()
    page.wait_for_timeout(2000)
    app.order(page, "well")
    press_start(page, "시작")
    expect_state(page, "연결됨")
    expect(page.locator(".problem")).to_be_hidden()


def test_a_server_that_is_being_restarted_is_tried_again(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?refresh=1")
    app.order(page, "down")
    press_start(page)
    expect(page.locator(".problem")).to_contain_text("The audio server is not running")
    app.order(page, "well")
    expect_state(page, "Connected")


def test_leaving_the_page_closes_the_leg_at_once(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    leg_id, _ = app.newest()
    page.get_by_role("link", name="Leave").click()
    eventually(page, lambda: app.legs()[leg_id] == "closed", "the leg is closed", CLOSE_LIMIT_S)
    page.get_by_role("link", name="Back").click()
    press_start(page)
    expect_state(page, "Connected")
    assert received_per_second(page, 4.0) >= LEAST_RATE


def test_a_page_that_stops_showing_the_leg_closes_it(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    leg_id, _ = app.newest()
    page.get_by_text("Without the leg").click()
    expect(page.locator("iframe")).to_have_count(0, timeout=10_000)
    eventually(page, lambda: app.legs()[leg_id] == "closed", "the leg is closed", CLOSE_LIMIT_S)


def test_autostart_presses_start_once(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(f"{app.url}/?autostart=1&listen=1", microphone=False)
    expect_state(page, "Connected")
    press_stop(page)
    page.wait_for_timeout(2000)
    assert state(page) == "Disconnected"


def test_a_start_elsewhere_on_the_page_presses_the_leg_s_own(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    page.locator(".panel").evaluate("node => { node.dataset.mark = 'same'; }")
    before = len(app.legs())
    for _ in range(2):
        page.get_by_role("button", name="Begin elsewhere").click()
        expect_state(page, "Connected")
        assert sent_per_second(page, 2.0) >= LEAST_RATE
        press_stop(page)
        expect_state(page, "Disconnected")
    assert page.locator(".panel").get_attribute("data-mark") == "same"
    assert len(app.legs()) - before == 2


@pytest.mark.parametrize("way", ["first", "again"])
def test_start_is_pressed_once_while_the_frame_still_fetches_its_code(
    app: LegApp, open_page: OpenPage, way: str
) -> None:
    page = open_page(app.url)
    expect_state(page, "Not connected")
    if way == "again":
        press_start(page)
        expect_state(page, "Connected")
    held: list[Route] = []
    page.route("**/adapter_core*", lambda route: held.append(route))
    before = len(app.legs())
    if way == "again":
        page.evaluate(f"document.querySelector('{LEG_FRAME}').contentWindow.location.reload()")
    else:
        page.get_by_role("button", name="Begin elsewhere").click()
    eventually(page, lambda: len(held) > 0, "START is pressed")
    # Longer than a press that was taken at once is waited for.
    page.wait_for_timeout(5000)
    for route in held:
        route.continue_()
    expect_state(page, "Connected")
    assert len(audio_stats(page)) == 1
    assert len(app.legs()) - before == 1
    assert sent_per_second(page, 2.0) >= LEAST_RATE


class TwoFrames:
    """A page whose leg has just given way to another one, while the run that draws it goes on: both frames are there.

    Neither gets any further before the test says so.
    """

    def __init__(self, app: LegApp, page: Page) -> None:
        self._page = page
        self._held: list[Route] = []
        self._hold = app.hold_file
        self._hold.touch()
        page.route("**/streamlit_webrtc*/index.html*", lambda route: self._held.append(route))
        page.get_by_role("button", name="Another leg").click()
        expect(page.locator(LEG_FRAME)).to_have_count(2)

    def _waiting(self) -> list[tuple[Route, str]]:
        """The requests of frames that are still there, and the class of each frame's element."""
        found = []
        for route in self._held:
            # The frame may be gone.
            with suppress(Error):
                element = route.request.frame.frame_element()
                found.append((route, element.evaluate("node => node.closest('.stElementContainer').className")))
        return found

    def load(self, key: str) -> None:
        """Let the frame of one leg load."""
        element = f".stElementContainer[class*='st-key-leg-{key}-'] iframe"
        button = self._page.frame_locator(element).get_by_role(
            "button", name=re.compile("START|STOP"), include_hidden=True
        )

        def is_loaded() -> bool:
            # Streamlit moves a frame that is still there, and browsers load a frame anew that is moved.
            for route, name in self._waiting():
                if f"st-key-leg-{key}-" in name:
                    self._held.remove(route)
                    route.continue_()
            return button.count() > 0

        eventually(self._page, is_loaded, f"the frame of {key} is loaded", 30)

    def finish(self) -> None:
        """Let the run end: the former frame goes."""
        self._hold.unlink()
        expect(self._page.locator(LEG_FRAME)).to_have_count(1, timeout=10_000)


@pytest.mark.parametrize("order", [("test", "test1"), ("test1", "test")], ids=["former-first", "own-first"])
def test_a_leg_starts_in_its_own_frame_while_the_former_one_s_is_still_there(
    app: LegApp, open_page: OpenPage, order: tuple[str, str]
) -> None:
    page = open_page(f"{app.url}/?other=1")
    expect(leg_frame(page).get_by_role("button", name="START", exact=True)).to_be_visible()
    before = len(app.legs())
    frames = TwoFrames(app, page)
    for key in order:
        frames.load(key)
    # With both ready: whatever is pressed is pressed now.
    eventually(page, lambda: len(audio_stats(page)) > 0, "START is pressed")
    frames.finish()
    expect_state(page, "Connected")
    assert len(audio_stats(page)) == 1
    assert len(app.legs()) - before == 1
    # Of a microphone that was asked for in the former frame nothing would come any more.
    assert sent_per_second(page, 3.0) >= LEAST_RATE


def test_a_leg_does_not_take_up_the_call_of_one_that_was_in_its_place(app: LegApp, open_page: OpenPage) -> None:
    page = open_page(app.url)
    press_start(page)
    expect_state(page, "Connected")
    before = len(app.legs())
    former, _ = app.newest()
    page.get_by_role("button", name="Another leg").click()
    eventually(page, lambda: app.legs()[former] == "closed", "the former leg is closed", CLOSE_LIMIT_S)
    page.wait_for_timeout(1500)
    assert state(page) == "Not connected"
    assert len(app.legs()) == before


def test_a_refused_microphone_is_explained(app: LegApp, open_page: OpenPage, launch_browser: LaunchBrowser) -> None:
    strict = launch_browser(microphone=None, allow_microphone=False)
    page = open_page(app.url, browser=strict, microphone=False)
    press_start(page)
    expect(page.locator(".problem")).to_contain_text("does not allow this page to use the microphone")
    expect_state(page, "Not connected")


def test_an_insecure_page_is_explained(app: LegApp, open_page: OpenPage, network: tuple[str, str]) -> None:
    page = open_page(f"http://{network[0]}:{app.server.port}", microphone=False)
    expect(page.locator(".problem")).to_contain_text("secure pages only")


def test_a_listener_needs_no_secure_page(app: LegApp, open_page: OpenPage, network: tuple[str, str]) -> None:
    page = open_page(f"http://{network[0]}:{app.server.port}/?listen=1", microphone=False)
    press_start(page)
    expect_state(page, "Connected")
    assert received_per_second(page, 4.0) >= LEAST_RATE
