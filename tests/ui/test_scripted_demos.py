"""The list of scripted demos, in both languages."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.assist.scenarios import ScenarioFolder
from core.language.catalogue import translator
from tests.fakes import settings_desk
from tests.fakes.settings_desk import FakeSettingsDesk

PAGE = Path(__file__).with_name("scripted_demos_page.py")
DEMOS = FakeSettingsDesk().scenarios().scenarios


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeSettingsDesk:
    fake = FakeSettingsDesk()
    monkeypatch.setattr(settings_desk, "current", fake)
    return fake


def drawn(locale: str) -> AppTest:
    test = AppTest.from_file(str(PAGE), default_timeout=30)
    test.session_state["locale"] = locale
    test.run()
    assert not test.exception
    return test


@pytest.mark.parametrize("locale", ["en", "ko"])
class TestScriptedDemos:
    def test_each_has_its_title_and_its_language(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        test = drawn(locale)
        labels = [button.label for button in test.button]
        languages = {"ko": _("Korean"), "en": _("English")}
        assert labels == [f"{s.title_in(locale)} :gray-badge[{languages[s.language]}]" for s in DEMOS]
        assert test.session_state["chosen"] is None

    @pytest.mark.parametrize("name", [scenario.name for scenario in DEMOS])
    def test_a_click_chooses_it_once(self, desk: FakeSettingsDesk, locale: str, name: str) -> None:
        test = drawn(locale)
        test.button(key=f"start-script-{name}").click().run()
        assert test.session_state["chosen"] == name
        assert test.run().session_state["chosen"] is None

    def test_none_is_said_and_a_broken_one_is_named(self, desk: FakeSettingsDesk, locale: str, tmp_path: Path) -> None:
        desk.folder = ScenarioFolder(tmp_path)
        assert drawn(locale).info
        (tmp_path / "bad.json").write_text("[{")
        test = drawn(locale)
        assert not test.info
        assert "bad" in test.warning[0].value

    def test_a_title_is_text_and_not_markup(self, desk: FakeSettingsDesk, locale: str, tmp_path: Path) -> None:
        desk.folder = ScenarioFolder(tmp_path)
        content = {"title": {"en": "**Loud** :red[x] [a](b)"}, "turns": [{"speaker": "agent", "text": "Hello."}]}
        (tmp_path / "a.json").write_text(json.dumps(content))
        assert drawn(locale).button[0].label.startswith("\\*\\*Loud\\*\\* \\:red\\[x\\]")
