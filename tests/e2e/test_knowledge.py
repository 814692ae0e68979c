"""The handbook's page in a real browser, and what a call shows while the handbook is another server that is unwell."""

from pathlib import Path

import pytest
from fastapi.responses import JSONResponse, Response
from playwright.sync_api import Page, expect

from core.settings import PROJECT_ROOT
from tests.e2e.conftest import OpenPage, Serve
from tests.fakes.retrieval_server import running_retrieval_server
from tests.guidance.writing import write
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server

APP = PROJECT_ROOT / "app.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "handbook", "ko/요금.md", "## 이중 청구 환불\n별칭: 두 번 빠져나감\n사흘 안에 환불한다.\n")
    return tmp_path / "handbook"


def serve_with(serve: Serve, **environment: str) -> Server:
    return serve(APP, environment=environment, health="/api/health")


def chosen(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()


def test_an_entry_that_is_added_is_found_at_once(serve: Serve, open_page: OpenPage, folder: Path) -> None:
    server = serve_with(serve, EARSHOT_KNOWLEDGE_DIR=str(folder))
    page = open_page(f"{server.url}/knowledge", locale="ko-KR", theme="dark")
    page.get_by_role("button", name="항목 추가").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("../나쁜.md")
    page.keyboard.press("Enter")
    dialog.get_by_label("제목").fill("로밍")
    dialog.get_by_label("내용", exact=True).fill("출국 전에 신청한다.")
    dialog.get_by_role("button", name="저장").click()
    expect(dialog.get_by_text("상담 자료 파일이 될 수 없습니다")).to_be_visible()
    screenshot(page, "knowledge-refused-ko")
    dialog.get_by_role("combobox").fill("ko/로밍.md")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="저장").click()
    expect(dialog).to_be_hidden()
    assert (folder / "ko/로밍.md").read_text(encoding="utf-8") == "## 로밍\n출국 전에 신청한다.\n"
    chosen(page, "질문해 보기")
    page.get_by_role("textbox", name="통화 내용").fill("로밍은 언제 신청해요")
    page.keyboard.press("Enter")
    expect(page.locator(".es-findings .es-title").first).to_have_text("로밍")
    expect(page.locator(".es-findings mark").first).to_be_visible()


def test_a_file_is_uploaded_and_a_bad_one_is_refused_with_its_line(
    serve: Serve, open_page: OpenPage, folder: Path, tmp_path: Path
) -> None:
    server = serve_with(serve, EARSHOT_KNOWLEDGE_DIR=str(folder))
    page = open_page(f"{server.url}/knowledge")
    chosen(page, "Files")
    write(tmp_path, "plans.csv", "title,body\nPlans\n")
    page.locator('input[type="file"]').set_input_files(tmp_path / "plans.csv")
    page.get_by_role("button", name="Upload as plans.csv").click()
    expect(page.get_by_text("plans.csv was not saved: line 2 has no title or no body.")).to_be_visible()
    assert not (folder / "plans.csv").exists()
    write(tmp_path, "good.csv", "title,body\nPlans,Three of them.\n")
    page.locator('input[type="file"]').set_input_files(tmp_path / "good.csv")
    page.get_by_role("button", name="Upload as good.csv").click()
    expect(page.locator(".es-files").get_by_text("good.csv")).to_be_visible()
    expect(page.get_by_role("button", name="Upload as good.csv")).to_be_hidden()
    screenshot(page, "knowledge-uploaded-en")
    assert (folder / "good.csv").read_text() == "title,body\nPlans,Three of them.\n"


def test_failure_5_a_call_shows_why_another_server_refuses_and_keeps_the_last_passages(
    serve: Serve, open_page: OpenPage
) -> None:
    """The first report's retrieval was refused with 422 and showed nothing at all."""
    said = {"detail": [{"loc": ["body", "query"], "msg": "Field required", "type": "missing"}]}
    with running_retrieval_server() as strict:
        server = serve_with(serve, EARSHOT_GUIDANCE_URL=strict.address)
        page = open_page(server.url, locale="ko-KR")
        page.locator(".st-key-scripted-demos button").first.click()
        page.locator(".st-key-start-script-ko_roaming button").click()
        page.wait_for_url("**/live?call=*")
        panel = page.locator(".es-handbook")
        expect(panel.locator(".es-title").first).to_have_text("환불 절차", timeout=60_000)

        def refuse() -> Response:
            return JSONResponse(said, 422)

        strict.answer = refuse
        expect(panel.locator(".es-warning")).to_contain_text("body.query: Field required", timeout=60_000)
        expect(panel.locator(".es-title").first).to_have_text("환불 절차")
        screenshot(page, "knowledge-live-refused-ko")
        assert "Field required" not in server.log
