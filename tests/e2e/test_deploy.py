"""A customer's phone reaches a call over HTTPS: through nginx by our recipe, and with Earshot's own certificate."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.access.tokens import Tokens
from core.language.catalogue import translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId
from core.model.errors import ServerStopping
from core.ui.wording import NOTES
from tests.e2e.conftest import ACTION_LIMIT_MS, LaunchBrowser
from tests.support.browser import audio_stats, eventually, press_start, received_per_second, screenshot
from tests.support.nginx import Proxy, make_certificate, requires_nginx, running_nginx, write_recipe
from tests.support.streamlit_server import Server, free_port, launched_server

HOST = "calls.example.test"
PHONE = {"width": 390, "height": 844}
LEAST_RATE, MOST_RATE = 40.0, 60.0
"""Packets a second around the 50 of one voice: a shared track brings half of them, a voice that comes twice the double;
three seconds on a busy machine a few more or less."""
STOP_LIMIT_S = 30.0
"""Much less than the minute that it would wait for the people in the call."""


@dataclass(frozen=True)
class Site:
    """A server, and the address at which others reach it."""

    server: Server
    url: str
    authority: Path
    proxy: Proxy | None = None


@pytest.fixture
def phone(launch_browser: LaunchBrowser, tone: Path) -> Browser:
    """A browser that finds the server's name; that the name is no loopback one makes HTTPS count."""
    return launch_browser(microphone=tone, more_flags=[f"--host-resolver-rules=MAP {HOST} 127.0.0.1"])


@pytest.fixture
def behind_nginx(network: tuple[str, str], tmp_path: Path) -> Iterator[Site]:
    proxy = Proxy(HOST, free_port(), free_port(), tmp_path / "nginx")
    certificate = make_certificate(tmp_path / "certificate", HOST)
    port = free_port()
    main = write_recipe(proxy, certificate, port)
    given = {"EARSHOT_PUBLIC_URL": proxy.url}
    with launched_server(tmp_path / "data", port=port, environment=given) as server, running_nginx(proxy, main):
        yield Site(server, proxy.url, certificate.authority, proxy)


@pytest.fixture
def with_own_certificate(network: tuple[str, str], tmp_path: Path) -> Iterator[Site]:
    certificate = make_certificate(tmp_path / "certificate", HOST, "127.0.0.1", "localhost")
    port = free_port()
    url = f"https://{HOST}:{port}"
    given = {
        "EARSHOT_TLS_CERTIFICATE": str(certificate.chain),
        "EARSHOT_TLS_KEY": str(certificate.key),
        "EARSHOT_PUBLIC_URL": url,
        "EARSHOT_DRAIN_S": "60",
    }
    with launched_server(tmp_path / "data", port=port, environment=given) as server:
        yield Site(server, url, certificate.authority)


def https_get(site: Site, path: str) -> http.client.HTTPResponse:
    """An answer over TLS that is really verified, as the public name."""
    context = ssl.create_default_context(cafile=str(site.authority))
    port = int(site.url.rpartition(":")[2])
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection = http.client.HTTPSConnection(HOST, port, context=context, timeout=20)
    connection.sock = context.wrap_socket(plain, server_hostname=HOST)
    connection.request("GET", path)
    return connection.getresponse()


def is_connected(page: Page) -> bool:
    stats = audio_stats(page)
    return bool(stats) and stats[-1]["state"] == "connected" and stats[-1]["received"] > 0


