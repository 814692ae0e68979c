"""A backend for page tests: the facade's calls, on snapshots that the test puts there. No threads, no files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

from core.access.tokens import JoinGrant, ViewGrant
from core.assist.alert_rules_file import alert_rules_file
from core.assist.prompt_folder import PromptFolder
from core.assist.scenarios import ScenarioFolder, ScenarioList
from core.calls.archive import Export
from core.calls.costs import Prices
from core.calls.export import ExportFormat
from core.calls.measures import CallMeasures
from core.calls.overviews import text_alerts_worst_first, worst_cause, worst_first
from core.calls.questions import AnswerReport, Questions
from core.calls.wrap_ups import WrapUpReport
from core.guidance.background import BackgroundRetriever, KnowledgeReport
from core.guidance.handbook import Handbook
from core.guidance.knowledge import KnowledgeFile
from core.guidance.knowledge_folder import KnowledgeChange, KnowledgeFolder
from core.guidance.remote import RemoteRetriever
from core.model.access import Person, SignInMethod, UserRole
from core.model.archive import CallPage, CallQuery, FoundCall
from core.model.audit import AuditAction, AuditEntry, AuditQuery
from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallPersona,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    PersonaId,
    Role,
    SupervisionMode,
)
from core.model.clock import SystemClock
from core.model.errors import (
    AlertPatternSlow,
    CallEnded,
    CallNotFound,
    LinkInvalid,
    NotSignedIn,
    ParticipantNotFound,
    PersonaFileInvalid,
    SignInEnded,
    UtteranceNotFound,
)
from core.model.health import PartHealth, PartState
from core.model.impairment import CLEAN, Impairment
from core.model.opening_hours import HoursOverride, Opening
from core.model.overview import CallOverview
from core.model.persona import PersonaOffer, SessionEvent
from core.model.quality import CallQuality
from core.model.snapshot import CallSnapshot
from core.model.text_alert import AlertLevel, TextAlert
from core.model.turn_trace import Paint, TurnRecord
from core.model.utterance import Correction, Utterance
from core.model.wrap_up import Filing, WrapUp, WrapUpText
from core.quality.fleet import Fleet
from core.quality.frames import sample_frame
from core.quality.rollup_files import RollupFiles
from core.quality.stored_frames import StoredFrame
from core.settings import PROJECT_ROOT, Settings
from core.settings.loading import Source, Sources
from core.settings.report import SettingLine, settings_report
from core.speech.hints_file import HintsFile

STARTED = 1_790_000_000.0
NOWHERE = Path("no-such-folder")


def make_call(
    call_id: str = "c1",
    state: CallState = CallState.LIVE,
    origin: CallOrigin = CallOrigin.BROWSER,
    participants: tuple[Participant, ...] = (),
    language: str = "ko",
) -> Call:
    """A call of that state, 75 seconds long if it has ended."""
    return Call(
        id=CallId(call_id),
        language=language,
        state=state,
        origin=origin,
        created_at=STARTED,
        live_at=None if state is CallState.WAITING else STARTED + 5,
        ended_at=STARTED + 80 if state is CallState.ENDED else None,
        end_reason=EndReason.HUNG_UP if state is CallState.ENDED else None,
        participants=participants,
    )


def make_snapshot(call: Call, **parts: object) -> CallSnapshot:
    """An otherwise empty picture of a call."""
    empty: dict[str, object] = {
        "revision": 1,
        "now_s": 10.0,
        "utterances": (),
        "summaries": (),
        "guidance": None,
        "samples": (),
        "quality": CallQuality(),
        "legs": {},
        "notes": (),
        "parts": (),
        "dropped": {},
    }
    return CallSnapshot(call=call, **(empty | parts))


RULE_NAMES: Mapping[str, Mapping[str, str]] = {
    "cancel": {"ko": "해지 요구", "en": "Wants to cancel"},
    "refund": {"ko": "환불 요구", "en": "Asks for a refund"},
    "legal": {"ko": "신고·법적 조치 언급", "en": "Mentions a complaint or the law"},
    "silence": {"ko": "긴 침묵", "en": "Long silence"},
}


def text_alert(rule_id: str, level: AlertLevel, *utterance_ids: str, notify: bool = False) -> TextAlert:
    """An alert of one of these rules that goes on."""
    return TextAlert(
        f"{rule_id}-1",
        rule_id,
        RULE_NAMES[rule_id],
        "churn",
        level,
        12.0,
        utterance_ids,
        words=("해지",),
        notify=notify,
    )


@dataclass
class FakePort:
    """A leg that connects at once."""

    leg_id: LegId
    state: LegState | None = LegState.CONNECTED
    leave_token: str = "leave"

    def answer(self, offer_sdp: str, offer_type: str = "offer") -> str:
        return offer_sdp

    def add_candidate(self, candidate: Mapping[str, object]) -> None:
        pass

    def close(self) -> None:
        self.state = LegState.CLOSED


class FakeSignIn:
    """Whoever comes is this person, until nobody is."""

    def __init__(self) -> None:
        self.person: Person | None = Person("development", "Developer", UserRole.ADMIN, SignInMethod.DEVELOPMENT)
        self.methods = frozenset({SignInMethod.DEVELOPMENT})

    def local_admin(self, client: str, host: str, forwarded: bool) -> Person:
        if self.person is None:
            raise NotSignedIn
        return self.person

    def from_api_token(self, token: str) -> Person:
        raise SignInEnded

    def from_session(self, token: str) -> Person:
        raise SignInEnded

    def is_current(self, person: Person) -> bool:
        return person == self.person

    def sign_out(self, person: Person) -> None:
        self.person = None


@dataclass
class FakeTokens:
    """Links are `join-CALL`, streams `view-CALL`."""

    backend: "PageBackend"

    def join_token(self, call_id: CallId, role: Role) -> str:
        self.backend.links[f"join-{call_id}"] = JoinGrant(call_id=call_id, role=role)
        return f"join-{call_id}"

    def read_join_token(self, token: str) -> JoinGrant:
        if self.backend.link_error:
            raise self.backend.link_error
        if token not in self.backend.links:
            raise LinkInvalid
        return self.backend.links[token]

    def view_token(self, call_id: CallId, person: Person) -> str:
        return f"view-{call_id}"

    def overviews_token(self, person: Person) -> str:
        return "overviews"

    def doctor_token(self, person: Person) -> str:
        return "doctor"

    def read_overviews_token(self, token: str) -> Person:
        assert self.backend.sign_in.person is not None
        return self.backend.sign_in.person

    def read_view_token(self, token: str) -> ViewGrant:
        if not token.startswith("view-"):
            raise LinkInvalid
        assert self.backend.sign_in.person is not None
        return ViewGrant(CallId(token.removeprefix("view-")), self.backend.sign_in.person)

    def xsrf_token(self, session: str) -> str:
        return "xsrf"

    def check_xsrf(self, token: str, session: str) -> None:
        assert token == "xsrf"


@dataclass
class FakeArchive:
    """Finds among the snapshots."""

    backend: "PageBackend"

    def search(self, query: CallQuery) -> CallPage:
        self.backend.done.append(("search", query))
        found = []
        for snapshot in self.backend.snapshots.values():
            quotes = [u for u in snapshot.utterances if all(w in u.text for w in query.text.split())]
            if query.state not in (None, snapshot.call.state) or (query.text and not quotes):
                continue
            quote = quotes[0] if query.text else None
            summary = snapshot.summaries[-1].text.summary if snapshot.summaries else ""
            found.append(
                FoundCall(snapshot.call, summary, quote.text if quote else "", quote.start_s if quote else None)
            )
        return CallPage(tuple(found[query.offset :][: query.limit]), len(found))

    def export(self, call_id: CallId, kind: ExportFormat, locale: str = "en", *, is_discreet: bool = False) -> Export:
        return Export(f"earshot-{call_id}.{kind.value}", "text/plain", b"exported")


@dataclass
class FakeAudit:
    """The lines that were written, newest first."""

    backend: "PageBackend"

    def entries(self, query: AuditQuery) -> tuple[AuditEntry, ...]:
        wanted = [line for line in reversed(self.backend.lines) if query.action in (None, line.action)]
        return tuple(wanted[query.offset :][: query.limit])


@dataclass
class FakePersonas:
    """Has the methods of `core.calls.personas.Personas`; a test puts offers, problems, events and errors there."""

    backend: "PageBackend"
    offered: tuple[PersonaOffer, ...] = ()
    broken: tuple[PersonaFileInvalid, ...] = ()
    told: dict[str, tuple[SessionEvent, ...]] = field(default_factory=dict)
    error: Exception | None = None
    """What every command raises."""
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    """What was written, by call and the sender's id."""

    def offers(self) -> tuple[PersonaOffer, ...]:
        return self.offered

    def problems(self) -> tuple[PersonaFileInvalid, ...]:
        return self.broken

    def start(self, persona_id: PersonaId, by: str) -> Call:
        self._do("start_persona", persona_id)
        offer = next(each for each in self.offered if each.persona.id == persona_id)
        persona = CallPersona(persona_id, offer.persona.name, offer.is_rehearsal)
        call = make_call("persona", CallState.WAITING, language=offer.persona.language)
        return self.backend.put(make_snapshot(replace(call, persona=persona, created_by=by))).call

    def type(self, call_id: CallId, text: str, message_id: str = "") -> None:
        self._do("type", call_id, text)
        self.texts[(call_id, message_id)] = text

    def interrupt(self, call_id: CallId) -> None:
        self._do("interrupt", call_id)

    def events(self, call_id: CallId) -> tuple[SessionEvent, ...]:
        return self.told.get(call_id, ())

    def override(self, persona_id: PersonaId, is_open: bool, until: float, by: str) -> None:
        self._do("override", persona_id, is_open, until, by)
        self._change(persona_id, Opening(is_open, until, is_overridden=True), HoursOverride(is_open, until, by))

    def end_override(self, persona_id: PersonaId) -> None:
        self._do("end_override", persona_id)
        self._change(persona_id, Opening(is_open=False, changes_at=None), None)

    def _change(self, persona_id: PersonaId, opening: Opening, override: HoursOverride | None) -> None:
        self.offered = tuple(
            replace(each, opening=opening, override=override) if each.persona.id == persona_id else each
            for each in self.offered
        )

    def _do(self, *command: object) -> None:
        self.backend.done.append(command)
        if self.error is not None:
            raise self.error


