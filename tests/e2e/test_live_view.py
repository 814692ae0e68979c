"""The live page in a real browser, on a call that the test makes up: what is drawn, and what is left alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Act, OpenPage
from tests.support.browser import screenshot
from tests.support.streamlit_server import Server, running_server

APP = Path(__file__).parent / "apps" / "pages_app.py"


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("pages")) as server:
        yield server


@pytest.fixture
def live(server: Server, open_page: OpenPage, act: Act) -> Iterator[Page]:
    act("reset")
    page = open_page(f"{server.url}/live?call=c1", locale="ko-KR")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(page.locator(".es-bar-row")).to_contain_text("통화 중", timeout=30_000)
    yield page
    assert errors == []


def test_a_call_is_written_down_summed_up_and_measured_without_a_rerun(live: Page, act: Act) -> None:
    live.evaluate("document.querySelector('.es-live').dataset.mark = 'same'")
    act("interim")
    line = live.locator(".es-line")
    expect(line).to_have_class(re.compile("es-interim"))
    expect(line.locator(".es-text")).to_have_text("이번 달 요")
    expect(line.locator(".es-unsure")).to_have_text(" 요")
    # Read out at each change, the line would never come to its end: a screen reader gets it once it is final.
    spoken = live.locator(".es-transcript .es-sr")
    expect(spoken).to_be_empty()
    act("final")
    expect(line.locator(".es-text")).to_have_text("이번 달 요금이 너무 많이 나왔어요.")
    expect(line).not_to_have_class(re.compile("es-interim"))
    expect(line.locator(".es-unsure")).to_be_empty()
    expect(spoken).to_have_text("이서준: 이번 달 요금이 너무 많이 나왔어요.")
    expect(line.locator(".es-name")).to_have_text("이서준 · 고객")
    act("doubtful")
    expect(live.locator(".es-uncertain .es-doubt")).to_have_attribute("data-tip", re.compile("31%"))
    act("markup")
    expect(live.locator(".es-line").last).to_contain_text("<img src=x")

    act("summary")
    expect(live.locator(".es-sentence")).to_have_text("요금 문의")
    expect(live.locator(".es-summary .es-badge")).to_have_text("추출 요약")
    act("summary2")
    expect(live.locator(".es-sentence")).to_have_text("로밍 요금 감면 문의")
    expect(live.locator(".es-past li")).to_contain_text("요금 문의")
    expect(live.locator(".es-handbook details")).to_contain_text("roaming.md#감면")

    act("samples")
    expect(live.locator(".es-network tbody tr").first).to_contain_text("41.0")
    expect(live.locator(".es-network tbody .es-hurts").first).to_be_visible()
    expect(live.locator(".es-chart .scatterlayer .trace")).not_to_have_count(0, timeout=15_000)

    act("lose")
    expect(live.locator(".es-people li[data-leg=lost]")).to_contain_text("이서준")
    assert live.locator(".es-live").get_attribute("data-mark") == "same"


def test_how_a_text_came_about_stands_at_its_time_and_what_was_lost_in_its_place(live: Page, act: Act) -> None:
    act("turn")
    time = live.locator(".es-line .es-time")
    expect(time).to_have_attribute(
        "data-tip",
        "이 시점의 링크 복사\n"
        "말을 시작하고 1.2초 뒤에 첫 글자\n"
        "말이 끝나고 0.8초 뒤에 확정\n"
        "whisper base 인식 · 추적 번호 5f0c2ab91d3e\n"
        "인식한 그대로: “삼월 십오 일에 만 오천 원이요.”",
    )
    time.focus()
    expect(live.locator(".es-bubble")).to_contain_text("5f0c2ab91d3e")
    expect(live.locator(".es-note")).to_contain_text("이서준 님의 음성 4초를 글로 옮기지 못했습니다.")
    screenshot(live, "live-turn-record")


def test_a_question_is_answered_with_what_was_said_and_leads_there(live: Page, act: Act) -> None:
    act("final")
    act("twenty")
    field = live.get_by_label("이 통화에 대해 묻기").get_by_role("textbox")
    field.fill("요금이 왜 많이 나왔나요?")
    field.press("Enter")
    reply = live.locator(".es-answering")
    expect(reply.locator("li")).to_contain_text("이번 달 요금이 너무 많이 나왔어요.")
    expect(reply).to_contain_text("언어 모델 없이")
    reply.locator("li button").click()
    expect(live.locator(".es-moment")).to_contain_text("이번 달 요금이 너무")
    field.fill("날씨는 어떤가요")
    live.get_by_role("button", name="묻기").click()
    expect(reply).to_contain_text("질문에 맞는 것이 없어요")
    screenshot(live, "live-question")


def test_who_opens_a_call_late_is_told_what_has_happened_and_may_put_it_away(
    live: Page, act: Act, server: Server, open_page: OpenPage
) -> None:
    for step in ("final", "twenty", "summary"):
        act(step)
    expect(live.locator(".es-catch-up")).to_be_hidden()
    late = open_page(f"{server.url}/live?call=c1", locale="ko-KR", theme="dark")
    card = late.locator(".es-catch-up")
    expect(card).to_contain_text("요금이 많이 나옴", timeout=30_000)
    expect(card).to_contain_text("22번째로 한 말입니다.")
    screenshot(late, "live-catch-up")
    card.get_by_role("button", name="치우기").click()
    expect(card).to_be_hidden()


def test_a_call_that_is_over_is_wrapped_up_beside_its_transcript(live: Page, act: Act) -> None:
    for step in ("final", "twenty", "wrap_up", "end"):
        act(step)
    live.get_by_role("button", name="통화 후 처리").click()
    panel = live.get_by_role("dialog")
    expect(panel).to_contain_text("gpt-5-mini이(가) 1.4초 만에 쓴 초안이에요.")
    expect(panel.get_by_label("처리한 일")).to_have_value("청구 내역 확인\n중복 요금 환불")
    screenshot(live, "live-wrap-up")
    panel.get_by_label("결과 요약").fill("내일까지 환불")
    panel.get_by_role("button", name="등록").click()
    expect(panel).to_contain_text("에 등록했어요.")
    expect(panel).to_contain_text("내일까지 환불")
    screenshot(live, "live-wrap-up-filed")


def test_another_language_is_chosen_for_somebody_on_the_live_page(live: Page) -> None:
    live.get_by_role("button", name="언어").click()
    panel = live.get_by_test_id("stPopoverBody")
    expect(panel).to_contain_text("이서준")
    panel.get_by_role("combobox").last.click()
    live.get_by_role("option", name="English").click()
    expect(live.locator(".es-people li").filter(has_text="이서준")).to_contain_text("English")
    screenshot(live, "live-languages")


def test_what_is_wrong_with_the_network_is_said_in_words_until_it_is_over(live: Page, act: Act) -> None:
    alerts = live.locator(".es-alert-list > .es-alerts li")
    expect(alerts).to_have_count(0)
    act("samples")
    expect(alerts.first).to_contain_text("음질이 나쁩니다: MOS 3.38")
    jitter = alerts.filter(has_text="이서준의 패킷 간격이 고르지 않습니다: 지터 41 ms")
    expect(jitter).to_contain_text("00:03부터")
    score = live.locator(".es-network tbody tr").first.locator("td").first
    expect(score).to_have_text("3.4")
    expect(score).to_have_class("es-hurts")
    expect(score).to_have_attribute(
        "data-tip", re.compile(r"서버로: 3.4, 보통.*RTT 320 ms \(추정\), 지터 41.0 ms,", re.DOTALL)
    )
    act("calm")
    expect(alerts).to_have_count(0)
    over = live.locator(".es-over")
    expect(over.locator("summary")).to_have_text("지난 알림 8건")
    over.locator("summary").click()
    expect(over.locator("li").filter(has_text="이서준의 패킷 간격")).to_contain_text("00:03~00:34")
    expect(score).to_have_text("3.8")


def test_everything_is_on_one_screen(live: Page, act: Act) -> None:
    for step in ("final", "twenty", "summary", "samples"):
        act(step)
    expect(live.locator(".es-chart .main-svg").first).to_be_visible(timeout=15_000)
    main = live.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollHeight - main.clientHeight") <= 0
    for panel in (".es-transcript", ".es-summary", ".es-handbook", ".es-network", ".es-chart"):
        box = live.locator(panel).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900, panel
        assert box["x"] + box["width"] <= 1440, panel


def test_the_transcript_runs_along_until_the_reader_scrolls_up(live: Page, act: Act) -> None:
    act("twenty")
    expect(live.locator(".es-line").last).to_be_in_viewport()
    live.locator(".es-lines").hover()
    live.mouse.wheel(0, -400)
    expect(live.locator(".es-line").last).not_to_be_in_viewport()
    act("more")
    expect(live.locator(".es-jump")).to_be_visible()
    expect(live.locator(".es-line").last).not_to_be_in_viewport()
    live.locator(".es-jump").click()
    expect(live.locator(".es-line").last).to_be_in_viewport()
    expect(live.locator(".es-jump")).to_be_hidden()


def test_an_interrupted_stream_is_said_and_taken_up_again(live: Page, server: Server, act: Act) -> None:
    act("interim")
    expect(live.locator(".es-line")).to_have_count(1)
    act("cut")
    expect(live.locator(".es-banner")).to_contain_text("다시 연결", timeout=20_000)
    act("withdraw")
    act("doubtful")
    act("mend")
    expect(live.locator(".es-banner")).to_be_hidden(timeout=20_000)
    expect(live.locator(".es-line .es-text")).to_have_text("로밍 요금 같습니다.")


def test_the_end_of_a_call_takes_the_controls_away_and_keeps_the_record(live: Page, act: Act) -> None:
    act("final")
    expect(live.locator(".es-line")).to_have_count(1)
    expect(live.get_by_text("참여 링크 복사")).to_be_visible()
    act("end")
    expect(live.locator(".es-banner")).to_contain_text("통화가 끝났습니다")
    expect(live.get_by_text("참여 링크 복사")).to_have_count(0, timeout=15_000)
    expect(live.locator(".es-line")).to_have_count(1)


def test_another_language_changes_the_words_and_keeps_the_call(live: Page, act: Act) -> None:
    act("final")
    live.get_by_text("English", exact=True).click()
    expect(live.locator(".es-bar-row")).to_contain_text("Live", timeout=15_000)
    expect(live.locator(".es-line .es-name")).to_have_text("이서준 · Customer")
    live.reload()
    expect(live.locator(".es-bar-row")).to_contain_text("Live", timeout=15_000)
