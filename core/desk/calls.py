"""The calls of a person: begun, found, seen, ended; and the tokens and links to them."""

from collections.abc import Mapping
from dataclasses import replace

from core.calls.discretion import without_listeners, without_persona_problem
from core.desk.person import PersonDesk
from core.model.access import Right
from core.model.archive import CallPage, CallQuery
from core.model.audit import AuditAction
from core.model.call import Call, CallId, Language, ParticipantId, Role
from core.model.errors import GuidanceUnavailable
from core.model.impairment import Impairment
from core.model.overview import CallOverview
from core.model.snapshot import CallSnapshot

UNAVAILABLE = GuidanceUnavailable()
"""The same one always, so that two pictures with it are equal."""


class CallsDesk(PersonDesk):
    """Calls, running and ended."""

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

    def impair(self, call_id: CallId, participant_id: ParticipantId, impairment: Impairment) -> None:
        """Disturb what a demo's recorded voice sends, or `CLEAN` to end that.

        Raises CallNotFound, CallNotImpairable, ParticipantNotFound, MediaError.
        """
        self.require(Right.DEMO, call_id)
        call = self._seen(call_id)
        self._backend.impair(call_id, participant_id, impairment)
        name = next((each.name for each in call.participants if each.id == participant_id), "")
        self._write(AuditAction.DEMO_IMPAIRED, call_id, name=name, change=", ".join(impairment.kinds) or "clean")

    def impairments(self, call_id: CallId) -> Mapping[ParticipantId, Impairment]:
        """What is done to the voices of a demo call now. Raises CallNotFound."""
        self.require(Right.DEMO, call_id)
        self._seen(call_id)
        return self._backend.impairments(call_id)

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
        if not self.may(Right.SEE_SERVER):
            picture = without_persona_problem(picture)
            if picture.guidance_problem is not None:
                picture = replace(picture, guidance_problem=UNAVAILABLE)
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
        call = self._seen(call_id)
        if call.created_by != self.person.id:
            self.require(Right.TALK)
        self._backend.end_call(call_id)
        self._write(AuditAction.CALL_ENDED, call_id)

    def join_token(self, call_id: CallId) -> str:
        """A token for a customer's join link. Raises CallNotFound."""
        self.require(Right.TALK, call_id)
        self._seen(call_id)
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
