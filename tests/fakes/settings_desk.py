"""What the settings page and the list of scripted demos ask for, as the test puts it there."""

from dataclasses import dataclass, field
from pathlib import Path

from core.assist.alert_rules_file import AlertRulesFile, AlertRulesReport, alert_rules_file
from core.assist.prompt_folder import PromptFolder, PromptReport
from core.assist.prompt_trial import PromptTrial
from core.assist.scenarios import ScenarioFolder, ScenarioList
from core.guidance.background import KnowledgeReport
from core.guidance.knowledge import KnowledgeFile
from core.model.access import RIGHTS, Right, UserRole
from core.model.archive import CallPage, CallQuery, FoundCall
from core.model.call import CallId
from core.model.clock import SystemClock
from core.model.errors import AlertPatternSlow, EarshotError
from core.settings import PROJECT_ROOT, Settings
from core.settings.loading import Source, Sources
from core.settings.report import SettingLine, settings_report
from core.speech.hints_file import HintsFile, HintsReport

READ_AT = 1_790_000_000.0


def sources(**of: Source) -> Sources:
    """Everything at its default but these."""
    return Sources(Path("own.env"), {**dict.fromkeys(Settings.model_fields, Source.DEFAULT), **of})


@dataclass
class FakeSettingsDesk:
    """Implements `core.ui.settings_view.SettingsDesk`. `reloads` counts."""

    settings: Settings = field(default_factory=lambda: Settings(_env_file=None))
    sources: Sources = field(default_factory=sources)
    folder: ScenarioFolder = field(default_factory=lambda: ScenarioFolder(PROJECT_ROOT / "demo" / "scenarios"))
    handbook: KnowledgeReport = field(
        default_factory=lambda: KnowledgeReport(
            directory=Path("knowledge"),
            files=(KnowledgeFile("ko/billing.md", 6, ("ko",), ()),),
            loaded_at=READ_AT,
            entries=6,
            is_loading=False,
            problem=None,
        )
    )
    hints: HintsFile = field(default_factory=lambda: HintsFile(Path("no-such-folder/speech_hints.yaml"), SystemClock()))
    prompts: PromptFolder = field(default_factory=lambda: PromptFolder(Path("no-such-folder"), SystemClock()))
    has_model: bool = False
    past_calls: tuple[FoundCall, ...] = ()
    trial: PromptTrial | EarshotError | None = None
    """What comes of trying a prompt."""
    tried: list[tuple[CallId, str, str]] = field(default_factory=list)
    rules: AlertRulesFile = field(
        default_factory=lambda: alert_rules_file(Path("no-such-folder/alerts.yaml"), SystemClock())
    )
    slow: tuple[AlertPatternSlow, ...] = ()
    role: UserRole = UserRole.ADMIN
    refusal: EarshotError | None = None
    """Raised by everything, where there is one."""
    reloads: int = 0

    def _ask(self) -> None:
        if self.refusal:
            raise self.refusal

    def settings_report(self) -> tuple[SettingLine, ...]:
        self._ask()
        return settings_report(self.settings, self.sources)

    def knowledge(self) -> KnowledgeReport:
        self._ask()
        return self.handbook

    def scenarios(self) -> ScenarioList:
        self._ask()
        return self.folder.list()

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def speech_hints(self) -> HintsReport:
        self._ask()
        return self.hints.report()

    def save_speech_hints(self, text: str, digest: str) -> HintsReport:
        self._ask()
        return self.hints.save(text, digest)

    def prompt(self, language: str) -> PromptReport:
        self._ask()
        return self.prompts.report(language)

    def save_prompt(self, text: str, language: str, digest: str) -> PromptReport:
        self._ask()
        return self.prompts.save(text, language, digest)

    def search(self, query: CallQuery) -> CallPage:
        self._ask()
        found = tuple(each for each in self.past_calls if each.call.language == query.language)
        return CallPage(found, len(found))

    def try_prompt(self, call_id: CallId, language: str, text: str) -> PromptTrial:
        self._ask()
        self.tried.append((call_id, language, text))
        if isinstance(self.trial, EarshotError):
            raise self.trial
        assert self.trial is not None
        return self.trial

    def alert_rules(self) -> AlertRulesReport:
        self._ask()
        return self.rules.report()

    def switched_off_rules(self) -> tuple[AlertPatternSlow, ...]:
        return self.slow

    def save_alert_rules(self, text: str, digest: str) -> AlertRulesReport:
        self._ask()
        return self.rules.save(text, digest)

    def reload(self) -> None:
        self._ask()
        self.reloads += 1


current = FakeSettingsDesk()
"""What the page under test is drawn for; a test puts its own here."""
