"""What the pages and the API ask of the server. The parts behind it are opened in `core.parts`.

Page scripts and API routes call the facade from their own threads; what a call does happens on the calls loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from core.access.tokens import LegGrant
from core.assist.prompt_trial import PromptTrial, try_prompt
from core.assist.scenarios import ScenarioList
from core.calls.browser_intake import BrowserIntake
from core.calls.browser_samples import BrowserReport
from core.calls.demo import SCRIPT_NAMES
from core.calls.drain import drain
from core.calls.leg_port import LegPort
from core.calls.measures import CallMeasures
from core.calls.overviews import worst_first
from core.calls.questions import AnswerReport
from core.calls.server_figures import server_figures
from core.calls.wrap_ups import WrapUpReport
from core.guidance.background import KnowledgeReport
from core.guidance.knowledge_folder import KnowledgeChange
from core.media.events import MediaLoad
from core.model.access import Person, SignInMethod, UserRole
from core.model.audit import AuditAction
from core.model.call import Call, CallId, CallOrigin, Language, Participant, ParticipantId, Role, SupervisionMode
from core.model.clock import Clock, SystemClock
from core.model.errors import (
    AlertPatternSlow,
    CallNotFound,
    ModelNotConfigured,
    NothingSaid,
    ServerStarting,
    SignInRefused,
)
from core.model.health import PartHealth
from core.model.impairment import Impairment
from core.model.insight import Turn
from core.model.overview import CallOverview
from core.model.server_figures import ServerFigures
from core.model.snapshot import CallSnapshot
from core.model.turn_trace import Paint, TurnRecord
from core.model.utterance import Utterance
from core.model.wrap_up import WrapUp, WrapUpText
from core.parts import Parts
from core.settings import Settings
from core.settings.loading import read_sources
from core.settings.report import SettingLine, settings_report
from core.speech.engine import decoding_of

COMMAND_TIMEOUT_S = 10.0
LONGEST_NAME = 64


class Backend:
    """Everything that runs behind the pages. One a server; `close` before the process ends."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Open every part. Blocking, some seconds; the speech model goes on loading in the background.

        Raises:
            StoreError: the database cannot be opened.
            EngineUnavailable: the chosen speech engine cannot be used here.
            SettingInvalid: the table of prices cannot be read.
        """
        self.settings = settings
        self._sources = read_sources()
        self._parts = Parts(settings, clock or SystemClock())
        self.tokens = self._parts.tokens
        self.sign_in = self._parts.sign_in
        self.audit = self._parts.audit
        self.archive = self._parts.archive
        self._find = self.archive.session
        self.imports = self._parts.imports
        self.personas = self._parts.personas
        self.fleet = self._parts.fleet
        self.hints = self._parts.hints
        self.prompts = self._parts.prompts
        self.prices = self._parts.prices
        self.alert_rules = self._parts.alert_rules
        self.guidance = self._parts.handbook
        self.browser_intake = BrowserIntake(self._parts.loop)
        self.doctor = self._parts.doctor

    # Calls

    def start_call(self, language: Language, by: str) -> Call:
        """Begin a call between people; `by` is whose it is (`Person.id`). Raises CallLimitReached, ServerStopping."""
        return self._parts.loop.wait(
            lambda: self._parts.registry.start(language, CallOrigin.BROWSER, by), COMMAND_TIMEOUT_S
        ).call

    def start_demo(self, by: str) -> Call:
        """Begin a call between the two recorded English voices. Raises as `start_call`, and MediaError."""
        return self._parts.loop.wait(lambda: self._parts.demos.start_voices("en", by), COMMAND_TIMEOUT_S).call

    def start_scenario(self, name: str, by: str) -> Call:
        """Begin a scripted, text-only call. Raises as `start_call`, and ScenarioNotFound."""
        script = self._parts.scenarios.find(name)
        names = {**SCRIPT_NAMES.get(script.language, SCRIPT_NAMES["en"]), **script.names}
        begin = self._parts.demos.start_script
        return self._parts.loop.wait(lambda: begin(script.turns, script.language, names, by), COMMAND_TIMEOUT_S).call

    def impair(self, call_id: CallId, participant_id: ParticipantId, impairment: Impairment) -> None:
        """Disturb what a demo's recorded voice sends. Raises CallNotFound, CallNotImpairable, MediaError."""
        impair = self._parts.demos.impair
        self._parts.loop.wait(lambda: impair(call_id, participant_id, impairment), COMMAND_TIMEOUT_S)

    def impairments(self, call_id: CallId) -> Mapping[ParticipantId, Impairment]:
        """What is done to the voices of a demo call now; nobody's where there are none."""
        return self._parts.demos.impairments(call_id)

    def scenarios(self) -> ScenarioList:
        """The scripted demos, read again when their files change."""
        return self._parts.scenarios.list()

    def calls(self) -> tuple[Call, ...]:
        """Running calls, newest first."""
        return tuple(sorted((s.call for s in self._parts.registry.running()), key=lambda call: -call.created_at))

    def overviews(self) -> tuple[CallOverview, ...]:
        """The running calls in one line each, worst first."""
        return worst_first(session.record.overview() for session in self._parts.registry.running())

    def call(self, call_id: CallId) -> Call:
        """One call, running or ended, without what was said. Raises CallNotFound, StoreError."""
        try:
            return self._parts.registry.find(call_id).call
        except CallNotFound:
            return self._parts.store.load_call(call_id).call

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        """The latest picture of a call, running or ended. Raises CallNotFound, StoreError."""
        try:
            live = self._parts.registry.find(call_id).record.snapshot()
        except CallNotFound:
            return self.archive.snapshot(call_id)
        return replace(live, parts=self.health(), dropped={**live.dropped, **self._dropped()})

    def measures(self, call_id: CallId, window_s: tuple[float, float] | None = None) -> CallMeasures:
        """All that was measured of a call, or what was in a window on its clock. Raises CallNotFound, StoreError."""
        try:
            live = self._parts.registry.find(call_id).record.snapshot()
        except CallNotFound:
            live = None
        if window_s is None:
            return self.archive.measures(call_id, live)
        return self.archive.window(call_id, window_s, live)

    def _dropped(self) -> dict[str, int]:
        """What the queues that all calls share have dropped since the server started."""
        shared = {"records": self._parts.durable.given_up, "samples": self._parts.samples.dropped}
        media = self._parts.loads[-1].dropped if self._parts.loads else {}
        return {queue: count for queue, count in {**shared, **media}.items() if count}

    def revision(self, call_id: CallId) -> int:
        """The revision of a call's picture, cheaply; 0 for a call that is in the store alone."""
        try:
            return self._parts.registry.find(call_id).record.revision
        except CallNotFound:
            return 0

    def watch(self, call_id: CallId, notify: Callable[[], None]) -> Callable[[], None]:
        """Be told of every change of a running call, until what is returned is called; of others there is none.

        `notify` is called on any thread and must not wait.
        """
        try:
            return self._parts.registry.find(call_id).record.watch(notify)
        except CallNotFound:
            return lambda: None

    def end_call(self, call_id: CallId) -> None:
        """End a call for everybody in it; returns at once."""
        self._parts.loop.post(self._find(call_id).end)

    # People

    def join(
        self,
        call_id: CallId,
        role: Role,
        name: str,
        participant_id: ParticipantId | None = None,
        person_id: str = "",
    ) -> Participant:
        """Let somebody in, or back in. Raises CallNotFound, CallEnded, ParticipantNotFound."""
        session = self._find(call_id)
        return self._parts.loop.wait(lambda: session.join(role, name, participant_id, person_id), COMMAND_TIMEOUT_S)

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> LegPort:
        """Open a leg for a participant. Raises CallError, MediaError."""
        session = self._find(call_id)
        leg_id = self._parts.loop.wait(lambda: session.connect(participant_id, listen_only), COMMAND_TIMEOUT_S)
        return LegPort(leg_id, session, self._parts.loop, self.tokens.leg_token(call_id, leg_id))

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        """Silence a participant on the server, or end that. Raises CallError, MediaError."""
        self._parts.loop.wait(partial(self._find(call_id).set_muted, participant_id, muted), COMMAND_TIMEOUT_S)

    def set_language(self, call_id: CallId, participant_id: ParticipantId, language: Language) -> None:
        """State what a participant speaks. Raises CallError."""
        self._parts.loop.wait(partial(self._find(call_id).set_language, participant_id, language), COMMAND_TIMEOUT_S)

    def supervise(self, call_id: CallId, participant_id: ParticipantId, mode: SupervisionMode) -> None:
        """Let a supervisor take part in another way. Raises CallError, MediaError."""
        self._parts.loop.wait(partial(self._find(call_id).set_mode, participant_id, mode), COMMAND_TIMEOUT_S)

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        """End a participant's leg on purpose; returns at once. Raises CallNotFound."""
        self._parts.loop.post(partial(self._find(call_id).leave, participant_id))

    def leave_leg(self, grant: LegGrant) -> None:
        """End one leg on purpose; returns at once. Raises CallNotFound."""
        self._parts.loop.post(partial(self._find(grant.call_id).close_leg, grant.leg_id))

    def take_browser_report(self, grant: LegGrant, report: BrowserReport) -> float:
        """What a leg's browser measured; gives the call's clock. Raises CallNotFound, CallEnded, LegNotFound."""
        return self.browser_intake.take(self._find(grant.call_id), grant.leg_id, report)

    def painted(self, call_id: CallId, paints: Sequence[Paint]) -> None:
        """A page has painted something, as of now; returns at once. Raises CallNotFound, CallEnded."""
        session = self._find(call_id)
        self._parts.loop.post(partial(session.painted, paints, session.record.now_s()))

    # Records

    def turn_records(self, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
        """What is kept of the turns of these calls, in the same order. Raises StoreError."""
        return self._parts.store.turn_records(call_ids)

    def used_in(self, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
        """Of the turns of these calls only what they cost, in the same order. Raises StoreError."""
        return self._parts.store.used_in(call_ids)

    def correct(self, call_id: CallId, utterance_id: str, text: str, by: str) -> Utterance:
        """Let an utterance read differently. Raises CallNotFound, UtteranceNotFound, TextInvalid, StoreError."""
        return self._parts.loop.wait(lambda: self.archive.correct(call_id, utterance_id, text, by), COMMAND_TIMEOUT_S)

    def ask(self, picture: CallSnapshot, question: str) -> AnswerReport:
        """Answer a question about a call from its picture. Blocking. Raises QuestionInvalid, QuestionsBusy."""
        return self._parts.questions.ask(picture, question)

    def wrap_up(self, call_id: CallId) -> WrapUpReport:
        """A call's wrap-up. Raises CallNotFound, StoreError."""
        report = self._parts.wrap_ups.report(call_id)
        return replace(report, is_being_drafted=report.is_being_drafted or self.is_wrap_up_due(call_id))

    def is_wrap_up_due(self, call_id: CallId) -> bool:
        """Whether a draft is being written, or will be once the last words are there. Cheap."""
        try:
            is_over = self._parts.registry.find(call_id).is_over
        except CallNotFound:
            is_over = True
        return not is_over or self._parts.wrap_ups.is_drafting(call_id)

    def call_types(self, language: Language) -> Sequence[str]:
        """What a wrap-up's type is chosen from."""
        return self._parts.wrap_ups.call_types(language)

    def draft_wrap_up(self, call_id: CallId) -> None:
        """Have a wrap-up drafted; returns at once."""
        self._parts.wrap_ups.draft(call_id)

    def file_wrap_up(self, call_id: CallId, text: WrapUpText, by: str) -> WrapUp:
        """File a wrap-up. Raises CallNotFound, CallRunning, WrapUpFiled, StoreError."""
        file = partial(self._parts.wrap_ups.file, call_id, text, by, self._parts.durable)
        return self._parts.loop.wait(file, COMMAND_TIMEOUT_S)

    def delete_call(self, call_id: CallId) -> None:
        """Delete everything that is kept of an ended call. Raises CallNotFound, CallRunning, StoreError."""
        self._parts.loop.wait(lambda: self.archive.delete(call_id), COMMAND_TIMEOUT_S)

    def write_audit(
        self, action: AuditAction, person: Person, subject: str, client: str, detail: Mapping[str, str]
    ) -> None:
        """Write down who did what. On return it is on the disk or, while the store is unwell, waits in memory."""
        write = partial(self.audit.append, self._parts.entry(action, person, subject, client, detail))
        self._parts.loop.wait(lambda: self._parts.durable.write(write), COMMAND_TIMEOUT_S)

    def sign_in_with_password(self, name: str, password: str, client: str) -> str:
        """A session token for a local user; written down either way. Blocking. Raises SignInRefused."""
        try:
            person = self.sign_in.with_password(name, password)
        except SignInRefused:
            nobody = Person(id="", name=name[:LONGEST_NAME], role=UserRole.CUSTOMER, method=SignInMethod.PASSWORD)
            self.write_audit(AuditAction.SIGN_IN_REFUSED, nobody, "", client, {})
            raise
        self.write_audit(AuditAction.SIGNED_IN, person, "", client, {})
        return self.sign_in.session_token(person)

    # State

    def settings_report(self) -> tuple[SettingLine, ...]:
        """Every setting and where it came from, secrets masked."""
        return settings_report(self.settings, self._sources)

    def knowledge(self) -> KnowledgeReport:
        """The handbook in use, and its files."""
        return self._parts.local_handbook.report()

    @property
    def has_model(self) -> bool:
        """Whether a language model is set up."""
        return self._parts.model is not None

    def try_prompt(self, call_id: CallId, language: Language, text: str) -> PromptTrial:
        """Ask the model about an ended call with a text as its prompt, and keep nothing. Blocking, as long as it takes.

        Raises CallNotFound, ModelNotConfigured, NothingSaid, PromptInvalid, StoreError.
        """
        model = self._parts.model
        if model is None:
            raise ModelNotConfigured
        prompt = self.prompts.check(text, language)
        said = self.archive.snapshot(call_id).utterances
        turns = [Turn(each.role, each.text) for each in said if each.is_final and each.text]
        if not turns:
            raise NothingSaid(call_id=call_id)
        return try_prompt(model, prompt, turns, language, self.settings.openai_token_limit, self._parts.clock)

    def reload(self) -> KnowledgeReport:
        """Read the handbook's files again now; scripted demos are always read anew when they have changed."""
        return self._parts.local_handbook.reload()

    def change_handbook(self, change: KnowledgeChange) -> KnowledgeReport:
        """Change a file of the handbook, and use it. Blocking, some seconds. Raises GuidanceError."""
        self._parts.handbook_files.change(change)
        return self._parts.local_handbook.reload()

    def switched_off_rules(self) -> tuple[AlertPatternSlow, ...]:
        """Alert rules that are of no effect, because their patterns took too long."""
        return self._parts.alerting.switched_off

    def health(self) -> tuple[PartHealth, ...]:
        """Every part's state, for the health route and the pages."""
        return self._parts.health()

    def insight_names(self, language: Language, locale: str) -> dict[str, dict[str, str]]:
        """What a reader sees for the labels of `intents` and `risks` in calls in a language."""
        prompt = self._parts.prompts(language)
        named = {"intents": prompt.intents, "risks": prompt.risks}
        return {kind: {choice.label: choice.name(locale) for choice in choices} for kind, choices in named.items()}

    def loads(self) -> tuple[MediaLoad, ...]:
        """The media process's own figures of the last minute, one a second, oldest first."""
        return tuple(self._parts.loads)

    def figures(self) -> ServerFigures:
        """The server in figures without names, for a system that watches it. Any thread."""
        load = self._parts.loads[-1] if self._parts.loads else None
        running = self._parts.registry.running()
        dropped = self._dropped() | self.browser_intake.refused
        decoding = decoding_of(self._parts.transcriber)
        return server_figures(running, self.health(), dropped, load, decoding, self._parts.tally)

    @property
    def is_stopping(self) -> bool:
        """Whether the server takes no new calls any more. Any thread."""
        return self._parts.registry.is_stopping

    def drain(self) -> None:
        """Take no new calls, end the demos, and wait for the calls between people as long as the settings allow."""
        limit_s = self.settings.drain_s
        self._parts.loop.wait(
            lambda: drain(self._parts.registry, limit_s, self._parts.clock), limit_s + COMMAND_TIMEOUT_S
        )

    def close(self) -> None:
        """End every call and stop every thread and process; idempotent."""
        self._parts.close()


_current: Backend | None = None


def install(backend: Backend | None) -> None:
    """Make this the server's backend, for its pages and routes."""
    global _current
    _current = backend


def current() -> Backend:
    """The server's backend. Any thread.

    Raises:
        ServerStarting: it is not open yet, or closed again.
    """
    if _current is None:
        raise ServerStarting
    return _current
