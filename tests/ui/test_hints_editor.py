"""The vocabulary hints on the settings page, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.language.catalogue import translator
from core.model.access import UserRole
from core.model.errors import HintsUnwritable
from core.speech.hints_file import SAMPLE, HintsFile
from core.ui.file_editor import as_written
from tests.fakes import settings_desk
from tests.fakes.clock import ManualClock
from tests.fakes.settings_desk import FakeSettingsDesk
from tests.ui.test_settings_view import open_page, words

LANGUAGES = ("en", "ko")
GOOD = """
languages:
  ko:
    phrases:
      - value: ${plan} 요금제
        boost: 7.5
    classes:
      plan: [시니어 안심, <b>다이렉트</b>]
      unused: [x1]
"""
BAD = "phrases:\n  - Flex\n  - ${plan} or ${plan}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hints.yaml"


@pytest.fixture
def desk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSettingsDesk]:
    fake = FakeSettingsDesk(hints=HintsFile(path, ManualClock()))
    monkeypatch.setattr(settings_desk, "current", fake)
    return fake


def button_of(test: AppTest, label: str) -> Button:
    """The hints' own: other files on the page are edited with buttons of the same names."""
    (button,) = [each for each in test.button if each.label == label and (each.key or "").startswith("hints-")]
    return button


def press(test: AppTest, label: str) -> AppTest:
    button_of(test, label).click().run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def write(test: AppTest, text: str) -> AppTest:
    test.text_area(key="hints-text").set_value(text)
    return test


def said(test: AppTest) -> str:
    return "\n".join([words(test), *(each.value for each in (*test.code, *test.subheader))])


def is_disabled(test: AppTest, label: str) -> bool:
    return button_of(test, label).disabled


@pytest.mark.parametrize("locale", LANGUAGES)
class TestHintsEditor:
    def test_without_a_file_it_begins_with_the_sample_of_which_nothing_is_in_use(
        self, desk: FakeSettingsDesk, locale: str
    ) -> None:
        test = open_page(locale)
        assert test.text_area(key="hints-text").value == SAMPLE.read_text(encoding="utf-8")
        assert any(str(desk.hints.path) in each.value for each in test.info)
        assert desk.hints.report().content.is_empty

    def test_what_is_typed_is_previewed_with_boosts_items_and_what_whisper_is_told(
        self, desk: FakeSettingsDesk, locale: str
    ) -> None:
        _ = translator(locale)
        text = said(press(write(open_page(locale), GOOD), _("Check")))
        assert "<td><code>${plan} 요금제</code></td><td>7.5</td>" in text
        assert "<code>시니어 안심</code> <code>&lt;b&gt;다이렉트&lt;/b&gt;</code>" in text
        assert "시니어 안심 요금제, <b>다이렉트</b> 요금제." in text
        assert text.count(_("No phrase uses this class.")) == 1
        assert not desk.hints.path.exists()

    def test_a_wrong_line_is_shown_and_cannot_be_saved(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = press(write(open_page(locale), BAD), _("Check"))
        assert is_disabled(test, _("Save"))
        (error,) = test.error
        assert "3" in error.value
        assert any("${plan} or ${plan}" in code.value for code in test.code)
        press(write(test, GOOD), _("Check"))
        assert not is_disabled(test, _("Save"))
        assert not test.error

    def test_a_wrong_text_that_is_saved_at_once_is_refused_and_stays_in_the_editor(
        self, desk: FakeSettingsDesk, locale: str
    ) -> None:
        test = press(write(open_page(locale), BAD), translator(locale)("Save"))
        assert len(test.error) == 1
        assert test.text_area(key="hints-text").value == BAD
        assert not desk.hints.path.exists()

    def test_saving_puts_the_text_in_use(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = press(write(open_page(locale), GOOD), _("Save"))
        assert desk.hints.path.read_text(encoding="utf-8") == GOOD
        assert test.toast[0].value == _("The hints were saved and are in use.")
        assert not test.warning
        press(write(test, "phrases: [Flex]"), _("Save"))
        assert desk.hints.report().content.phrase_count == 1

    def test_a_file_that_somebody_else_changed_is_not_overwritten(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        desk.hints.save("phrases: [Flex]", "")
        test = open_page(locale)
        desk.hints.save("phrases: [theirs]", desk.hints.report().digest)
        press(write(test, "phrases: [mine]"), _("Save"))
        assert desk.hints.path.read_text(encoding="utf-8") == "phrases: [theirs]"
        assert len(test.warning) == 1
        assert is_disabled(test, _("Save"))
        assert test.text_area(key="hints-text").value == "phrases: [mine]"
        press(test, _("Open the file as it is now"))
        assert test.text_area(key="hints-text").value == "phrases: [theirs]"
        assert not test.warning
        press(write(test, "phrases: [both]"), _("Save"))
        assert desk.hints.path.read_text(encoding="utf-8") == "phrases: [both]"

    def test_a_changed_file_is_followed_where_nothing_was_typed(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.hints.save("phrases: [Flex]", "")
        test = open_page(locale)
        desk.hints.save("phrases: [theirs]", desk.hints.report().digest)
        test.run()
        assert test.text_area(key="hints-text").value == "phrases: [theirs]"
        assert not test.warning

    def test_a_bad_file_is_named_and_opened_for_mending(self, desk: FakeSettingsDesk, path: Path, locale: str) -> None:
        _ = translator(locale)
        desk.hints.save("phrases: [Flex]", "")
        path.write_text(BAD, encoding="utf-8")
        test = open_page(locale)
        assert _("The last good hints stay in use.") in test.warning[0].value
        assert test.text_area(key="hints-text").value == BAD
        assert is_disabled(test, _("Save"))
        press(write(test, GOOD), _("Check"))
        press(test, _("Save"))
        assert desk.hints.report().problem is None

    def test_whoever_may_not_change_them_only_reads(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        desk.role = UserRole.SUPERVISOR
        test = open_page(locale)
        assert test.text_area(key="hints-text").disabled
        assert is_disabled(test, _("Save"))
        assert _("Only administrators may change the hints.") in words(test)

    def test_what_keeps_the_file_from_being_saved_is_said(
        self, desk: FakeSettingsDesk, path: Path, locale: str
    ) -> None:
        _ = translator(locale)
        in_the_way = path.with_name("file")
        in_the_way.write_text("")
        desk.hints = HintsFile(in_the_way / "hints.yaml", ManualClock())
        test = press(write(open_page(locale), GOOD), _("Save"))
        unsaved = HintsUnwritable(path=str(desk.hints.path), reason="")
        assert any(_(unsaved.template)[:8].split("{")[0] in each.value for each in test.error)


def test_a_sentence_with_signs_of_markdown_is_shown_as_it_is_written() -> None:
    assert as_written("“$” in ${a}: [x](y)") == "“\\$” in \\$\\{a\\}\\: \\[x\\]\\(y\\)"
