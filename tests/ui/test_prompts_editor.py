"""The language model's prompts on the settings page, in both languages."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.assist.prompt import parse_prompt
from core.assist.prompt_folder import PromptFolder, shipped_file
from core.assist.prompt_trial import PromptTrial
from core.language.catalogue import describe, translator
from core.model.access import UserRole
from core.model.archive import FoundCall
from core.model.call import Call, CallId, CallOrigin, CallState
from core.model.errors import ModelNotConfigured, ModelTimeout, NothingSaid
from core.model.insight import (
    Insight,
    Intent,
    RiskFlag,
    Sentiment,
    SentimentLabel,
    SentimentTrend,
    SummaryText,
    TokenUsage,
)
from core.ui.file_editor import as_written
from tests.fakes import settings_desk
from tests.fakes.clock import ManualClock
from tests.fakes.page_backend import make_call
from tests.fakes.settings_desk import FakeSettingsDesk
from tests.ui.test_settings_view import open_page, words

LANGUAGES = ("en", "ko")
TEXT = """+++
[intents]
refund = { ko = "환불", en = "Refund" }
[risks]
churn = { ko = "해지 우려", en = "May leave" }
+++
짧게."""
PROMPT = parse_prompt(TEXT, "ko", "ko.md")
INSIGHT = Insight(
    SummaryText("요금 이중 청구 환불 요청", "요금이 두 번 청구됨", ""),
    Intent("refund", 0.91),
    Sentiment(SentimentLabel.NEGATIVE, -0.6, SentimentTrend.FALLING),
    (RiskFlag("churn", "<b>해지</b>할래요"),),
    "바로 확인하겠습니다.",
)


def a_trial(insight: Insight = INSIGHT, problem: ModelTimeout | None = None, left_out: int = 0) -> PromptTrial:
    return PromptTrial(
        prompt=PROMPT, insight=insight, turns=12, left_out=left_out, took_s=2.5, first_token_s=0.41, summary_s=0.72,
        usage=None if problem else TokenUsage(1812, 96, 640), problem=problem, engine="openai", model="gpt-<x>",
    )  # fmt: skip


def a_call(call_id: str) -> Call:
    return make_call(call_id, CallState.ENDED, origin=CallOrigin.SCRIPT, language="ko")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSettingsDesk:
    fake = FakeSettingsDesk(
        prompts=PromptFolder(tmp_path / "prompts", ManualClock()),
        has_model=True,
        past_calls=(FoundCall(a_call("1"), "요금 문의"), FoundCall(a_call("2"))),
        trial=a_trial(),
    )
    monkeypatch.setattr(settings_desk, "current", fake)
    return fake


def press(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click().run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def submit(test: AppTest, label: str, text: str) -> AppTest:
    test.text_area(key="prompt-ko-text").set_value(text)
    # Each language has an editor with these buttons, and so have the hints, which come before.
    buttons = [each for each in test.button if each.label == label and each.form_id == "prompt-ko"]
    buttons[0].click().run()
    assert not test.exception, [e.message for e in test.exception]
    return test


@pytest.mark.parametrize("locale", LANGUAGES)
class TestPromptsEditor:
    def test_it_begins_with_our_own(self, desk: FakeSettingsDesk, locale: str) -> None:
        test = open_page(locale)
        for language in ("ko", "en"):
            assert test.text_area(key=f"prompt-{language}-text").value == shipped_file(language).read_text("utf-8")
        assert "불만·민원" in words(test) if locale == "ko" else "Return or exchange" in words(test)

    def test_saving_puts_it_in_use(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = submit(open_page(locale), _("Save"), TEXT)
        assert desk.prompts.report("ko").content == PROMPT
        assert test.toast[0].value == _("The prompt was saved and is in use.")

    def test_a_wrong_one_is_refused_with_its_line(self, desk: FakeSettingsDesk, locale: str) -> None:
        test = submit(open_page(locale), translator(locale)("Save"), TEXT.replace("refund =", "Refund ="))
        assert "3" in test.error[0].value
        assert not desk.prompts.report("ko").exists

    def test_a_trial_shows_every_field_and_what_it_took(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = submit(open_page(locale), _("Check"), TEXT)
        test.selectbox(key="prompt-ko-call").set_value(CallId("2")).run()
        text = words(press(test, "prompt-ko-try"))
        assert desk.tried == [("2", "ko", TEXT)], "the text as it is in the editor, not as it is saved"
        for shown in (
            "요금 이중 청구 환불 요청",
            "요금이 두 번 청구됨",
            "바로 확인하겠습니다.",
            "91 %",
            "-0.6",
            "gpt-&lt;x&gt;",
        ):
            assert shown in text, shown
        assert ("해지 우려" if locale == "ko" else "May leave") in text
        assert "&lt;b&gt;해지&lt;/b&gt;할래요" in text
        assert _("{length} of at most {limit} characters").format(length=14, limit=20) in text
        assert _("summary after {seconds} s").format(seconds="0.72") in text
        read = _("{read} read, {cached} of them cached · {written} written")
        assert read.format(read="1,812", cached="640", written="96") in text
        assert not desk.prompts.report("ko").exists, "nothing is saved"

    def test_a_summary_over_its_limit_is_marked(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.trial = a_trial(
            Insight(SummaryText("요금이 두 번 청구되어 환불을 요청했고 확인 중임", "", "")), left_out=3
        )
        text = words(press(open_page(locale), "prompt-ko-try"))
        assert "es-over" in text
        assert (
            translator(locale)("{turns} turns; {left_out} at the beginning were left out.").format(turns=12, left_out=3)
            in text
        )

    def test_a_failure_is_a_sentence(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        problem = ModelTimeout(server="api.openai.com", seconds=20)
        desk.trial = a_trial(Insight(SummaryText("", "", "")), problem)
        test = press(open_page(locale), "prompt-ko-try")
        assert test.error[0].value == as_written(describe(problem, _))
        assert _("failed after {seconds} s").format(seconds="2.5") in words(test)
        desk.trial = NothingSaid(call_id="1")
        test = press(test, "prompt-ko-try")
        assert test.error[0].value == as_written(describe(desk.trial, _))
        assert "es-trial'><tbody><tr><td>" + _("Summary") not in words(test), "the former answer is gone"

    def test_without_a_model_or_a_call_it_says_what_is_missing(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        desk.past_calls = ()
        assert _("No call in this language has ended yet. A scripted demo will do as well.") in words(open_page(locale))
        desk.has_model = False
        assert describe(ModelNotConfigured(), _) in words(open_page(locale))

    def test_whoever_may_not_change_them_only_reads(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.role = UserRole.SUPERVISOR
        test = open_page(locale)
        assert test.text_area(key="prompt-ko-text").disabled
        assert test.button(key="prompt-ko-try").disabled
        assert translator(locale)("Only administrators may change the prompts.") in words(test)
