"""A prompt is changed, tried on a past call and saved, on the real settings page, against a server of the protocol."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.model.call import CallOrigin, CallState, Participant, ParticipantId, Role
from core.model.utterance import Utterance
from core.store.records import Store
from tests.e2e.conftest import OpenPage, Serve
from tests.fakes.openai_server import OpenAIServer, fails, says, serving
from tests.fakes.page_backend import make_call
from tests.support.browser import screenshot
from tests.support.data_folder import make_data_folder
from tests.support.streamlit_server import ROOT, Server

SAID = (
    (Role.CUSTOMER, "지난달 요금이 두 번 청구됐어요. 환불해 주세요."),
    (Role.AGENT, "불편을 드려 죄송합니다. 청구 내역을 확인하겠습니다."),
    (Role.CUSTOMER, "이번에도 안 되면 해지할 거예요."),
)
ANSWER = {
    "summary": "요금 이중 청구 환불 요청",
    "customer_issue": "지난달 요금이 두 번 청구되어 환불을 원함",
    "agent_action": "청구 내역을 확인하기로 함",
    "intent": {"label": "refund", "confidence": 0.92},
    "sentiment": {"label": "negative", "score": -0.7, "trend": "falling"},
    "risks": [{"kind": "churn", "words": "안 되면 해지할 거예요"}],
    "suggested_reply": "중복으로 청구된 금액을 확인해 바로 안내해 드리겠습니다.",
}


def keep_a_call(data_dir: Path) -> None:
    """An ended Korean call with a few words, as if it had been held here."""
    make_data_folder(data_dir)
    people = tuple(
        Participant(ParticipantId(role.value), role.value, role, 0.0) for role in (Role.CUSTOMER, Role.AGENT)
    )
    call = make_call("past", CallState.ENDED, CallOrigin.SCRIPT, people)
    store = Store.open(f"sqlite:///{data_dir / 'earshot.db'}")
    store.create_call(call)
    for person in people:
        store.save_participant(call.id, person)
    for number, (role, text) in enumerate(SAID):
        store.save_utterance(
            call.id,
            Utterance(
                id=f"u{number}", participant_id=ParticipantId(role.value), speaker=role.value, role=role, text=text,
                is_final=True, start_s=float(number), end_s=number + 0.9, confidence=None, engine="script", model="",
                recognised_s=number + 1.0, trace_id=f"t{number}",
            ),
        )  # fmt: skip
    store.close()


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    script = says(json.dumps(ANSWER, ensure_ascii=False))
    with serving(OpenAIServer(model="gpt-5-mini", script=script)) as fake:
        fake.parameters = fake.parameters | {"max_tokens"}
        yield fake


@pytest.fixture
def server(serve: Serve, model: OpenAIServer, tmp_path: Path) -> Server:
    keep_a_call(tmp_path / "data")
    environment = {"EARSHOT_OPENAI_BASE_URL": model.base_url}
    return serve(ROOT / "app.py", environment=environment, health="/api/health")


def open_prompts(open_page: OpenPage, server: Server, locale: str, theme: str, tab: str) -> Page:
    page = open_page(f"{server.url}/settings", locale=locale, theme=theme, height=1500)
    page.get_by_role("tab", name=tab).click()
    settled(page)
    return page


def settled(page: Page) -> None:
    """Wait until the page's script has come to its end: what is pressed before may be lost in a redraw."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached(timeout=30_000)


def test_a_prompt_is_tried_on_a_past_call_and_saved(server: Server, model: OpenAIServer, open_page: OpenPage) -> None:
    page = open_prompts(open_page, server, "ko-KR", "light", "프롬프트")
    editor = page.get_by_role("textbox", name="파일 내용(TOML로 적은 분류, 그 아래 지시문)").first
    expect(editor).to_have_value(re.compile(r"\+\+\+ wrap_up"))
    # At the end of what is for the summary: below come the instructions for wrap-ups and questions.
    editor.fill(editor.input_value().replace("+++ wrap_up", "- 반말을 쓰지 않는다.\n\n+++ wrap_up"))
    page.get_by_role("button", name="확인", exact=True).locator("visible=true").click()
    page.get_by_role("button", name="시험하기").locator("visible=true").click()
    expect(page.get_by_text(ANSWER["summary"])).to_be_visible()
    expect(page.get_by_text("해지 우려: “안 되면 해지할 거예요”")).to_be_visible()
    screenshot(page, "prompts-ko-light")
    (sent,) = model.requests
    assert "반말을 쓰지 않는다." in sent["messages"][0]["content"]
    assert "고객: 이번에도 안 되면 해지할 거예요." in sent["messages"][1]["content"]
    page.get_by_role("button", name="저장", exact=True).locator("visible=true").click()
    expect(page.get_by_text("프롬프트를 저장했고, 이제 쓰이고 있어요.")).to_be_visible()
    assert "반말을 쓰지 않는다." in (server.data_dir / "prompts" / "ko.md").read_text(encoding="utf-8")
    assert "이번에도" not in server.log


def test_a_failure_is_a_sentence_in_english_on_dark(server: Server, model: OpenAIServer, open_page: OpenPage) -> None:
    model.script = fails(401, "invalid_api_key")
    page = open_prompts(open_page, server, "en-US", "dark", "Prompts")
    page.get_by_role("button", name="Try it").locator("visible=true").click()
    expect(page.get_by_text("refuses the key (status 401)")).to_be_visible()
    screenshot(page, "prompts-en-dark-failure")
    model.script = says(json.dumps(ANSWER, ensure_ascii=False))
    settled(page)
    page.get_by_role("button", name="Try it").locator("visible=true").click()
    expect(page.get_by_text("May leave: “안 되면 해지할 거예요”")).to_be_visible()
    screenshot(page, "prompts-en-dark")
