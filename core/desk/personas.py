"""AI personas: chosen, talked to, opened and closed."""

from core.calls.archive import Export
from core.calls.hours_book import told_moment
from core.desk.calls import CallsDesk
from core.model.access import Right
from core.model.audit import AuditAction
from core.model.call import Call, CallId, PersonaId
from core.model.errors import PersonaFileInvalid
from core.model.persona import PersonaOffer, SessionEvent
from core.persona.event_log import as_json_lines


class PersonasDesk(CallsDesk):
    """Personas, and calls with them."""

    def persona_offers(self) -> tuple[PersonaOffer, ...]:
        """The personas that one can choose, as of now."""
        self.require(Right.TALK)
        return self._backend.personas.offers()

    def persona_problems(self) -> tuple[PersonaFileInvalid, ...]:
        """Files of personas that cannot be used."""
        self.require(Right.TALK)
        return self._backend.personas.problems()

    def start_persona(self, persona_id: PersonaId) -> Call:
        """Begin a call with a persona, as its customer.

        Raises PersonaNotFound, PersonaFileInvalid, PersonaClosed, CallLimitReached, ServerStopping, MediaError.
        """
        self.require(Right.TALK, persona_id)
        call = self._backend.personas.start(persona_id, self.person.id)
        self._write(AuditAction.PERSONA_STARTED, call.id, persona=persona_id, language=call.language)
        return call

    def type_to_persona(self, call_id: CallId, text: str, message_id: str = "") -> None:
        """Say something in writing to the persona in a call of one's own; the same `message_id` twice counts once.

        Raises CallNotFound, CallEnded, CallWithoutPersona, PersonaTextInvalid.
        """
        self._require_own_talk(call_id)
        self._backend.personas.type(call_id, text, message_id)

    def interrupt_persona(self, call_id: CallId) -> None:
        """Let the persona be quiet, in a call of one's own or as a supervisor.

        Raises CallNotFound, CallEnded, CallWithoutPersona.
        """
        if self.may(Right.STEP_IN):
            self._seen(call_id)
        else:
            self._require_own_talk(call_id)
        self._backend.personas.interrupt(call_id)

    def _require_own_talk(self, call_id: CallId) -> None:
        self.require(Right.TALK, call_id)
        call = self._seen(call_id)
        if call.created_by != self.person.id and all(p.person_id != self.person.id for p in call.participants):
            raise self._refused(Right.TALK.value, call_id)

    def persona_events(self, call_id: CallId) -> tuple[SessionEvent, ...]:
        """The last events of the persona's session in a call, oldest first. Raises CallNotFound."""
        self.require(Right.SEE_ALL_CALLS, call_id)
        self._seen(call_id)
        return self._backend.personas.events(call_id)

    def export_persona_events(self, call_id: CallId) -> Export:
        """The same as a file of JSON lines. Raises CallNotFound."""
        self.require(Right.EXPORT, call_id)
        lines = as_json_lines(self.persona_events(call_id))
        self._write(AuditAction.EXPORTED, call_id, format="events")
        return Export(f"earshot-{call_id}-events.jsonl", "application/x-ndjson", lines.encode())

    def override_hours(self, persona_id: PersonaId, is_open: bool, until: float) -> None:
        """Open or close a persona until then (seconds since the Unix epoch), whatever its hours say.

        Raises PersonaNotFound, PersonaFileInvalid, HoursOverrideInvalid.
        """
        self.require(Right.CHANGE_HOURS, persona_id)
        self._backend.personas.override(persona_id, is_open, until, self.person.name)
        change = "opened" if is_open else "closed"
        at = told_moment(until, self.settings.time_zone)
        self._write(AuditAction.HOURS_OVERRIDDEN, persona_id, change=change, until=at)

    def end_override(self, persona_id: PersonaId) -> None:
        """Let a persona's own hours be in force again."""
        self.require(Right.CHANGE_HOURS, persona_id)
        self._backend.personas.end_override(persona_id)
        self._write(AuditAction.HOURS_OVERRIDDEN, persona_id, change="as usual")
