"""The Doctor page in a real browser: everything good, and each of the ways in which a caller's side goes wrong."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from core.access.tokens import Tokens
from core.access.users import UsersFile
from core.language.catalogue import translator
from core.model.access import Person, SignInMethod, UserRole
from core.settings import PROJECT_ROOT
from core.ui.doctor_words import doctor_words
from tests.e2e.conftest import LaunchBrowser, OpenPage, Serve
from tests.support.browser import CHROMIUM, FLAGS, SCREENSHOTS
from tests.support.coturn import EPHEMERAL, PORT, SECRET, Coturn, coturn_marks, running_coturn
from tests.support.sound_files import SAMPLE_RATE, write_sound
from tests.support.streamlit_server import Server, running_server

pytestmark = coturn_marks()

APP = PROJECT_ROOT / "app.py"
RUN_LIMIT_MS = 120_000
MEASURED = ("http", "trial", "server:media", "server:loopback", "server:speech", "server:database", "server:disk")
"""Good or not by their times, which a busy machine spoils."""
WITHOUT_GAIN = """
(() => {
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (request) => native({ audio: { ...request.audio, autoGainControl: false } });
})()
"""
"""As loud as it comes: the browser's gain control would make a quiet voice of noise."""


@pytest.fixture(scope="module")
def coturn(network: tuple[str, str]) -> Iterator[Coturn]:
    with running_coturn(network[0], EPHEMERAL) as server:
        yield server


def environment(coturn: Coturn, secret: str = SECRET) -> dict[str, str]:
    return {
        "EARSHOT_STUN_SERVERS": coturn.stun_url,
        "EARSHOT_TURN_SERVERS": ", ".join(coturn.urls.values()),
        "EARSHOT_TURN_SECRET": secret,
        # For the server's own look at the relay's certificate.
        "SSL_CERT_FILE": str(coturn.authority),
    }


@pytest.fixture(scope="module")
def server(coturn: Coturn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("doctor")
    with running_server(APP, folder, environment=environment(coturn), health="/api/health") as server:
        yield server


@pytest.fixture
def careless_browser(launch_browser: LaunchBrowser, tone: Path) -> Browser:
    """Trusts every certificate, the TURN server's among them."""
    return launch_browser(microphone=tone, more_flags=["--ignore-certificate-errors"])


def open_doctor(page: Page, url: str) -> Page:
    page.goto(f"{url}/doctor")
    expect(page.locator(".doctor[data-ready=yes]")).to_be_visible()
    return page


def row(page: Page, check: str) -> Locator:
    return page.locator(f'.doctor li[data-check="{check}"]')


def states(page: Page) -> dict[str, str]:
    return {
        str(each.get_attribute("data-check")): str(each.get_attribute("data-state"))
        for each in page.locator(".doctor li").all()
    }


def run_all(page: Page, label: str = "Run all checks") -> dict[str, str]:
    page.get_by_role("button", name=label, exact=True).click()
    expect(page.locator(".verdict")).to_have_attribute("data-state", "running")
    expect(page.locator(".verdict")).not_to_have_attribute("data-state", "running", timeout=RUN_LIMIT_MS)
    for each in page.locator(".doctor li").all():
        print(each.get_attribute("data-check"), "|", " | ".join(each.inner_text().splitlines()))
    return states(page)


def run_one(page: Page, check: str, label: str = "Run") -> None:
    row(page, check).get_by_role("button").click()
    expect(row(page, check)).not_to_have_attribute("data-state", "running", timeout=RUN_LIMIT_MS)


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.set_viewport_size(
        {"width": page.viewport_size["width"], "height": 1500 if page.viewport_size["width"] > 600 else 3000}
    )
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / f"doctor-{name}.png")