@dataclass
class PageBackend:
    """Has the methods of `core.backend.Backend` that pages use. `done` records the commands it was given."""

    settings: Settings = field(default_factory=lambda: Settings(_env_file=None))
    fleet: Fleet = field(default_factory=lambda: Fleet(RollupFiles(NOWHERE), NOWHERE))
    """Over no calls, until a test puts another one there."""
    sources: Sources = field(
        default_factory=lambda: Sources(Path("own.env"), dict.fromkeys(Settings.model_fields, Source.DEFAULT))
    )
    folder: ScenarioFolder = field(default_factory=lambda: ScenarioFolder(PROJECT_ROOT / "demo" / "scenarios"))
    handbook: KnowledgeReport = field(
        default_factory=lambda: KnowledgeReport(
            Path("knowledge"),
            (KnowledgeFile("ko/billing.md", 6, ("ko",), ()),),
            STARTED,
            6,
            is_loading=False,
            problem=None,
        )
    )
    local_handbook: BackgroundRetriever | None = None
    """A real one, where a test puts it there."""
    handbook_files: KnowledgeFolder | None = None
    guidance: Handbook | None = None
    snapshots: dict[str, CallSnapshot] = field(default_factory=dict)
    links: dict[str, JoinGrant] = field(default_factory=dict)
    link_error: Exception | None = None
    demo_error: Exception | None = None
    mode_error: Exception | None = None
    impairment_error: Exception | None = None
    impaired: dict[ParticipantId, Impairment] = field(default_factory=dict)
    parts: tuple[PartHealth, ...] = tuple(
        PartHealth(name, PartState.UP, needed=name in ("media", "store"))
        for name in ("media", "speech", "assist", "guidance", "store")
    )
    is_stopping: bool = False
    turns: dict[str, TurnRecord] = field(default_factory=dict)
    prices: Prices = field(default_factory=lambda: Prices.load(Settings(_env_file=None).prices))
    done: list[tuple[object, ...]] = field(default_factory=list)
    lines: list[AuditEntry] = field(default_factory=list)
    watchers: list[Callable[[], None]] = field(default_factory=list)
    damaged: tuple[str, ...] = ()
    """Sample files that cannot be read."""

    def __post_init__(self) -> None:
        self.sign_in = FakeSignIn()
        self.tokens = FakeTokens(self)
        self.archive = FakeArchive(self)
        self.audit = FakeAudit(self)
        self.personas = FakePersonas(self)
        self.wrap_ups: dict[CallId, WrapUpReport] = {}
        self.hints = HintsFile(Path("no-such-folder/speech_hints.yaml"), SystemClock())
        self.prompts = PromptFolder(Path("no-such-folder"), SystemClock())
        self.questions = Questions(None, SystemClock(), lambda text, _: text, self.prompts)
        self.has_model = False
        self.alert_rules = alert_rules_file(Path("no-such-folder/alerts.yaml"), SystemClock())

    def put(self, snapshot: CallSnapshot) -> CallSnapshot:
        self.snapshots[snapshot.call.id] = snapshot
        for notify in tuple(self.watchers):
            notify()
        return snapshot

    def change(self, call_id: CallId, **parts: object) -> CallSnapshot:
        """Replace parts of a call's picture, and count the change."""
        before = self.snapshots[call_id]
        return self.put(replace(before, revision=before.revision + 1, **parts))

    def calls(self) -> tuple[Call, ...]:
        return tuple(s.call for s in self.snapshots.values() if s.call.state is not CallState.ENDED)

    def call(self, call_id: CallId) -> Call:
        return self.snapshot(call_id).call

    def write_audit(
        self, action: AuditAction, person: Person, subject: str, client: str, detail: Mapping[str, str]
    ) -> None:
        line = AuditEntry(STARTED, action, person.id, person.name, person.method, "", subject, client, detail)
        self.lines.append(line)

    def ask(self, picture: CallSnapshot, question: str) -> AnswerReport:
        self.done.append(("ask", picture.call.id, question))
        return self.questions.ask(picture, question)

    def wrap_up(self, call_id: CallId) -> WrapUpReport:
        self.snapshot(call_id)
        return self.wrap_ups.get(call_id, WrapUpReport(None, is_being_drafted=False))

    def is_wrap_up_due(self, call_id: CallId) -> bool:
        return self.wrap_up(call_id).is_being_drafted

    def call_types(self, language: str) -> tuple[str, ...]:
        return ("요금", "배송")

    def draft_wrap_up(self, call_id: CallId) -> None:
        self.done.append(("draft_wrap_up", call_id))

    def file_wrap_up(self, call_id: CallId, text: WrapUpText, by: str) -> WrapUp:
        self.done.append(("file_wrap_up", call_id, text))
        known = self.wrap_up(call_id).wrap_up
        filed = WrapUp(known.draft if known else None, Filing(text, by, STARTED + 95))
        self.wrap_ups[call_id] = WrapUpReport(filed, is_being_drafted=False)
        return filed

    def correct(self, call_id: CallId, utterance_id: str, text: str, by: str) -> Utterance:
        self.done.append(("correct", call_id, utterance_id, text))
        snapshot = self.snapshot(call_id)
        known = {u.id: u for u in snapshot.utterances}
        if utterance_id not in known:
            raise UtteranceNotFound(utterance_id=utterance_id)
        before = known[utterance_id]
        known[utterance_id] = replace(before, text=text, correction=Correction(before.text, by, STARTED + 90))
        self.change(call_id, utterances=tuple(known.values()))
        return known[utterance_id]

    def delete_call(self, call_id: CallId) -> None:
        self.done.append(("delete_call", call_id))
        del self.snapshots[call_id]

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        if call_id not in self.snapshots:
            raise CallNotFound(call_id=call_id)
        return replace(self.snapshots[call_id], parts=self.parts)

    def measures(self, call_id: CallId, window_s: tuple[float, float] | None = None) -> CallMeasures:
        picture = self.snapshot(call_id)
        begin_s, end_s = window_s or (-inf, inf)
        samples = [sample for sample in picture.samples if begin_s <= sample.at_s <= end_s]
        return CallMeasures(picture, StoredFrame(sample_frame(samples), self.damaged))

    def turn_records(self, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
        return tuple(self.turns.get(call_id, TurnRecord(call_id)) for call_id in call_ids)

    used_in = turn_records

    def painted(self, call_id: CallId, paints: Sequence[Paint]) -> None:
        if self.snapshot(call_id).call.state is CallState.ENDED:
            raise CallEnded(call_id=call_id)
        self.done.append(("painted", call_id, *((paint.step, paint.utterance_id) for paint in paints)))

    def start_call(self, language: str, by: str) -> Call:
        self.done.append(("start_call", language))
        return self.put(make_snapshot(make_call("new", CallState.WAITING, language=language))).call

    def start_demo(self, by: str) -> Call:
        self.done.append(("start_demo",))
        if self.demo_error:
            raise self.demo_error
        return self.put(make_snapshot(make_call("demo", origin=CallOrigin.DEMO, language="en"))).call

    def start_scenario(self, name: str, by: str) -> Call:
        self.done.append(("start_scenario", name))
        language = self.folder.find(name).language
        return self.put(make_snapshot(make_call("script", origin=CallOrigin.SCRIPT, language=language))).call

    def impair(self, call_id: CallId, participant_id: ParticipantId, impairment: Impairment) -> None:
        if self.impairment_error is not None:
            raise self.impairment_error
        self.impaired[participant_id] = impairment

    def impairments(self, call_id: CallId) -> Mapping[ParticipantId, Impairment]:
        return {each.id: self.impaired.get(each.id, CLEAN) for each in self.call(call_id).participants}

    def scenarios(self) -> ScenarioList:
        return self.folder.list()

    def settings_report(self) -> tuple[SettingLine, ...]:
        return settings_report(self.settings, self.sources)

    def knowledge(self) -> KnowledgeReport:
        return self.handbook

    def switched_off_rules(self) -> tuple[AlertPatternSlow, ...]:
        return ()

    def reload(self) -> KnowledgeReport:
        self.done.append(("reload",))
        return self.handbook

    def open_handbook(self, folder: Path, remote: RemoteRetriever | None = None) -> BackgroundRetriever:
        """Put a real handbook in place, which the test closes."""
        self.local_handbook = BackgroundRetriever(folder, SystemClock())
        self.handbook_files = KnowledgeFolder(folder)
        in_use = remote or self.local_handbook
        address = remote.address if remote else ""
        self.guidance = Handbook(self.local_handbook, self.handbook_files, in_use, address)
        return self.local_handbook

    def change_handbook(self, change: KnowledgeChange) -> KnowledgeReport:
        self.done.append(("change_handbook", change.path))
        assert self.handbook_files is not None
        assert self.local_handbook is not None
        self.handbook_files.change(change)
        return self.local_handbook.reload()

    def join(
        self,
        call_id: CallId,
        role: Role,
        name: str,
        participant_id: ParticipantId | None = None,
        person_id: str = "",
    ) -> Participant:
        snapshot = self.snapshot(call_id)
        if snapshot.call.state is CallState.ENDED:
            raise CallEnded(call_id=call_id)
        known = {p.id: p for p in snapshot.call.participants}
        if participant_id is not None and participant_id not in known:
            raise ParticipantNotFound(participant_id=participant_id)
        new_id = participant_id or ParticipantId(f"p{len(known) + 1}")
        mode = SupervisionMode.MONITOR if role is Role.SUPERVISOR else None
        person = Participant(
            new_id, name, role, STARTED, LegId(f"l-{new_id}"), LegState.CONNECTED, person_id=person_id, mode=mode
        )
        people = tuple((known | {new_id: person}).values())
        self.put(replace(snapshot, call=replace(snapshot.call, participants=people)))
        self.done.append(("join", call_id, role, name, participant_id))
        return person

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> FakePort:
        self.done.append(("connect", call_id, participant_id, listen_only))
        return FakePort(LegId(f"l-{participant_id}"))

    def overviews(self) -> tuple[CallOverview, ...]:
        found = [_overview(s) for s in self.snapshots.values() if s.call.state is not CallState.ENDED]
        return worst_first(found)

    def supervise(self, call_id: CallId, participant_id: ParticipantId, mode: SupervisionMode) -> None:
        self.done.append(("supervise", call_id, participant_id, mode))
        if self.mode_error:
            raise self.mode_error
        call = self.snapshot(call_id).call
        people = tuple(replace(p, mode=mode) if p.id == participant_id else p for p in call.participants)
        self.change(call_id, call=replace(call, participants=people))

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        self.done.append(("set_muted", call_id, participant_id, muted))

    def set_language(self, call_id: CallId, participant_id: ParticipantId, language: str) -> None:
        self.done.append(("set_language", call_id, participant_id, language))
        call = self.snapshot(call_id).call
        own = None if language == call.language else language
        people = tuple(replace(p, language=own) if p.id == participant_id else p for p in call.participants)
        self.change(call_id, call=replace(call, participants=people))

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        self.done.append(("leave", call_id, participant_id))

    def end_call(self, call_id: CallId) -> None:
        self.done.append(("end_call", call_id))

    def insight_names(self, language: str, locale: str) -> dict[str, dict[str, str]]:
        is_korean = locale == "ko"
        return {
            "intents": {"refund": "환불·보상" if is_korean else "Refund"},
            "risks": {"churn": "해지 우려" if is_korean else "May leave"},
        }

    def watch(self, call_id: CallId, notify: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(notify)
        return lambda: self.watchers.remove(notify)

    def revision(self, call_id: CallId) -> int:
        return self.snapshot(call_id).revision

    def health(self) -> tuple[PartHealth, ...]:
        return self.parts


def _overview(snapshot: CallSnapshot) -> CallOverview:
    scores, said = snapshot.quality.scores, snapshot.utterances
    return CallOverview(
        snapshot.call,
        min((score.mos for score in scores), default=None),
        tuple(alert for alert in snapshot.quality.alerts if alert.is_open),
        said[-1] if said else None,
        snapshot.revision,
        text_alerts_worst_first(snapshot.text_alerts),
        worst_cause(snapshot.quality.diagnoses),
        snapshot.persona.status.state if snapshot.persona is not None else None,
    )
