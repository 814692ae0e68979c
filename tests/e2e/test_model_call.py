"""The whole product with a language model behind a server of the real protocol: a scripted call, seen in a browser."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from core.settings import PROJECT_ROOT
from tests.e2e.conftest import OpenPage
from tests.fakes.openai_server import PARAMETERS, OpenAIServer, fails, says, serving
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server, running_server

ANSWER = {
    "summary": "청소기 충전 불량 반품 요청",
    "customer_issue": "새로 산 청소기가 충전되지 않음",
    "agent_action": "주문 정보를 확인하는 중",
    "intent": {"label": "refund", "confidence": 0.92},
    "sentiment": {"label": "negative", "score": -0.5, "trend": "steady"},
    "risks": [{"kind": "complaint", "words": "충전이 전혀 안 되거든요"}],
    "suggested_reply": "불편을 드려 죄송합니다. 바로 반품을 접수해 드리겠습니다.",
}


@pytest.fixture(scope="module")
def model(network: tuple[str, str]) -> Iterator[OpenAIServer]:
    fake = OpenAIServer(parameters=PARAMETERS | {"max_tokens"}, script=says(json.dumps(ANSWER), size=6, pause_s=0.02))
    with serving(fake):
        yield fake


@pytest.fixture(scope="module")
def server(model: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"EARSHOT_OPENAI_BASE_URL": model.base_url, "EARSHOT_OPENAI_MODEL": model.model}
    folder = tmp_path_factory.mktemp("earshot")
    with running_server(PROJECT_ROOT / "app.py", folder, environment=environment, health="/api/health") as running:
        yield running


def test_a_call_is_told_by_the_model_by_an_extract_while_it_fails_and_by_the_model_again(
    server: Server, model: OpenAIServer, open_page: OpenPage
) -> None:
    page = open_page(server.url, locale="ko-KR")
    page.get_by_role("button", name="대본 데모").click()
    page.get_by_role("button", name=re.compile("고장 난 청소기 환불")).click()
    expect(page.locator(".es-phase")).to_be_visible(timeout=60_000)
    expect(page.locator(".es-sentence")).to_have_text(ANSWER["summary"], timeout=30_000)
    marks = page.locator(".es-marks li")
    expect(marks).to_have_count(3, timeout=30_000)
    expect(marks.first).to_contain_text("환불·보상92%")
    expect(marks.last).to_contain_text("민원 우려“충전이 전혀 안 되거든요”")
    expect(page.locator(".es-handbook details").first).to_be_visible()
    screenshot(page, "model-call-ko")

    model.script = fails(503)
    trouble = page.locator(".es-model-trouble")
    expect(trouble).to_contain_text("추출 요약으로 대신합니다", timeout=60_000)
    expect(page.locator(".es-summary .es-badge")).to_have_text("추출 요약", timeout=30_000)
    expect(page.locator(".es-troubles")).to_contain_text("요약")
    screenshot(page, "model-call-failing-ko")

    model.script = says(json.dumps(ANSWER))
    expect(page.locator(".es-sentence")).to_have_text(ANSWER["summary"], timeout=90_000)
    expect(trouble).to_be_hidden(timeout=30_000)
    expect(page.locator(".es-troubles li")).to_have_count(0)
