"""People of every role in a real browser: what they are offered, what they may not, and reviewing a call."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.access.users import UsersFile
from core.model.access import UserRole
from tests.e2e.conftest import OpenPage, Serve
from tests.support.browser import screenshot
from tests.support.streamlit_server import ROOT, Server

PASSWORD = "a password nobody guesses"
NAMES = {
    "ada": UserRole.ADMIN,
    "sue": UserRole.SUPERVISOR,
    "ann": UserRole.AGENT,
    "abe": UserRole.ANALYST,
    "cho": UserRole.CUSTOMER,
}
NAVIGATION = {
    "ada": {"Overview", "AI personas", "Supervisor", "Calls", "Quality", "Handbook", "Doctor", "Settings", "Audit log"},
    "sue": {"Overview", "AI personas", "Supervisor", "Calls", "Quality", "Handbook", "Doctor"},
    "ann": {"Overview", "AI personas", "Calls", "Handbook", "Doctor"},
    "abe": {"Overview", "Calls", "Quality", "Handbook", "Doctor"},
    "cho": set(),
}


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Server:
    users = UsersFile(tmp_path / "users.json", time.monotonic)
    for name, role in NAMES.items():
        users.add(name, role, PASSWORD)
    return serve(
        ROOT / "app.py", environment={"EARSHOT_USERS_FILE": str(tmp_path / "users.json")}, health="/api/health"
    )


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.keyboard.press("Enter")


def test_every_role_is_offered_what_it_may_and_told_of_the_rest(server: Server, open_page: OpenPage) -> None:
    for name, offered in NAVIGATION.items():
        page = open_page(server.url)
        if name == "ada":
            sign_in(page, name, "a wrong password")
            expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
            screenshot(page, "sign-in-wrong")
        sign_in(page, name)
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        links = page.locator(".st-key-earshot-header [data-testid=stPageLink]")
        expect(links).to_have_count(len(offered))
        for label in offered:
            expect(links.filter(has_text=label)).to_be_visible()
        if name == "cho":
            expect(page.get_by_text("open the link that you were sent")).to_be_visible()
        elif name != "ada":
            for path in ("audit", "settings"):
                page.goto(f"{server.url}/{path}")
                expect(page.get_by_text("Your role does not allow this")).to_be_visible()
        page.context.close()


def test_a_sign_in_that_has_ended_opens_nothing_any_more(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url, locale="ko-KR")
    sign_in(page, "sue")
    expect(page.get_by_role("button", name="로그아웃")).to_be_visible()
    kept = page.context.cookies()
    page.get_by_role("button", name="로그아웃").click()
    expect(page.locator("input[name=password]")).to_be_visible()
    page.context.add_cookies(kept)
    page.goto(server.url)
    expect(page.get_by_text("다시 로그인하세요")).to_be_visible()


def test_a_supervisor_finds_corrects_and_takes_along_a_call_and_an_administrator_deletes_it(
    server: Server, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    sign_in(page, "sue")
    page.get_by_role("button", name="Scripted demos").click()
    page.locator("[class*=st-key-start-script-ko_refund] button").click()
    expect(page.locator(".es-line")).not_to_have_count(0)
    call_id = page.url.split("call=")[1].split("&")[0]
    page.get_by_role("button", name="End call").click()
    page.get_by_role("button", name="End it now").click()
    expect(page.get_by_text("This call has ended")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)

    page.locator(".es-line").first.hover()
    page.locator(".es-pencil").first.click()
    editor = page.locator(".es-editor")
    editor.fill("고쳐진 <img src=x onerror=document.title='XSS'> 문장")
    editor.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(editor).to_be_visible()
    editor.press("Enter")
    expect(page.locator(".es-line").first.locator(".es-mended")).to_be_visible()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="WebVTT").click()
    assert "고쳐진 &lt;img" in Path(download.value.path()).read_text()

    page.goto(f"{server.url}/calls?said=고쳐진")
    expect(page.locator("mark")).to_have_text("고쳐진")
    screenshot(page, "calls-found")
    page.get_by_role("link", name="Look at it").click()
    expect(page.locator(".es-moment")).to_contain_text("고쳐진")
    assert page.title() != "XSS"
    page.context.close()

    admin = open_page(server.url, locale="ko-KR")
    sign_in(admin, "ada")
    expect(admin.get_by_role("button", name="로그아웃")).to_be_visible()
    admin.goto(f"{server.url}/live?call={call_id}")
    admin.get_by_role("button", name="삭제").click()
    sure = admin.get_by_role("button", name="완전히 삭제")
    expect(sure).to_be_disabled()
    admin.get_by_text("이 통화를 완전히 삭제합니다.").click()
    expect(sure).to_be_enabled()
    sure.click()
    expect(admin.get_by_text("조건에 맞는 통화가 없습니다")).to_be_visible()
    admin.goto(f"{server.url}/audit")
    expect(admin.get_by_text("통화를 삭제함", exact=True).last).to_be_visible()
    screenshot(admin, "audit-korean")
