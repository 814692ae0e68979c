"""The server: how it is, what is set, and the files that are changed from its pages."""

from collections.abc import Sequence

from core.assist.alert_rules_file import AlertRulesReport
from core.assist.prompt_folder import PromptReport
from core.assist.prompt_trial import PromptTrial
from core.assist.scenarios import ScenarioList
from core.desk.calls import CallsDesk
from core.guidance.background import KnowledgeReport
from core.guidance.handbook import Handbook
from core.guidance.knowledge_folder import KnowledgeChange
from core.media.events import MediaLoad
from core.model.access import Right
from core.model.audit import AuditAction, AuditEntry, AuditQuery
from core.model.call import CallId, Language
from core.model.errors import AlertPatternSlow
from core.model.health import PartHealth
from core.model.server_figures import ServerFigures
from core.settings.report import SettingLine
from core.speech.hints_file import HintsReport

LONGEST_TITLE = 100
"""Characters of an entry's title in the audit log."""


class ServerDesk(CallsDesk):
    """The server's state and files."""

    def health(self) -> tuple[PartHealth, ...]:
        """Every part's state; in full only for those who may see the server."""
        return self._as_far_as_seen(self._backend.health())

    def loads(self) -> tuple[MediaLoad, ...]:
        """The media process's own figures of the last minute, one a second, oldest first."""
        self.require(Right.SEE_SERVER)
        return self._backend.loads()

    def figures(self) -> ServerFigures:
        """The server in figures without names."""
        self.require(Right.SEE_SERVER)
        return self._backend.figures()

    def settings_report(self) -> tuple[SettingLine, ...]:
        """Every setting, its value (secrets masked) and where it came from."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.settings_report()

    def knowledge(self) -> KnowledgeReport:
        """The handbook's files, and what is wrong with them."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.knowledge()

    def handbook(self) -> Handbook:
        """The handbook, to be read and asked."""
        self.require(Right.READ_HANDBOOK)
        return self._backend.guidance

    def change_handbook(self, change: KnowledgeChange) -> KnowledgeReport:
        """Change a file of the handbook. Blocking, some seconds.

        Raises KnowledgePathRefused, KnowledgeTextInvalid, KnowledgeChanged, KnowledgeUnwritable.
        """
        self.require(Right.CHANGE_HANDBOOK, change.path)
        report = self._backend.change_handbook(change)
        kind = "removed" if change.text is None else "changed" if change.digest else "added"
        entry = {"entry": change.entry[:LONGEST_TITLE]} if change.entry else {}
        self._write(AuditAction.HANDBOOK_CHANGED, change.path, change=kind, **entry)
        return report

    def scenarios(self) -> ScenarioList:
        """The scripted conversations, and which files are none."""
        self.require(Right.DEMO)
        return self._backend.scenarios()

    def reload(self) -> KnowledgeReport:
        """Have the handbook and the scenarios read again now. Blocking, some seconds."""
        self.require(Right.RELOAD)
        self._write(AuditAction.RELOADED)
        return self._backend.reload()

    def speech_hints(self) -> HintsReport:
        """The vocabulary hints in use, and their file as it is now."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.hints.report()

    def save_speech_hints(self, text: str, digest: str) -> HintsReport:
        """Put a text in the place of the hints' file, which had this digest when it was opened. Blocking.

        Raises HintsInvalid, HintsChanged, HintsUnwritable.
        """
        self.require(Right.CHANGE_SETTINGS)
        saved = self._backend.hints.save(text, digest)
        self._write(AuditAction.HINTS_CHANGED, phrases=str(saved.content.phrase_count))
        return saved

    @property
    def has_model(self) -> bool:
        """Whether a language model is set up."""
        return self._backend.has_model

    def prompt(self, language: Language) -> PromptReport:
        """The prompt in use for calls in a language, and its file as it is now."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.prompts.report(language)

    def save_prompt(self, text: str, language: Language, digest: str) -> PromptReport:
        """Put a text in the place of a prompt's file, which had this digest when it was opened. Blocking.

        Raises PromptInvalid, PromptChanged, PromptUnwritable.
        """
        self.require(Right.CHANGE_SETTINGS)
        saved = self._backend.prompts.save(text, language, digest)
        self._write(AuditAction.PROMPT_CHANGED, language=language)
        return saved

    def try_prompt(self, call_id: CallId, language: Language, text: str) -> PromptTrial:
        """Ask the language model about an ended call with a text as its prompt. Blocking, as long as it takes.

        Raises CallNotFound, ModelNotConfigured, NothingSaid, PromptInvalid.
        """
        self.require(Right.CHANGE_SETTINGS)
        self._seen(call_id)
        self._write(AuditAction.PROMPT_TRIED, call_id, language=language)
        return self._backend.try_prompt(call_id, language, text)

    def alert_rules(self) -> AlertRulesReport:
        """The alert rules in use, and their file as it is now."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.alert_rules.report()

    def switched_off_rules(self) -> tuple[AlertPatternSlow, ...]:
        """Alert rules that are of no effect, because their patterns took too long."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.switched_off_rules()

    def save_alert_rules(self, text: str, digest: str) -> AlertRulesReport:
        """Put a text in the place of the rules' file, which had this digest when it was opened. Blocking.

        Raises AlertRulesInvalid, AlertRulesChanged, AlertRulesUnwritable.
        """
        self.require(Right.CHANGE_SETTINGS)
        saved = self._backend.alert_rules.save(text, digest)
        self._write(AuditAction.ALERT_RULES_CHANGED, rules=str(len(saved.content.rules)))
        return saved

    def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Lines of the audit log, newest first."""
        self.require(Right.SEE_AUDIT)
        return self._backend.audit.entries(query)
