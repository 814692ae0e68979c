"""Prompts: what may stand in their files, which are in use, and what comes of trying one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.assist.openai_model import OpenAIModel
from core.assist.prompt import Choice, Prompt, parse_prompt
from core.assist.prompt_folder import PROMPT_LANGUAGES, PromptFolder, shipped_file
from core.assist.prompt_trial import MOST_CHARACTERS, try_prompt
from core.model.call import Role
from core.model.errors import ModelStreamDropped, PromptChanged, PromptInvalid, PromptUnwritable
from core.model.insight import TokenUsage, Turn
from core.settings import Settings
from tests.fakes.clock import ManualClock
from tests.fakes.openai_server import ANSWER, OpenAIServer, drops, serving

GOOD = '+++\n[intents]\nrefund = { ko = "환불", en = "Refund" }\nother = "Other"\n+++\nBe brief.\n{intents}\n'
OTHER = GOOD.replace("Be brief.", "Be very brief.")


def intents(lines: str) -> str:
    return f"+++\n[intents]\nother = 'Other'\n{lines}\n+++\nBe brief.\n"


class TestFile:
    def test_labels_have_names_in_both_languages(self) -> None:
        prompt = parse_prompt(GOOD, "en", "en.md")
        assert prompt.instructions == "Be brief.\n{intents}"
        assert prompt.intent_labels == ("refund", "other")
        assert [prompt.intent_name("refund", locale) for locale in ("ko", "en")] == ["환불", "Refund"]
        assert prompt.intent_name("other", "ko") == "Other"
        assert prompt.intent_name("no_longer_there", "ko") == "no longer there"
        assert prompt.risks == ()

    def test_lists_are_filled_in_and_all_else_is_taken_as_written(self) -> None:
        prompt = Prompt("ko", "{intents}\n{else} {}", (Choice("refund", {"ko": "환불"}),), ())
        assert prompt.filled(("refund", "new"), ()) == "- refund: 환불\n- new\n{else} {}"

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("", 1),
            ("Be brief.", 1),
            ("+++\n[intents]\nother = 'Other'\nBe brief.", 1),
            ("+++\n[intents]\nother = 'Other'\n+++\n\n", 4),
            ("+++\n+++\nBe brief.", 1),
            ("+++\n[intents]\n+++\nBe brief.", 1),
            (intents("refund = "), 4),
            (intents("Refund = 'Refund'"), 4),
            (intents("none = 'None'"), 4),
            (intents("refund = 5"), 4),
            (intents("refund = { ja = '返金' }"), 4),
            (intents("refund = { ko = '' }"), 4),
            (intents(f"refund = '{'x' * 41}'"), 4),
            (intents("other = 'Again'"), 4),
            (intents("[moods]\ngood = 'Good'"), 4),
            (intents("\n".join(f"a{n} = 'x'" for n in range(60))), 2),
            ("+++\nintents = 5\n+++\nBe brief.", 2),
            (GOOD + "x" * 20_000, 1),
            ("+++\n[intents]\nother = 'Other'\n+++\nBe brief.\n+++ poem\nRhyme.", 6),
            ("+++\n[intents]\nother = 'Other'\n+++\nBe brief.\n+++ question\nA\n+++ question\nB", 8),
        ],
    )
    def test_a_wrong_line_is_named(self, text: str, line: int) -> None:
        with pytest.raises(PromptInvalid) as refused:
            parse_prompt(text, "en", "en.md")
        assert refused.value.line == line

    @pytest.mark.parametrize("language", PROMPT_LANGUAGES)
    def test_our_own_have_the_same_labels_with_names_in_both_languages(self, language: str) -> None:
        prompt = parse_prompt(shipped_file(language).read_text(encoding="utf-8"), language, language)
        english = parse_prompt(shipped_file("en").read_text(encoding="utf-8"), "en", "en")
        assert (prompt.intents, prompt.risks) == (english.intents, english.risks)
        assert all(set(choice.names) == {"ko", "en"} for choice in (*prompt.intents, *prompt.risks))
        for mark in ("{intents}", "{risks}", "`summary`", "`suggested_reply`"):
            assert mark in prompt.instructions


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> PromptFolder:
        return PromptFolder(tmp_path / "prompts", ManualClock())

    def test_without_a_file_our_own_is_in_use(self, folder: PromptFolder) -> None:
        assert [folder(language).language for language in ("ko", "en", "ja", "../ko")] == ["ko", "en", "en", "en"]
        assert not folder.report("ko").exists

    def test_a_saved_one_is_in_use_at_once(self, folder: PromptFolder) -> None:
        saved = folder.save(GOOD, "en", "")
        assert folder("en").instructions == saved.content.instructions == "Be brief.\n{intents}"
        assert folder("ja") == folder("en"), "a language without a prompt is asked in English"
        assert "정리" in folder("ko").instructions

    def test_what_a_file_does_not_say_of_wrap_ups_and_questions_earshot_says(self, folder: PromptFolder) -> None:
        own = folder("en")
        assert own.wrap_up != own.question != ""
        folder.save(f"{GOOD}\n+++ question\nAnswer in verse.", "en", "")
        assert folder("en").question == "Answer in verse."
        assert folder("en").instructions == "Be brief.\n{intents}"
        assert folder("en").wrap_up == own.wrap_up

    def test_another_language_may_have_its_own(self, folder: PromptFolder) -> None:
        folder.save(GOOD, "ja", "")
        assert folder("ja").language == "ja"

    def test_a_bad_file_is_told_and_the_last_good_one_stays(self, folder: PromptFolder, tmp_path: Path) -> None:
        folder.save(GOOD, "en", "")
        (tmp_path / "prompts" / "en.md").write_text("Be brief.")
        report = folder.report("en")
        assert isinstance(report.problem, PromptInvalid)
        assert folder("en").instructions == "Be brief.\n{intents}"

    def test_a_bad_text_is_not_saved(self, folder: PromptFolder, tmp_path: Path) -> None:
        with pytest.raises(PromptInvalid):
            folder.save("Be brief.", "en", "")
        assert not (tmp_path / "prompts").exists()

    def test_what_somebody_else_changed_is_not_overwritten(self, folder: PromptFolder) -> None:
        folder.save(GOOD, "en", "")
        with pytest.raises(PromptChanged):
            folder.save(OTHER, "en", "")

    def test_what_keeps_it_from_being_saved_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(PromptUnwritable):
            PromptFolder(tmp_path / "file", ManualClock()).save(GOOD, "en", "")


class TestTrial:
    PROMPT = parse_prompt('+++\n[intents]\nrefund = "R"\n[risks]\nchurn = "C"\n+++\nBe brief.', "en", "en.md")
    TURNS = (Turn(Role.CUSTOMER, "I will leave"), Turn(Role.AGENT, "I see."))

    @pytest.fixture
    def server(self) -> Iterator[OpenAIServer]:
        with serving(OpenAIServer(parameters=OpenAIServer().parameters | {"max_tokens"})) as fake:
            yield fake

    @pytest.fixture
    def model(self, server: OpenAIServer) -> Iterator[OpenAIModel]:
        model = OpenAIModel(Settings(_env_file=None, openai_base_url=server.base_url, openai_model="test-model"))
        yield model
        model.close()

    def test_it_shows_each_field_the_times_and_the_tokens(self, model: OpenAIModel) -> None:
        trial = try_prompt(model, self.PROMPT, self.TURNS, "en", 300, ManualClock())
        assert trial.insight.text.summary == ANSWER["summary"]
        assert [flag.words for flag in trial.insight.risks] == ["I will leave"]
        assert trial.usage == TokenUsage(812, 96, 640)
        assert trial.problem is None
        assert None not in (trial.first_token_s, trial.summary_s)
        assert (trial.turns, trial.left_out, trial.model) == (2, 0, "test-model")

    def test_a_failure_is_told_beside_what_has_come(self, server: OpenAIServer, model: OpenAIModel) -> None:
        server.script = drops('{"summary": "Customer wants to leave.", "customer')
        trial = try_prompt(model, self.PROMPT, self.TURNS, "en", 300, ManualClock())
        assert isinstance(trial.problem, ModelStreamDropped)
        assert trial.insight.text.summary == "Customer wants to leave."
        assert trial.usage is None

    def test_of_a_long_call_the_end_is_asked_about(self, server: OpenAIServer, model: OpenAIModel) -> None:
        turns = (Turn(Role.AGENT, "a" * MOST_CHARACTERS), *self.TURNS)
        trial = try_prompt(model, self.PROMPT, turns, "en", 300, ManualClock())
        assert (trial.turns, trial.left_out) == (2, 1)
        assert "aaa" not in server.requests[0]["messages"][1]["content"]
