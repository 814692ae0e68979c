"""A talk with a persona in a real browser while things fail, and ends: the network, the provider, a session's hour, the
opening hours; and a supervisor who steps in. The provider is a rehearsal that the test looks at, with a key."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from core.persona.rehearsal.faults import Faults
from tests.e2e.conftest import OpenPage
from tests.e2e.supervision import choose_mode, expect_mode
from tests.support.browser import LATEST_CONNECTION, as_wav, audio_stats, eventually, launch_chromium, screenshot
from tests.support.outage import outage
from tests.support.persona_server import PersonaServer, persona_server
from tests.support.streamlit_server import ROOT, Server, running_server

CALLER = ROOT / "demo" / "customer.ogg"
LINES = ("I was charged twice.", "It was in March.", "Please look at it again.")
GREETING = "Hello, this is Robin at the lighthouse. I keep the lamp and the log, and I have all the time in the world."
SLOW_MS = 60_000
TALKS = re.compile("is listening|is thinking|is speaking")
APART_S = 3.0
"""Between two attempts to connect again."""

PERSONA = """
name = "Robin"
language = "en"
instructions = "Be brief."
voice = "marin"
greeting = "{greeting}"
farewell = "We close now. Goodbye."

[opening_hours]
time_zone = "{zone}"
every_day = ["{hours}"]
"""

WATCH_TITLES = """
() => {
  const title = document.querySelector(".pt-title");
  window.titles = [title.textContent];
  new MutationObserver(() => window.titles.push(title.textContent)).observe(
    title, { childList: true, characterData: true, subtree: true });
}
"""

HEAR = f"""
() => {{
  const receiver = ({LATEST_CONNECTION}).getReceivers().find((each) => each.track.kind === "audio");
  const context = new AudioContext();
  const meter = new AnalyserNode(context, {{ fftSize: 1024 }});
  context.createMediaStreamSource(new MediaStream([receiver.track])).connect(meter);
  const samples = new Float32Array(1024);
  window.heard = [];
  setInterval(() => {{
    meter.getFloatTimeDomainData(samples);
    window.heard.push([Date.now() / 1000, samples.some((each) => Math.abs(each) > 0.01)]);
  }}, 20);
}}
"""
"""Keeps when there was sound of the persona at the listener, in `window.heard`."""


def noon_zone(now: datetime) -> timezone:
    """A zone in which it is about noon: no minute of a test is near the end of its day."""
    return timezone(timedelta(hours=12 - now.hour))


def write_persona(folder: Path, closes: datetime | None = None) -> None:
    """Robin's file; open all day, or until `closes`, to the minute, of today."""
    zone = noon_zone(datetime.now(UTC))
    hours = "00:00-24:00" if closes is None else f"00:00-{closes.astimezone(zone):%H:%M}"
    # POSIX counts these the other way round.
    offset_h = round((zone.utcoffset(None) or timedelta()).total_seconds() / 3600)
    text = PERSONA.format(greeting=GREETING, zone=f"Etc/GMT{-offset_h:+d}", hours=hours)
    (folder / "robin.toml").write_text(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("personas")


@pytest.fixture(scope="module")
def serving(network: tuple[str, str]) -> Iterator[PersonaServer]:
    with persona_server(LINES) as served:
        yield served


@pytest.fixture
def provider(serving: PersonaServer) -> Iterator[PersonaServer]:
    serving.let(lambda number: Faults())
    yield serving
    serving.let(lambda number: Faults())


@pytest.fixture(scope="module")
def server(serving: PersonaServer, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {**serving.environment, "EARSHOT_PERSONA_DIR": str(folder)}
    data_dir = tmp_path_factory.mktemp("earshot")
    write_persona(folder)
    with running_server(ROOT / "app.py", data_dir, environment=environment, health="/api/health") as running:
        yield running


@pytest.fixture(scope="module")
def caller(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone says English sentences, with pauses between them, over and over."""
    with launch_chromium(playwright, microphone=as_wav(CALLER, tmp_path_factory.mktemp("voice"), 0.0)) as browser:
        yield browser


@pytest.fixture
def begin(server: Server, folder: Path, open_page: OpenPage, caller: Browser) -> Iterator[Callable[[], Page]]:
    """Begins a talk with Robin: the greeting is being said."""
    begun: list[Page] = []

    def talk() -> Page:
        write_persona(folder)
        page = open_page(f"{server.url}/persona", browser=caller)
        begun.append(page)
        button = page.locator(".st-key-persona-robin").get_by_role("button", name="Talk")
        expect(button).to_be_enabled(timeout=SLOW_MS)
        button.click()
        expect(title(page)).to_have_text("Robin is speaking", timeout=SLOW_MS)
        return page

    yield talk
    for page in begun:
        if page.locator(".pt-end").is_visible():
            page.locator(".pt-end").click()
            expect(title(page)).to_have_text("The conversation has ended", timeout=SLOW_MS)


def title(page: Page) -> Locator:
    return page.locator(".pt-title")


def watch(page: Page, server: Server, open_page: OpenPage, where: str = "live") -> Page:
    """Another page on the same call: its own, or the supervisor's."""
    return open_page(f"{server.url}/{where}?{page.url.partition('?')[2]}")


def answers(page: Page) -> int:
    """How often the persona has spoken, by the transcript."""
    return page.locator(".pt-lines .pt-said[data-role=persona]").count()


def goes_on(page: Page) -> None:
    """The persona says something more."""
    before = answers(page)
    eventually(page, lambda: answers(page) > before, "the persona says something more", limit_s=60)


def energy(page: Page) -> float:
    return float(audio_stats(page)[-1].get("energy") or 0.0)


def spells(page: Page) -> list[tuple[float, float]]:
    """From when until when the persona was heard, pauses of half a second within what it says included."""
    found: list[tuple[float, float]] = []
    for at_s, is_loud in page.evaluate("window.heard"):
        if not is_loud:
            continue
        if found and at_s - found[-1][1] < 0.5:
            found[-1] = (found[-1][0], at_s)
        else:
            found.append((at_s, at_s))
    return [(since, until) for since, until in found if until - since > 1.0]


def test_a_supervisor_hears_both_and_a_barge_in_holds_the_persona_until_it_is_over(
    begin: Callable[[], Page], provider: PersonaServer, server: Server, open_page: OpenPage
) -> None:
    page = begin()
    eventually(page, lambda: energy(page) > 0.0, "the greeting is heard")
    expect(page.locator(".pt-lines .pt-said[data-role=customer]:not([data-interim])").first).to_contain_text(
        LINES[0], timeout=SLOW_MS
    )
    goes_on(page)
    boss = watch(page, server, open_page, "supervisor")
    choose_mode(boss, "Monitor")
    expect_mode(boss, "Monitor", "Nobody hears you.")
    eventually(boss, lambda: energy(boss) > 1e-3, "the supervisor hears the call")
    expect(boss.get_by_text(LINES[0], exact=True).first).to_be_visible()
    choose_mode(boss, "Barge in")
    expect(title(page)).to_have_text(re.compile("has taken over"))
    expect(boss.locator(".es-ai-state")).to_have_text(re.compile("The persona waits for"))
    since_s, said = time.time() + 0.5, answers(page)
    before = energy(page)
    eventually(page, lambda: energy(page) > before + 1e-3, "the customer hears the supervisor")
    page.wait_for_timeout(4_000)
    screenshot(page, "persona-held")
    screenshot(boss, "persona-held-supervisor")
    assert not [at_s for at_s, is_loud in tuple(provider.sounds) if is_loud and at_s > since_s]
    assert answers(page) == said
    choose_mode(boss, "Monitor")
    expect(title(page)).to_have_text(TALKS)
    goes_on(page)


def test_after_an_outage_of_the_network_the_talk_goes_on_and_the_persona_never_hears_itself(
    begin: Callable[[], Page], provider: PersonaServer, server: Server
) -> None:
    page = begin()
    page.evaluate(HEAR)
    attempts = provider.attempts
    page.wait_for_timeout(1_000)
    with outage(page_port=server.port):
        page.wait_for_timeout(3_000)
        expect(page.locator(".state")).to_have_text("Connection interrupted. Waiting for it…")
        expect(page.locator(".es-persona [data-offline]")).to_contain_text("connection to the server is interrupted")
        screenshot(page, "persona-network-away")
    expect(page.locator(".state")).to_have_text("Connected")
    before = energy(page)
    expect(title(page)).to_have_text(TALKS)
    goes_on(page)
    goes_on(page)
    eventually(page, lambda: energy(page) > before, "the persona is heard again")
    page.wait_for_timeout(3_000)
    assert provider.attempts == attempts
    heard, sounds = spells(page), tuple(provider.sounds)
    assert len(heard) >= 2
    # What is captured while the persona is heard comes a little later; the tail of the closing is longer than that.
    leaked = [
        at_s
        for at_s, is_loud in sounds
        for since_s, until_s in heard
        if is_loud and since_s + 0.4 < at_s < until_s + 0.1
    ]
    assert leaked == []
    assert [at_s for at_s, is_loud in sounds if is_loud and at_s > heard[0][1]]


def test_a_cut_session_is_made_again_with_its_attempts_shown_and_goes_on(
    begin: Callable[[], Page], provider: PersonaServer, server: Server, open_page: OpenPage
) -> None:
    page = begin()
    goes_on(page)
    provider.refuse("down", times=2)
    before = provider.attempts
    assert provider.cut() == 1
    expect(title(page)).to_have_text("Reconnecting: attempt 2 of 5")
    screenshot(page, "persona-reconnecting")
    expect(title(page)).to_have_text(TALKS, timeout=SLOW_MS)
    goes_on(page)
    assert provider.attempts == before + 3
    boss = watch(page, server, open_page)
    expect(boss.locator(".es-ai-counts")).to_contain_text("reconnected 3×")


def test_five_attempts_in_vain_are_the_end_of_trying(begin: Callable[[], Page], provider: PersonaServer) -> None:
    page = begin()
    before = provider.attempts
    provider.refuse("down")
    began_s = time.monotonic()
    assert provider.cut() == 1
    expect(title(page)).to_have_text("Reconnecting: attempt 5 of 5", timeout=SLOW_MS)
    expect(title(page)).to_have_text("Robin has stopped", timeout=SLOW_MS)
    assert time.monotonic() - began_s > 4 * APART_S - 1
    screenshot(page, "persona-given-up")
    page.wait_for_timeout(1.5 * APART_S * 1000)
    assert provider.attempts == before + 5


def test_an_error_that_no_attempt_cures_ends_it_at_once_with_its_sentence(
    begin: Callable[[], Page], provider: PersonaServer
) -> None:
    for why, sentence in (("quota", "quota"), ("key", "key")):
        page = begin()
        before = provider.attempts
        provider.refuse(why)
        assert provider.cut() == 1
        expect(title(page)).to_have_text("Robin has stopped")
        expect(page.locator(".pt-line")).to_contain_text(sentence)
        screenshot(page, f"persona-refused-{why}")
        page.wait_for_timeout(1.5 * APART_S * 1000)
        assert provider.attempts == before + 1
        page.locator(".pt-end").click()
        expect(title(page)).to_have_text("The conversation has ended")
        provider.let(lambda number: Faults())


def test_nothing_is_connected_again_after_the_end(begin: Callable[[], Page], provider: PersonaServer) -> None:
    page = begin()
    provider.refuse("down")
    assert provider.cut() == 1
    expect(title(page)).to_have_text(re.compile("Reconnecting: attempt"))
    page.locator(".pt-end").click()
    expect(title(page)).to_have_text("The conversation has ended")
    # One that was under way may still be counted.
    page.wait_for_timeout(1_000)
    after = provider.attempts
    page.wait_for_timeout(2.0 * APART_S * 1000)
    assert provider.attempts == after
    assert provider.cut() == 0


def test_before_a_session_s_time_is_over_another_takes_over_unnoticed(
    begin: Callable[[], Page], provider: PersonaServer, server: Server, open_page: OpenPage
) -> None:
    before = provider.attempts
    # From three minutes before its end on the next pause is taken: that is soon after the greeting.
    provider.let(lambda number: Faults(expiry=192.0) if number == 1 else Faults())
    page = begin()
    page.evaluate(WATCH_TITLES)
    eventually(page, lambda: provider.attempts == before + 2, "another session is opened", limit_s=60)
    goes_on(page)
    goes_on(page)
    assert all(TALKS.search(each) for each in page.evaluate("window.titles")), page.evaluate("window.titles")
    assert provider.cut() == 1
    boss = watch(page, server, open_page)
    expect(boss.locator(".es-ai-counts")).to_contain_text("handed over 1×")


def test_at_closing_time_it_says_goodbye_the_call_ends_and_nothing_is_connected_any_more(
    begin: Callable[[], Page], provider: PersonaServer, server: Server, folder: Path, open_page: OpenPage
) -> None:
    page = begin()
    boss = watch(page, server, open_page)
    goes_on(page)
    write_persona(folder, closes=datetime.now(UTC) + timedelta(minutes=1))
    farewell = page.locator(".pt-lines .pt-said[data-role=persona]", has_text="We close now. Goodbye.")
    expect(farewell).to_be_visible(timeout=70_000)
    expect(title(page)).to_have_text("The conversation has ended", timeout=SLOW_MS)
    reason = "opening hours ended"
    expect(page.locator(".pt-line")).to_contain_text(reason)
    expect(boss.get_by_text(re.compile(reason)).first).to_be_visible()
    screenshot(page, "persona-closed")
    screenshot(boss, "persona-closed-supervisor")
    assert provider.cut() == 0
    after = provider.attempts
    page.goto(f"{server.url}/persona")
    expect(page.locator(".st-key-persona-robin").get_by_role("button", name="Talk")).to_be_disabled()
    page.wait_for_timeout(2_000)
    assert provider.attempts == after
