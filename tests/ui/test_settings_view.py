"""The settings page, in both languages."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from core.assist.scenarios import ScenarioFolder
from core.guidance.knowledge import KnowledgeFile
from core.language.catalogue import describe, translator
from core.model.errors import AccessDenied, KnowledgeFileInvalid, KnowledgeMissing
from core.settings import Settings
from core.settings.loading import Source
from tests.fakes import settings_desk
from tests.fakes.settings_desk import FakeSettingsDesk, sources

PAGE = Path(__file__).with_name("settings_page.py")
LANGUAGES = ("en", "ko")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeSettingsDesk:
    fake = FakeSettingsDesk()
    monkeypatch.setattr(settings_desk, "current", fake)
    return fake


def open_page(locale: str) -> AppTest:
    test = AppTest.from_file(str(PAGE), default_timeout=30)
    test.session_state["locale"] = locale
    test.run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def words(test: AppTest) -> str:
    """All that is written on the page, in its order within each kind of element."""
    kinds = (test.title, test.markdown, test.caption, test.error, test.warning, test.info)
    written = [element.value for kind in kinds for element in kind]
    return "\n".join([*written, *(element.proto.body for element in test.get("html"))])


def search(test: AppTest, text: str) -> str:
    test.text_input(key="settings-search").set_value(text).run()
    assert not test.exception
    return words(test)


@pytest.mark.parametrize("locale", LANGUAGES)
class TestSettings:
    def test_every_setting_is_listed_with_its_meaning(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        text = words(open_page(locale))
        for name in Settings.model_fields:
            assert f"EARSHOT_{name.upper()}" in text
        assert _("Days after which ended calls are deleted for good; 0 keeps them.") in text
        assert _("Nothing is set: every setting has its default.") in text

    def test_what_was_changed_comes_first_and_says_from_where(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        desk.settings = Settings(_env_file=None, port=9000, whisper_model="<b>x</b>")
        desk.sources = sources(port=Source.FILE, whisper_model=Source.ENVIRONMENT)
        text = words(open_page(locale))
        assert text.index(_("Changed from the default")) < text.index("EARSHOT_PORT") < text.index("EARSHOT_ENV<")
        assert "own.env" in text
        assert _("settings file") in text
        assert "&lt;b&gt;x" in text
        assert "<b>x" not in text

    def test_a_secret_is_never_on_the_page(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.settings = Settings(
            _env_file=None, secret_key=SecretStr("hush-hush-hush-hush"), database_url="postgresql://kim:hush@db/calls"
        )
        text = words(open_page(locale))
        assert "hush" not in text
        assert "postgresql://kim:•••@db/calls" in text
        assert translator(locale)("set, hidden") in text

    def test_the_search_leaves_what_fits_and_says_when_nothing_does(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.has_model = True
        test = open_page(locale)
        text = search(test, "whisper beam")
        assert "EARSHOT_WHISPER_BEAM" in text
        assert "EARSHOT_PORT" not in text
        assert "EARSHOT_" not in search(test, "zzzz")
        assert test.info


@pytest.mark.parametrize("locale", LANGUAGES)
class TestHandbook:
    def test_a_broken_file_is_named_first_and_files_can_be_read_again(
        self, desk: FakeSettingsDesk, locale: str
    ) -> None:
        problem = KnowledgeFileInvalid(path="z.json", reason="line 3: <i>oops</i>")
        desk.handbook = replace(desk.handbook, files=(*desk.handbook.files, KnowledgeFile("z.json", 0, (), (problem,))))
        test = open_page(locale)
        text = words(test)
        assert text.index("z.json") < text.index("ko/billing.md")
        assert "&lt;i&gt;oops" in text
        test.button(key="reload-handbook").click().run()
        assert not test.exception
        assert desk.reloads == 1

    def test_the_last_good_handbook_and_none_at_all_are_told_apart(self, desk: FakeSettingsDesk, locale: str) -> None:
        _ = translator(locale)
        missing = KnowledgeMissing(path="knowledge")
        desk.handbook = replace(desk.handbook, problem=missing)
        kept = _("The last good handbook stays in use.")
        assert kept in open_page(locale).warning[0].value
        desk.handbook = replace(desk.handbook, files=(), loaded_at=None, entries=0)
        test = open_page(locale)
        assert "knowledge" in test.error[0].value
        assert kept not in words(test)


@pytest.mark.parametrize("locale", LANGUAGES)
class TestScenarios:
    def test_they_are_listed_by_their_title_in_the_readers_language(self, desk: FakeSettingsDesk, locale: str) -> None:
        text = words(open_page(locale))
        for scenario in desk.scenarios().scenarios:
            assert scenario.title_in(locale) in text

    def test_a_broken_one_is_named_and_none_is_said(self, desk: FakeSettingsDesk, locale: str, tmp_path: Path) -> None:
        desk.folder = ScenarioFolder(tmp_path)
        assert open_page(locale).info
        (tmp_path / "bad.json").write_text("[{")
        assert "bad.json" in words(open_page(locale))

    def test_whoever_may_not_is_told_so_and_sees_nothing(self, desk: FakeSettingsDesk, locale: str) -> None:
        desk.refusal = AccessDenied()
        test = open_page(locale)
        assert {error.value for error in test.error} == {describe(desk.refusal, translator(locale))}
        assert "EARSHOT_" not in words(test)
