"""Calls with personas, begun for somebody or before anybody comes. On the calls loop, but for what says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.calls.hours_book import HoursBook
from core.calls.session import CallSession
from core.calls.within_hours import WithinHours
from core.model.call import CallId, CallState, PersonaId
from core.model.persona import Persona, Tool
from core.persona.connection import RealtimeServer


class StartsPersonas(Protocol):
    """What is asked of the registry."""

    def running(self) -> tuple[CallSession, ...]:
        """The calls that have not ended. Any thread."""

    async def start_persona(
        self,
        persona: Persona,
        server: RealtimeServer,
        tools: Mapping[str, Tool],
        *,
        is_rehearsal: bool,
        created_by: str = "",
        autostarted: bool = False,
    ) -> CallSession:
        """Begin a call in which a persona waits for its customer."""


@dataclass(frozen=True, slots=True)
class PersonaCall:
    """A running call and who speaks in it."""

    session: CallSession
    persona: Persona
    """As its file was when the call began."""


class PersonaCalls:
    """One a server.

    Args:
        registry: Begins calls.
        server: Where sessions are opened.
        is_rehearsal: Whether that is the rehearsal's, which no hours bind.
        tools: All that there are, by name.
        book: The hours.
    """

    def __init__(
        self,
        registry: StartsPersonas,
        server: RealtimeServer,
        is_rehearsal: bool,
        tools: Mapping[str, Tool],
        book: HoursBook,
    ) -> None:
        self._registry = registry
        self._server = server
        self.is_rehearsal = is_rehearsal
        self._tools = tools
        self._book = book
        self._personas: dict[CallId, Persona] = {}
        self._ready: dict[PersonaId, CallId] = {}

    def running(self) -> tuple[PersonaCall, ...]:
        """The calls with personas that go on."""
        sessions = self._registry.running()
        known = {session.call.id for session in sessions}
        for call_id in self._personas.keys() - known:
            del self._personas[call_id]
        return tuple(
            PersonaCall(session, self._personas[session.call.id])
            for session in sessions
            if session.call.id in self._personas
        )

    def waiting(self, persona_id: PersonaId) -> PersonaCall | None:
        """The call in which a persona that began by itself waits for somebody, whatever its session does."""
        call_id = self._ready.get(persona_id)
        for call in self.running():
            if call.session.call.id == call_id:
                if not call.session.had_somebody:
                    return call
                break
        self._ready.pop(persona_id, None)
        return None

    def ready_call_id(self, persona_id: PersonaId) -> CallId | None:
        """The call in which a persona is ready for whoever comes. Any thread."""
        call_id = self._ready.get(persona_id)
        for session in self._registry.running():
            if session.call.id == call_id:
                is_ready = session.persona is not None and session.persona.is_ready
                return call_id if is_ready and not session.had_somebody else None
        return None

    async def start(self, persona: Persona, by: str) -> CallSession:
        """Give a ready persona's call to somebody (`Person.id`), or begin one.

        Raises PersonaClosed, CallLimitReached, ServerStopping, MediaError.
        """
        if not self.is_rehearsal:
            self._book.require_open(persona)
        waiting = self.waiting(persona.id)
        if waiting is not None and waiting.persona == persona and self.ready_call_id(persona.id) is not None:
            # Taken before anything is awaited: of two who come at once each gets a call of the own.
            del self._ready[persona.id]
            waiting.session.give_to(by)
            return waiting.session
        return await self._begin(persona, by, autostarted=False)

    async def make_ready(self, persona: Persona) -> CallSession:
        """Begin a call in which a persona waits for whoever comes. Raises as `start`."""
        self._book.require_open(persona)
        session = await self._begin(persona, "", autostarted=True)
        self._ready[persona.id] = session.call.id
        return session

    async def _begin(self, persona: Persona, by: str, autostarted: bool) -> CallSession:
        server = self._server if self.is_rehearsal else WithinHours(self._server, persona, self._book)
        session = await self._registry.start_persona(
            persona, server, self._tools, is_rehearsal=self.is_rehearsal, created_by=by, autostarted=autostarted
        )
        if session.call.state is not CallState.ENDED:
            self._personas[session.call.id] = persona
        return session