def agent_in_a_call(site: Site, browser: Browser) -> tuple[Page, str]:
    """An agent at the server's own machine who has pressed START in a new call, and the link for the customer."""
    context = browser.new_context(ignore_https_errors=True, locale="ko-KR", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(ACTION_LIMIT_MS)
    agent = context.new_page()
    agent.goto(site.server.url)
    agent.get_by_role("button", name="새 통화").click()
    agent.wait_for_url("**/live?call=*")
    context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    agent.get_by_role("button", name="참여 링크 복사").click()
    eventually(agent, lambda: "/join?t=" in agent.evaluate("navigator.clipboard.readText()"), "the link is copied")
    link = agent.evaluate("navigator.clipboard.readText()")
    press_start(agent, "시작")
    return agent, str(link)


def call_with_phone(site: Site, phone: Browser, name: str) -> CallId:
    """The agent and a customer at a phone; both hear each other."""
    agent, link = agent_in_a_call(site, phone)
    assert link.startswith(f"{site.url}/join?t=")
    context = phone.new_context(
        ignore_https_errors=True,
        locale="ko-KR",
        viewport=PHONE,
        is_mobile=True,
        has_touch=True,
        device_scale_factor=2,
        permissions=["microphone"],
    )
    context.set_default_timeout(ACTION_LIMIT_MS)
    customer = context.new_page()
    sockets: list[str] = []
    customer.on("websocket", lambda opened: sockets.append(opened.url))
    customer.goto(link)
    customer.get_by_label("이름").fill("지영")
    customer.get_by_label("이름").press("Enter")
    screenshot(customer, f"{name}-before")
    press_start(customer, "시작")
    for page in (agent, customer):
        eventually(page, lambda page=page: is_connected(page), "the leg is connected", limit_s=40)
    for page in (agent, customer):
        assert LEAST_RATE <= received_per_second(page, 3.0) <= MOST_RATE
    assert [url for url in sockets if url.startswith(f"wss://{HOST}:") and url.endswith("/_stcore/stream")]
    assert customer.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(agent.locator(".es-bar-row")).to_contain_text("지영")
    screenshot(customer, name)
    return CallId(agent.url.rpartition("=")[2])


def first_event(site: Site, call_id: CallId) -> dict[str, object]:
    """What the call's event stream begins with, at the public address."""
    key = (site.server.data_dir / "secret.key").read_text()
    person = Person(id="development", name="test", role=UserRole.ADMIN, method=SignInMethod.DEVELOPMENT)
    token = Tokens(key, 60, 60, time.time).view_token(call_id, person)
    answer = https_get(site, f"/api/calls/{call_id}/stream?token={token}")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    event: dict[str, object] = json.loads(answer.readline().removeprefix(b"data: "))
    return event


@requires_nginx
def test_a_phone_joins_over_https_through_nginx(behind_nginx: Site, phone: Browser) -> None:
    site = behind_nginx
    call_id = call_with_phone(site, phone, "deploy-phone-nginx")
    assert first_event(site, call_id)["reset"] is True
    assert site.proxy is not None
    plain = http.client.HTTPConnection("127.0.0.1", site.proxy.http_port, timeout=20)
    plain.request("GET", "/join?t=x", headers={"Host": HOST})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["location"]) == (301, f"{site.url}/join?t=x")
    logged = (site.proxy.folder / "earshot.log").read_text()
    assert '"GET /join"' in logged
    assert "token=" not in logged
    assert "t=" not in logged


def test_a_phone_joins_over_https_with_earshots_own_certificate(with_own_certificate: Site, phone: Browser) -> None:
    call_id = call_with_phone(with_own_certificate, phone, "deploy-phone-own-tls")
    assert first_event(with_own_certificate, call_id)["reset"] is True
    # Ctrl-C waits for nobody.
    with_own_certificate.server.process.send_signal(signal.SIGINT)
    with_own_certificate.server.process.wait(timeout=STOP_LIMIT_S)


def test_a_server_that_is_told_to_stop_lets_people_finish_and_takes_no_new_call(
    with_own_certificate: Site, phone: Browser
) -> None:
    site = with_own_certificate
    call_with_phone(site, phone, "deploy-phone-draining")
    agent, customer = (context.pages[0] for context in phone.contexts)
    site.server.process.send_signal(signal.SIGTERM)
    told = translator("ko")(NOTES["server_stopping"])
    for page in (agent, customer):
        expect(page.get_by_text(told).first).to_be_visible()
    screenshot(customer, "deploy-phone-draining")
    assert LEAST_RATE <= received_per_second(customer, 3.0) <= MOST_RATE
    home = agent.context.new_page()
    home.goto(site.server.url)
    home.get_by_role("button", name="새 통화").click()
    expect(home.get_by_text(translator("ko")(ServerStopping.template))).to_be_visible()
    assert site.server.process.poll() is None
    agent.get_by_role("button", name="통화 종료").click()
    agent.get_by_role("button", name="지금 종료").click()
    site.server.process.wait(timeout=STOP_LIMIT_S)
    assert "Traceback" not in site.server.log


def test_a_second_signal_stops_the_server_at_once(with_own_certificate: Site, phone: Browser) -> None:
    site = with_own_certificate
    agent, _ = agent_in_a_call(site, phone)
    eventually(agent, lambda: is_connected(agent), "the leg is connected", limit_s=40)
    site.server.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        site.server.process.wait(timeout=3)
    site.server.process.send_signal(signal.SIGTERM)
    site.server.process.wait(timeout=STOP_LIMIT_S)
    assert "Traceback" not in site.server.log
