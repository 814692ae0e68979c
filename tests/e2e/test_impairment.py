"""A demo call is impaired from its page, and the page shows what that does to it."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.language.catalogue import translator
from tests.e2e.conftest import OpenPage
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server


def choose(page: Page, locale: str, kind: str) -> None:
    """Open the control, choose what happens to the customer's side, and have it done."""
    _ = translator(locale[:2])
    page.get_by_role("button", name=_("Impair this demo")).click()
    page.get_by_text(_(kind), exact=True).click()
    expect(page.get_by_role("slider")).to_have_count(0)


def apply(page: Page, locale: str, button: str) -> None:
    page.get_by_role("button", name=translator(locale[:2])(button), exact=True).click()


@pytest.mark.parametrize(("locale", "theme"), [("en-US", "light"), ("ko-KR", "dark")])
def test_a_demo_is_impaired_shows_it_and_is_clean_again(
    server: Server, open_page: OpenPage, locale: str, theme: str
) -> None:
    _ = translator(locale[:2])
    page = open_page(server.url, locale=locale, theme=theme)
    page.get_by_role("button", name=_("Start demo call")).click()
    page.wait_for_url("**/live?call=*", timeout=30_000)
    expect(page.locator(".es-network tbody tr").first).to_be_visible(timeout=30_000)
    choose(page, locale, "One way")
    screenshot(page, f"impairment-choices-{locale[:2]}")
    apply(page, locale, "Impair")
    expect(page.get_by_text(re.compile(re.escape(f"Chris ({_('Customer')}): {_('One way')}")))).to_be_visible()
    note = _("On purpose, no sound gets out on the side of {subject}.").format(subject="Chris")
    expect(page.get_by_text(note)).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_timeout(12_000)
    screenshot(page, f"impairment-in-force-{locale[:2]}")
    page.get_by_role("button", name=_("Impair this demo")).click()
    apply(page, locale, "Clean again")
    over = _("The side of {subject} is clean again.").format(subject="Chris")
    expect(page.get_by_text(over)).to_be_visible()
    expect(page.get_by_role("button", name=_("Clean again"), exact=True)).to_be_disabled()
