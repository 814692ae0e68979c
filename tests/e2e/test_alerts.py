"""What alert rules find, in a real browser: the mark, the colour, the list, and the notification."""

import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.support.browser import eventually, screenshot
from tests.support.streamlit_server import Server, running_server

APPS = Path(__file__).parent / "apps"
Act = Callable[[str], None]
RAISED = """
(() => {
  const Native = window.Notification;
  window.raised = [];
  window.asked = 0;
  window.Notification = class extends Native {
    constructor(title, options) {
      super(title, options);
      window.raised.push([title, options.body]);
    }
    static requestPermission() {
      window.asked += 1;
      return Native.requestPermission();
    }
  };
})()
"""
"""Keeps what notifications say, and how often permission was asked for."""
REFUSING = """() => {
  window.Notification = class {
    static permission = "granted";
    constructor() { throw new TypeError("Illegal constructor"); }
  };
}"""
"""As browsers of phones do it."""
LOOKS = (("ko-KR", "light"), ("ko-KR", "dark"), ("en-US", "light"), ("en-US", "dark"))


@pytest.fixture(scope="module")
def calls(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APPS / "pages_app.py", tmp_path_factory.mktemp("pages")) as server:
        yield server


@pytest.fixture(scope="module")
def supervision(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APPS / "supervision_app.py", tmp_path_factory.mktemp("supervision")) as server:
        yield server


def act(server: Server, *steps: str) -> None:
    for step in steps:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/act/{step}", method="POST"), timeout=10)


def opened(open_page: OpenPage, url: str, locale: str = "ko-KR", theme: str = "light") -> Page:
    page = open_page("about:blank", locale=locale, theme=theme)
    page.add_init_script(RAISED)
    page.context.grant_permissions(["notifications"])
    page.goto(url)
    return page


def on_the_call(calls: Server, open_page: OpenPage, *steps: str, locale: str = "ko-KR", theme: str = "light") -> Page:
    act(calls, "reset", "final", "doubtful", *steps)
    page = opened(open_page, f"{calls.url}/live?call=c1", locale, theme)
    expect(page.locator(".es-line")).to_have_count(2, timeout=30_000)
    return page


def test_an_utterance_is_marked_and_the_list_leads_to_it(calls: Server, open_page: OpenPage) -> None:
    page = on_the_call(calls, open_page)
    expect(page.locator(".es-flag")).to_have_count(0)
    act(calls, "flag")
    marked = page.locator(".es-line[data-level=critical]")
    expect(marked).to_contain_text("이번 달 요금이")
    expect(marked.locator(".es-flag")).to_have_text(["해지 요구", "환불 요구"])
    expect(marked.locator(".es-flag").first).to_have_attribute("data-tip", re.compile("^긴급: 해지 요구"))
    expect(page.locator(".es-line[data-level=warning] .es-flag")).to_have_text(["환불 요구"])
    alerts = page.locator(".es-alert-list > .es-alerts li")
    expect(alerts).to_have_count(3)
    expect(alerts.first).to_contain_text("긴급 해지 요구")
    page.get_by_role("button", name="해지 요구").click()
    expect(page.locator(".es-line.es-moment")).to_contain_text("이번 달 요금이")
    act(calls, "flag_over")
    expect(alerts).to_have_count(2)
    expect(marked).to_have_count(1)
    act(calls, "end")
    expect(page.locator(".es-banner")).to_contain_text("통화")
    expect(marked.locator(".es-flag").first).to_have_text("해지 요구")


@pytest.mark.parametrize(("locale", "theme"), LOOKS)
def test_marks_are_seen_in_both_languages_and_themes(
    calls: Server, supervision: Server, open_page: OpenPage, locale: str, theme: str
) -> None:
    page = on_the_call(calls, open_page, "flag", "samples", locale=locale, theme=theme)
    expect(page.locator(".es-flag")).to_have_count(3)
    screenshot(page, f"alerts-live-{locale[:2]}-{theme}")
    act(supervision, "reset", "alarm")
    page = opened(open_page, f"{supervision.url}/supervisor", locale, theme)
    expect(page.locator("#es-call-call-50")).to_have_attribute("data-level", "critical", timeout=30_000)
    screenshot(page, f"alerts-supervisor-{locale[:2]}-{theme}")


