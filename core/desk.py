"""What one person may do: the backend as somebody who is signed in sees it.

Pages and routes never hold the backend itself. A desk asks for the right first, then acts, and writes into the audit
log what was done; a refusal is written down, too. Desks are made anew at every run of a page and for every request,
and may be used on any thread. Their methods raise AccessDenied where the role does not allow it, SignInEnded where
the sign-in is over, and StoreError where the store is unwell.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.assist.alert_rules_file import AlertRulesReport
from core.assist.prompt_folder import PromptReport
from core.assist.prompt_trial import PromptTrial
from core.assist.scenarios import ScenarioList
from core.backend import Backend
from core.calls.archive import Export
from core.calls.costs import Prices
from core.calls.discretion import call_without_listeners, without_listeners
from core.calls.export import ExportFormat
from core.calls.leg_port import LegPort
from core.calls.questions import AnswerReport
from core.calls.wrap_ups import WrapUpReport
from core.guidance.background import KnowledgeReport
from core.media.events import MediaLoad
from core.model.access import RIGHTS, Person, Right
from core.model.archive import CallPage, CallQuery
from core.model.audit import AuditAction, AuditEntry, AuditQuery
from core.model.call import (
    PRESENT,
    Call,
    CallId,
    CallState,
    Language,
    Participant,
    ParticipantId,
    Role,
    SupervisionMode,
)
from core.model.cost import Cost
from core.model.errors import AccessDenied, AlertPatternSlow, CallNotFound, ParticipantNotFound, SignInEnded
from core.model.health import PartHealth
from core.model.overview import CallOverview
from core.model.snapshot import CallSnapshot
from core.model.turn_trace import Paint, TurnRecord
from core.model.utterance import Utterance
from core.model.wrap_up import WrapUp, WrapUpText
from core.settings import Settings
from core.settings.report import SettingLine
from core.speech.hints_file import HintsReport

SEATS = {Role.AGENT: Right.TALK, Role.SUPERVISOR: Right.LISTEN}
"""The right that each role in a call takes; nobody takes another role from a desk."""
MOST_TURN_CALLS = 200
"""Calls whose turns are looked at together."""


class Desk:
    """The backend for one person. `client` is the network address that the person is at, as far as it is known."""

    def __init__(self, backend: Backend, person: Person, client: str = "") -> None:
        self._backend = backend
        self.person = person
        self._client = client

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._backend.settings

    @property
    def rights(self) -> frozenset[Right]:
        """All that this person may do."""
        return RIGHTS[self.person.role]

    def may(self, right: Right) -> bool:
        """Whether to offer something; every method asks again."""
        return self.person.may(right)

    def require(self, right: Right, subject: str = "") -> None:
        """Ask for a right, to what is done or shown. Raises AccessDenied, which is written down, and SignInEnded."""
        if not self._backend.sign_in.is_current(self.person):
            raise SignInEnded
        if not self.may(right):
            raise self._refused(right.value, subject)

    @property
    def xsrf_token(self) -> str:
        """What this person's pages send along with whatever they change through the API."""
        return self._backend.tokens.xsrf_token(self.person.session)

    def sign_out(self) -> None:
        """End this person's sign-in, for every copy of its token."""
        self._backend.sign_in.sign_out(self.person)
        self._write(AuditAction.SIGNED_OUT)

    # Calls

    def start_call(self, language: Language) -> Call:
        """Begin a call between people. Raises CallLimitReached, ServerStopping."""
        self.require(Right.TALK)
        return self._started(self._backend.start_call(language, self.person.id))

    def start_demo(self) -> Call:
        """Begin a call between the two recorded voices. Raises MediaError, CallLimitReached, ServerStopping."""
        self.require(Right.DEMO)
        return self._started(self._backend.start_demo(self.person.id))

    def start_scenario(self, name: str) -> Call:
        """Begin a scripted, text-only call. Raises ScenarioNotFound, CallLimitReached, ServerStopping."""
        self.require(Right.DEMO)
        return self._started(self._backend.start_scenario(name, self.person.id))

    def _started(self, call: Call) -> Call:
        self._write(AuditAction.CALL_STARTED, call.id, origin=call.origin.value, language=call.language)
        return call

    def calls(self) -> tuple[Call, ...]:
        """The running calls that this person may see, newest first."""
        self.require(Right.SEE_OWN_CALLS)
        return tuple(self._as_shown(call) for call in self._backend.calls() if self._may_see(call))

    def overviews(self) -> tuple[CallOverview, ...]:
        """All running calls in one line each, worst first."""
        self._require_overviews()
        return self._backend.overviews()

    def overviews_token(self) -> str:
        """A token for the stream of all running calls."""
        self._require_overviews()
        return self._backend.tokens.overviews_token(self.person)

    def _require_overviews(self) -> None:
        self.require(Right.LISTEN)
        self.require(Right.SEE_ALL_CALLS)

    def search(self, query: CallQuery) -> CallPage:
        """A stretch of the calls that fit a query and that this person may see."""
        self.require(Right.SEE_OWN_CALLS)
        own_of = "" if self.may(Right.SEE_ALL_CALLS) else self.person.id
        page = self._backend.archive.search(replace(query, own_of=own_of))
        return replace(page, calls=tuple(replace(found, call=self._as_shown(found.call)) for found in page.calls))

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        """The latest picture of a call, running or ended. Raises CallNotFound."""
        self.require(Right.SEE_OWN_CALLS)
        picture = self._backend.snapshot(call_id)
        self._require_sight(picture.call)
        if self._is_kept_from_listeners:
            picture = without_listeners(picture)
        return replace(picture, parts=self._as_far_as_seen(picture.parts))

    def revision(self, call_id: CallId) -> int:
        """The revision of a call's picture, cheaply; 0 for a call that is in the store alone."""
        return self._backend.revision(call_id)

    def insight_names(self, language: Language, locale: str) -> dict[str, dict[str, str]]:
        """What a reader sees for the labels of `intents` and `risks` in calls in a language."""
        self.require(Right.SEE_OWN_CALLS)
        return self._backend.insight_names(language, locale)

    def end_call(self, call_id: CallId) -> None:
        """End a call for everybody in it; returns at once. Raises CallNotFound, CallEnded."""
        call = self.snapshot(call_id).call
        if call.created_by != self.person.id:
            self.require(Right.TALK)
        self._backend.end_call(call_id)
        self._write(AuditAction.CALL_ENDED, call_id)

    # Taking part

    def join(self, call_id: CallId, role: Role, name: str, participant_id: ParticipantId | None = None) -> Participant:
        """Take a seat, or one's former seat. Raises CallNotFound, CallEnded, ParticipantNotFound."""
        if role not in SEATS:
            raise self._refused(role.value, call_id)
        self.require(SEATS[role], call_id)
        self.snapshot(call_id)
        return self._backend.join(call_id, role, name, participant_id, self.person.id)

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> LegPort:
        """Open a leg for one's own seat; a supervisor's has a microphone only with the right to step in.

        Raises CallError, MediaError.
        """
        seat = self._own_seat(call_id, participant_id)
        self.require(SEATS[seat.role], call_id)
        may_be_heard = seat.role.speaks or self.may(Right.STEP_IN)
        leg = self._backend.connect(call_id, participant_id, listen_only or not may_be_heard)
        self._write(
            AuditAction.JOINED if seat.role.speaks else AuditAction.LISTENED,
            call_id,
            role=seat.role.value,
            name=seat.name,
        )
        return leg

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        """Silence oneself on the server, or end that. Raises CallError, MediaError."""
        self._own_seat(call_id, participant_id)
        self._backend.set_muted(call_id, participant_id, muted)

    def set_language(self, call_id: CallId, participant_id: ParticipantId, language: Language) -> None:
        """State what somebody in a call speaks, whoever it is: it is written down as that. Raises CallError."""
        self.require(Right.CORRECT, call_id)
        if all(participant.id != participant_id for participant in self.snapshot(call_id).call.participants):
            raise ParticipantNotFound(participant_id=participant_id)
        self._backend.set_language(call_id, participant_id, language)

    def supervise(self, call_id: CallId, participant_id: ParticipantId, mode: SupervisionMode) -> None:
        """Take part in another way, from one's own supervisor's seat. Raises CallError, MediaError."""
        seat = self._own_seat(call_id, participant_id)
        if seat.role is not Role.SUPERVISOR:
            raise ParticipantNotFound(participant_id=participant_id)
        self.require(Right.LISTEN if mode is SupervisionMode.MONITOR else Right.STEP_IN, call_id)
        self._backend.supervise(call_id, participant_id, mode)
        self._write(AuditAction.SUPERVISED, call_id, role=seat.role.value, name=seat.name, mode=mode.value)

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        """End one's own leg on purpose; returns at once. Raises CallNotFound, ParticipantNotFound."""
        self._own_seat(call_id, participant_id)
        self._backend.leave(call_id, participant_id)

    def _own_seat(self, call_id: CallId, participant_id: ParticipantId) -> Participant:
        for participant in self._backend.call(call_id).participants:
            if participant.id == participant_id and participant.person_id == self.person.id:
                return participant
        raise ParticipantNotFound(participant_id=participant_id)

    # Links and tokens

    def join_token(self, call_id: CallId) -> str:
        """A token for a customer's join link. Raises CallNotFound."""
        self.require(Right.TALK, call_id)
        self.snapshot(call_id)
        self._write(AuditAction.LINK_MADE, call_id)
        return self._backend.tokens.join_token(call_id, Role.CUSTOMER)

    def view_token(self, call_id: CallId) -> str:
        """A token for the stream of a call that this person may see. Raises CallNotFound."""
        self.require(Right.SEE_OWN_CALLS)
        return self._backend.tokens.view_token(call_id, self.person)

    def make_api_token(self, hours: float, name: str) -> str:
        """A token for a program that uses the API in this person's name."""
        self.require(Right.MAKE_TOKENS)
        self._write(AuditAction.TOKEN_MADE, name, hours=f"{hours:g}")
        return self._backend.tokens.api_token(self.person, hours, name)

    # Records

    def correct(self, call_id: CallId, utterance_id: str, text: str) -> Utterance:
        """Let an utterance read differently; the original is kept. Raises CallError, TextInvalid."""
        self.require(Right.CORRECT, call_id)
        self.snapshot(call_id)
        corrected = self._backend.correct(call_id, utterance_id, text, self.person.name)
        self._write(AuditAction.CORRECTED, call_id, utterance=utterance_id)
        return corrected

    def ask(self, call_id: CallId, question: str) -> AnswerReport:
        """Ask something about a call so far. Blocking, as long as the language model takes.

        Raises CallNotFound, QuestionInvalid, QuestionsBusy.
        """
        return self._backend.ask(self.snapshot(call_id), question)

    def wrap_up(self, call_id: CallId) -> WrapUpReport:
        """The record of a call that is over. Raises CallNotFound."""
        self.snapshot(call_id)
        return self._backend.wrap_up(call_id)

    def call_types(self, language: Language) -> Sequence[str]:
        """What the type of a call in a language is chosen from."""
        return self._backend.call_types(language)

    def draft_wrap_up(self, call_id: CallId) -> None:
        """Have a wrap-up drafted (again) from what was said; returns at once. Raises CallNotFound."""
        self.require(Right.WRAP_UP, call_id)
        self.snapshot(call_id)
        self._backend.draft_wrap_up(call_id)

    def file_wrap_up(self, call_id: CallId, text: WrapUpText) -> WrapUp:
        """File the record of a call for good; its draft is kept beside it.

        Raises CallNotFound, CallRunning, WrapUpFiled.
        """
        self.require(Right.WRAP_UP, call_id)
        self.snapshot(call_id)
        filed = self._backend.file_wrap_up(call_id, text, self.person.name)
        self._write(AuditAction.WRAP_UP_FILED, call_id)
        return filed

    def found_turns(self, query: CallQuery) -> tuple[tuple[Call, TurnRecord], ...]:
        """The newest of the calls that fit a query and that this person may see, each with its turns."""
        page = self.search(replace(query, limit=MOST_TURN_CALLS, offset=0))
        calls = tuple(found.call for found in page.calls)
        return tuple(zip(calls, self._backend.turn_records([call.id for call in calls]), strict=True))

    def turns(self, call_id: CallId) -> TurnRecord:
        """What is kept of the turns of a call, a running one up to a second ago. Raises CallNotFound."""
        self.require(Right.SEE_OWN_CALLS)
        self._require_sight(self._backend.call(call_id))
        (record,) = self._backend.turn_records([call_id])
        return record

    def costs(self, calls: Iterable[Call]) -> Mapping[CallId, Cost]:
        """What each of these calls cost, as far as this person may see them."""
        self.require(Right.SEE_OWN_CALLS)
        records = self._backend.used_in([call.id for call in calls if self._may_see(call)])
        return {record.call_id: self.prices.cost_of(record) for record in records}

    @property
    def prices(self) -> Prices:
        """The table of prices in force."""
        return self._backend.prices

    def painted(self, call_id: CallId, paints: Sequence[Paint]) -> None:
        """This person's page has painted something, just now. Raises CallNotFound, CallEnded."""
        self.require(Right.SEE_OWN_CALLS)
        self._require_sight(self._backend.call(call_id))
        self._backend.painted(call_id, paints)

    def export(self, call_id: CallId, kind: ExportFormat) -> Export:
        """A call as a file. Raises CallNotFound."""
        self.require(Right.EXPORT, call_id)
        self.snapshot(call_id)
        export = self._backend.archive.export(call_id, kind, is_discreet=self._is_kept_from_listeners)
        self._write(AuditAction.EXPORTED, call_id, format=kind.value)
        return export

    def delete_call(self, call_id: CallId) -> None:
        """Delete everything that is kept of a call that has ended. Raises CallNotFound, CallRunning."""
        self.require(Right.DELETE, call_id)
        self._backend.delete_call(call_id)
        self._write(AuditAction.DELETED, call_id)

    # The server

    def health(self) -> tuple[PartHealth, ...]:
        """Every part's state; in full only for those who may see the server."""
        return self._as_far_as_seen(self._backend.health())

    def _as_far_as_seen(self, parts: tuple[PartHealth, ...]) -> tuple[PartHealth, ...]:
        return parts if self.may(Right.SEE_SERVER) else tuple(replace(part, detail=()) for part in parts)

    def loads(self) -> tuple[MediaLoad, ...]:
        """The media process's own figures of the last minute, one a second, oldest first."""
        self.require(Right.SEE_SERVER)
        return self._backend.loads()

    def settings_report(self) -> tuple[SettingLine, ...]:
        """Every setting, its value (secrets masked) and where it came from."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.settings_report()

    def knowledge(self) -> KnowledgeReport:
        """The handbook's files, and what is wrong with them."""
        self.require(Right.SEE_SETTINGS)
        return self._backend.knowledge()

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
        self.snapshot(call_id)
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

    # Rights

    def _may_see(self, call: Call) -> bool:
        if self.may(Right.SEE_ALL_CALLS):
            return True
        mine = call.created_by == self.person.id or any(p.person_id == self.person.id for p in call.participants)
        return mine or (call.state is not CallState.ENDED and not _has_agent(call))

    @property
    def _is_kept_from_listeners(self) -> bool:
        return self.settings.private_monitoring and not self.may(Right.LISTEN)

    def _as_shown(self, call: Call) -> Call:
        return call_without_listeners(call) if self._is_kept_from_listeners else call

    def _require_sight(self, call: Call) -> None:
        if not self._may_see(call):
            # As if it did not exist: whether it does is nobody's business who may not see it.
            self._refused(Right.SEE_ALL_CALLS.value, call.id)
            raise CallNotFound(call_id=call.id)

    def _refused(self, right: str, subject: str) -> AccessDenied:
        self._write(AuditAction.ACCESS_REFUSED, subject, right=right)
        return AccessDenied()

    def _write(self, action: AuditAction, subject: str = "", **detail: str) -> None:
        self._backend.write_audit(action, self.person, subject, self._client, detail)


def _has_agent(call: Call) -> bool:
    return any(p.role is Role.AGENT and p.leg_state in PRESENT for p in call.participants)
