"""The alert rules on the settings page, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.assist.alert_rules_file import SAMPLE, alert_rules_file
from core.language.catalogue import translator
from core.model.access import UserRole
from core.model.errors import AlertPatternSlow
from tests.fakes import settings_desk
from tests.fakes.clock import ManualClock
from tests.fakes.settings_desk import FakeSettingsDesk
from tests.ui.test_hints_editor import said
from tests.ui.test_settings_view import open_page

LANGUAGES = ("en", "ko")
GOOD = """
rules:
  - id: cancel
    name: {ko: 해지 <b>요구</b>, en: Wants to <b>cancel</b>}
    category: churn
    level: critical
    said: [{words: [해지, "{what} <i>"], by: customer}, {pattern: 'so+rry', by: agent, not: true}]
    within_s: 20
    webhook: true
    notify: true
  - {id: risk, name: {ko: 위험, en: Risk}, category: churn, level: info, risk: any}
  - {id: share, name: {ko: 몫, en: Share}, category: c, level: info, talk_over: {for_s: 2}}
"""
BAD = "rules:\n- id: a\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.yaml"


@pytest.fixture
def desk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSettingsDesk]:
    fake = FakeSettingsDesk(rules=alert_rules_file(path, ManualClock()))
    monkeypatch.setattr(settings_desk, "current", fake)
    return fake


def write(test: AppTest, text: str) -> AppTest:
    test.text_area(key="alerts-text").set_value(text)
    return test


def the_button(test: AppTest, label: str) -> Button:
    (button,) = [each for each in test.button if each.label == label and each.key.startswith("alerts-")]
    return button


def press(test: AppTest, label: str) -> AppTest:
    """Press a button of this editor; other editors have some of the same name."""
    button = the_button(test, label)
    button.click().run()
    assert not test.exception, [e.message for e in test.exception]
    return test


@pytest.mark.parametrize("locale", LANGUAGES)
class TestAlertsEditor:
    def test_without_a_file_it_shows_the_rules_that_come_with_earshot_and_says_so(
        self, desk: FakeSettingsDesk, locale: str
    ) -> None:
        test = open_page(locale)
        assert test.text_area(key="alerts-text").value == SAMPLE.read_text(encoding="utf-8")
        assert any(str(desk.rules.path) in each.value for each in test.info)
        assert {"ko": "해지 요구", "en": "Wants to cancel"}[locale] in said(test)

    def test_what_is_typed_is_explained_rule_by_rule_and_saved(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = press(write(open_page(locale), GOOD), _("Check"))
        text = said(test)
        assert {"ko": "해지 &lt;b&gt;요구&lt;/b&gt;", "en": "Wants to &lt;b&gt;cancel&lt;/b&gt;"}[locale] in text
        words = "<code>해지</code> <code>{what} &lt;i&gt;</code>"
        assert _("{who} says: {what}").format(who=_("Customer"), what=words) in text
        unsaid = _("{who} does not say within {seconds:g} s after that: {what}")
        assert unsaid.format(who=_("Agent"), seconds=20, what="<code>so+rry</code>") in text
        assert _("the language model sees any risk") in text
        assert f"{_('webhook')}, {_('notification')}" in text
        assert not desk.rules.path.exists()
        press(test, _("Save"))
        assert desk.rules.path.read_text(encoding="utf-8") == GOOD
        assert len(desk.rules.report().content.rules) == 3

    def test_a_wrong_line_is_shown_and_cannot_be_saved(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = press(write(open_page(locale), BAD), _("Check"))
        assert _("the rule has no {name}").format(name="name") in said(test)
        assert the_button(test, _("Save")).disabled

    def test_a_rule_that_was_switched_off_is_named(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.slow = (AlertPatternSlow(rule="evil", milliseconds=50),)
        assert any("evil" in each.value for each in open_page(locale).warning)

    def test_who_may_not_change_settings_can_read_them_only(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.role = UserRole.ANALYST
        test = open_page(locale)
        assert test.text_area(key="alerts-text").disabled
        assert translator(locale)("Only administrators may change the rules.") in said(test)
