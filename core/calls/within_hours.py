"""Where the sessions of personas are opened: at the provider, within their hours alone, or at the rehearsal's."""

from typing import Protocol

from core.calls.hours_book import HoursBook
from core.model.persona import Persona
from core.persona.connection import RealtimeConnection, RealtimeServer


class ClosableServer(RealtimeServer, Protocol):
    """A server whose connections were opened with what has to be closed in the end."""

    async def close(self) -> None:
        """Let go of everything; idempotent."""


class WithinHours:
    """Implements `core.persona.connection.RealtimeServer` for one persona: outside its hours nothing is sent.

    Whoever ends sessions at closing time may be late, or a session may reconnect just then: here is the last door.
    """

    def __init__(self, server: RealtimeServer, persona: Persona, book: HoursBook) -> None:
        self._server = server
        self._persona = persona
        self._book = book

    @property
    def server(self) -> str:
        """Host and port, as errors name them."""
        return self._server.server

    async def connect(self, model: str) -> RealtimeConnection:
        """Open a connection. Raises PersonaError, PersonaClosed outside the hours."""
        self._book.require_open(self._persona)
        return await self._server.connect(model)