def test_everything_is_good_and_nothing_is_left_of_it(
    server: Server, coturn: Coturn, open_page: OpenPage, careless_browser: Browser
) -> None:
    page = open_doctor(open_page("about:blank", browser=careless_browser), server.url)
    assert set(states(page).values()) == {"not_run"}
    picture(page, "before-en-light")
    found = run_all(page)
    assert {found.pop(check) for check in ("server:model", "server:persona")} == {"not_set_up"}
    assert {found.pop(check) for check in MEASURED} <= {"good", "warning"}
    assert set(found.values()) == {"good"}
    for url in coturn.urls.values():
        expect(row(page, f"turn:{url}").locator(".found")).to_contain_text("it gives the address 10.99.0.1")
    expect(row(page, "trial").locator(".found")).to_contain_text(re.compile(r"MOS [34]\.\d"))
    expect(page.locator(".verdict")).to_have_text(re.compile(r"^(Everything is ready|Calls are possible)"))
    picture(page, "good-en-light")
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    page.get_by_role("button", name="Copy report").click()
    report = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"\[(Good|Warning)\] Trial call through the server \(\d", report)
    assert "[Not set up] Language model" in report
    page.goto(server.url)
    expect(page.get_by_text("Overview").first).to_be_visible()
    assert page.evaluate("fetch('/api/calls').then((answer) => answer.json())")["total"] == 0


def test_no_microphone_is_told_apart_from_a_forbidden_one(
    server: Server, open_page: OpenPage, playwright: Playwright, launch_browser: LaunchBrowser
) -> None:
    flags = [flag for flag in FLAGS if "fake-device" not in flag]
    with playwright.chromium.launch(executable_path=CHROMIUM, args=flags) as without:
        page = open_doctor(open_page("about:blank", browser=without), server.url)
        run_one(page, "microphone")
        expect(row(page, "microphone").locator(".found")).to_have_text("No microphone was found.")
        page.close()
    forbidding = launch_browser(microphone=None, allow_microphone=False)
    page = open_doctor(open_page("about:blank", browser=forbidding, microphone=False), server.url)
    run_one(page, "microphone")
    expect(row(page, "microphone").locator(".found")).to_contain_text("does not allow this page to use the microphone")
    expect(row(page, "microphone").locator(".cure")).to_contain_text("Click the icon beside the address")
    assert states(page)["microphone"] == "failed"


@pytest.mark.parametrize(
    ("loudness", "state", "words"), [(0, "failed", "silence"), (30, "warning", "nobody was heard")]
)
def test_a_dead_microphone_and_a_silent_speaker_are_told_apart(
    server: Server,
    open_page: OpenPage,
    launch_browser: LaunchBrowser,
    tmp_path: Path,
    loudness: int,
    state: str,
    words: str,
) -> None:
    noise = np.random.default_rng(1).normal(0.0, loudness, 4 * SAMPLE_RATE) if loudness else np.zeros(4 * SAMPLE_RATE)
    quiet = launch_browser(microphone=write_sound(tmp_path / "quiet.wav", noise))
    page = open_doctor(open_page("about:blank", browser=quiet), server.url)
    page.evaluate(WITHOUT_GAIN)
    run_one(page, "microphone")
    expect(row(page, "microphone").locator(".found")).to_contain_text(words)
    assert states(page)["microphone"] == state


def test_wrong_credentials_are_told_by_the_browser_and_by_the_server(
    serve: Serve, coturn: Coturn, open_page: OpenPage
) -> None:
    wrong = environment(coturn, "another-secret")
    page = open_doctor(open_page("about:blank"), serve(APP, environment=wrong, health="/api/health").url)
    url = coturn.urls["udp"]
    run_one(page, f"turn:{url}")
    expect(row(page, f"turn:{url}").locator(".found")).to_have_text("Over UDP it refuses the credentials (401).")
    expect(row(page, f"turn:{url}").locator(".cure")).to_contain_text("EARSHOT_TURN_SECRET")
    run_one(page, f"server:turn:{url}")
    expect(row(page, f"server:turn:{url}").locator(".found")).to_have_text("It refused the credentials (401).")
    assert "another-secret" not in page.content()