@pytest.mark.parametrize(("locale", "tab"), [("ko-KR", "알림 규칙"), ("en-US", "Alert rules")])
def test_the_rules_are_explained_on_the_settings_page(
    calls: Server, open_page: OpenPage, locale: str, tab: str
) -> None:
    page = open_page(f"{calls.url}/settings", locale=locale, theme="light" if locale == "ko-KR" else "dark")
    page.get_by_role("tab", name=tab).click(timeout=30_000)
    expect(page.get_by_role("textbox", name=re.compile("YAML")).last).to_be_visible()
    table = page.locator(".es-rules")
    expect(table.locator("tbody tr")).to_have_count(12)
    screenshot(page, f"alerts-editor-{locale[:2]}")
    table.scroll_into_view_if_needed()
    screenshot(page, f"alerts-rules-{locale[:2]}")


def test_a_call_is_coloured_and_comes_up(supervision: Server, open_page: OpenPage) -> None:
    act(supervision, "reset")
    page = opened(open_page, f"{supervision.url}/supervisor")
    expect(page.get_by_role("option")).to_have_count(50)
    before = page.locator("#es-call-call-50").evaluate("node => getComputedStyle(node).backgroundColor")
    act(supervision, "alarm")
    row = page.locator("#es-call-call-50")
    expect(row.locator(".es-call-alert")).to_have_text("긴급: 해지 요구")
    expect(page.locator("#es-call-call-49 .es-call-alert")).to_have_text("주의: 환불 요구")
    eventually(
        page, lambda: row.evaluate("node => getComputedStyle(node).backgroundColor") != before, "the call is coloured"
    )

    def place() -> int:
        return int(row.evaluate("node => [...node.parentElement.children].indexOf(node)"))

    eventually(page, lambda: place() < 6, "the call has come up")


def raised(page: Page) -> list[list[str]]:
    return list(page.evaluate("window.raised"))


def test_a_notification_comes_to_whoever_asked_for_it_and_quotes_nobody(calls: Server, open_page: OpenPage) -> None:
    page = on_the_call(calls, open_page)
    switch = page.get_by_role("switch", name="브라우저 알림")
    expect(switch).not_to_be_checked()
    act(calls, "flag_more")
    expect(page.locator(".es-flag")).to_have_count(1)
    assert page.evaluate("[window.raised.length, window.asked]") == [0, 0]
    switch.check()
    expect(switch).to_be_checked()
    act(calls, "flag")
    expect(page.locator(".es-flag")).to_have_count(4)
    assert raised(page) == [["해지 요구", "긴급 알림이 나온 통화: 김민지, 이서준"]], (
        "warnings and what was seen are not told"
    )
    page.reload()
    expect(page.locator(".es-flag")).to_have_count(4, timeout=30_000)
    expect(switch).to_be_checked()
    assert raised(page) == [], "what was there before is no news"
    switch.uncheck()
    act(calls, "reset", "final", "doubtful")
    page.reload()
    expect(page.locator(".es-line")).to_have_count(2, timeout=30_000)
    act(calls, "flag")
    expect(page.locator(".es-flag")).to_have_count(3)
    expect(switch).not_to_be_checked()
    assert raised(page) == []


def test_the_supervisors_list_notifies_too(supervision: Server, open_page: OpenPage) -> None:
    act(supervision, "reset")
    page = opened(open_page, f"{supervision.url}/supervisor")
    expect(page.get_by_role("option")).to_have_count(50, timeout=30_000)
    page.get_by_role("switch", name="브라우저 알림").check()
    act(supervision, "alarm")
    eventually(page, lambda: len(raised(page)) == 1, "a critical alert is told")
    ((title, body),) = raised(page)
    assert title == "해지 요구"
    assert body.startswith("긴급 알림이 나온 통화:")


def test_a_browser_that_refuses_a_notification_turns_the_switch_off_and_says_so(
    calls: Server, open_page: OpenPage
) -> None:
    page = on_the_call(calls, open_page)
    switch = page.get_by_role("switch", name="브라우저 알림")
    switch.check()
    page.evaluate(REFUSING)
    act(calls, "flag")
    expect(switch).to_be_disabled()
    expect(switch).not_to_be_checked()
    expect(switch).to_have_attribute("aria-description", re.compile("컴퓨터의 브라우저"))


def test_a_browser_that_forbids_notifications_is_told_how_to_allow_them(calls: Server, open_page: OpenPage) -> None:
    act(calls, "reset", "final")
    page = open_page("about:blank", locale="en-US")
    page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
    page.goto(f"{calls.url}/live?call=c1")
    switch = page.get_by_role("switch", name="Notify me")
    expect(switch).to_be_disabled(timeout=30_000)
    expect(switch).to_have_attribute("aria-description", re.compile("does not allow notifications"))