def test_blocked_udp_is_a_warning_where_the_relay_is_reached_by_tcp(
    server: Server, coturn: Coturn, open_page: OpenPage, careless_browser: Browser
) -> None:
    page = open_doctor(open_page("about:blank", browser=careless_browser), server.url)
    rule = ["-p", "udp", "--dport", str(PORT), "-j", "DROP"]
    subprocess.run(["iptables", "-A", "INPUT", *rule], check=True)
    try:
        found = run_all(page)
    finally:
        subprocess.run(["iptables", "-D", "INPUT", *rule], check=True)
    for check in (f"stun:{coturn.stun_url}", f"turn:{coturn.urls['udp']}"):
        assert found[check] == "warning"
        expect(row(page, check).locator(".found")).to_contain_text("UDP does not get through here")
    assert found[f"turn:{coturn.urls['tcp']}"] == "good"
    assert found[f"server:stun:{coturn.stun_url}"] == "failed"
    expect(row(page, f"server:stun:{coturn.stun_url}").locator(".cure")).to_contain_text("EARSHOT_STUN_SERVERS")
    expect(page.locator(".verdict")).to_contain_text("Failed checks")
    picture(page, "udp-blocked-en-light")


def visit_as(page: Page, role: UserRole, server: Server, url: str) -> Page:
    """Open the page as somebody with an account."""
    users = UsersFile(server.data_dir / "users.json", time.monotonic)
    users.add(role.value, role, "a password nobody guesses")
    key = (server.data_dir / "secret.key").read_text()
    tokens = Tokens(key, join_seconds=60, session_seconds=600, wall=time.time)
    person = Person(f"user:{role.value}", role.value, role, SignInMethod.PASSWORD, f"s-{role.value}")
    page.context.add_cookies([{"name": "earshot_session", "value": tokens.session_token(person), "url": url}])
    return open_doctor(page, url)


@pytest.fixture
def guarded(serve: Serve, network: tuple[str, str], tmp_path: Path) -> Server:
    """A server with accounts, which answers at an address that is no loopback one."""
    (tmp_path / "data").mkdir()
    UsersFile(tmp_path / "data" / "users.json", time.monotonic).add(
        "admin", UserRole.ADMIN, "a password nobody guesses"
    )
    given = {
        "EARSHOT_USERS_FILE": str(tmp_path / "data" / "users.json"),
        "EARSHOT_TRUSTED_HOSTS": f"{network[0]}, 127.0.0.1",
    }
    return serve(APP, environment=given, health="/api/health")


def test_an_insecure_page_is_explained_and_the_rest_still_checked(
    guarded: Server, open_page: OpenPage, network: tuple[str, str]
) -> None:
    url = f"http://{network[0]}:{guarded.port}"
    page = visit_as(open_page("about:blank", microphone=False), UserRole.AGENT, guarded, url)
    assert not [check for check in states(page) if check.startswith("server:")], "an agent sees the own browser alone"
    found = run_all(page)
    assert (found["secure"], found["microphone"]) == ("failed", "failed")
    assert {found["trial"], found["http"]} <= {"good", "warning"}, "sound is heard without a microphone, too"
    expect(row(page, "secure").locator(".cure")).to_contain_text("https://")
    assert (found["stun"], found["turn"]) == ("not_set_up", "not_set_up")
    page.get_by_role("button", name="Copy report").click()
    assert "[Failed] Secure page" in page.locator(".plain").input_value()
    picture(page, "insecure-en-light")
    analyst = visit_as(open_page("about:blank"), UserRole.ANALYST, guarded, url)
    assert all(check.startswith("server:") for check in states(analyst)), "an analyst talks in no calls"


@pytest.mark.parametrize(
    ("locale", "theme", "width"), [("ko", "dark", 1440), ("ko", "light", 390), ("en", "dark", 390)]
)
def test_it_reads_well_in_both_languages_and_themes(
    server: Server, open_page: OpenPage, locale: str, theme: str, width: int
) -> None:
    words = doctor_words(translator(locale))
    browser_locale = "ko-KR" if locale == "ko" else "en-US"
    page = open_doctor(open_page("about:blank", locale=browser_locale, theme=theme, width=width), server.url)
    run_all(page, str(words["run_all"]))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".doctor").get_attribute("data-theme") == theme
    picture(page, f"{locale}-{theme}-{width}")
    page.reload()
    open_doctor(page, server.url)
    assert "not_run" not in states(page).values(), "the last results are kept"
