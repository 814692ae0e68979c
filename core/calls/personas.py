"""The personas of a server: which there are and when, and what is asked of those that talk."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.calls.durable import DurableWriter
from core.calls.hours_book import HoursBook
from core.calls.loop import RunOnCalls
from core.calls.persona_calls import PersonaCalls
from core.calls.persona_hours import PersonaHours
from core.calls.persona_participant import PersonaParticipant
from core.calls.session import CallSession
from core.calls.typed_once import TypedOnce
from core.calls.within_hours import ClosableServer
from core.model.call import Call, CallId, CallState, PersonaId, Role
from core.model.errors import CallEnded, CallWithoutPersona, PersonaFileInvalid, PersonaTextInvalid
from core.model.health import PartHealth
from core.model.message import Message
from core.model.opening_hours import HoursOverride, Opening
from core.model.persona import Persona, PersonaOffer, SessionEvent
from core.persona.persona_folder import PersonaFolder
from core.store.records import Store

COMMAND_TIMEOUT_S = 10.0
LONGEST_TEXT = 2_000
"""Characters that may be written to a persona at once."""


@dataclass(frozen=True, slots=True)
class PersonaParts:
    """What personas stand on; made by the composition root."""

    folder: PersonaFolder
    book: HoursBook
    calls: PersonaCalls
    hours: PersonaHours
    server: ClosableServer
    """Where all sessions are opened."""
    loop: RunOnCalls
    store: Store
    durable: DurableWriter
    find: Callable[[CallId], CallSession]
    """A call in memory. Raises CallEnded where the store alone knows it, CallNotFound, StoreError."""
    health: Callable[[], PartHealth | None] = lambda: None
    """Of the rehearsal's server; None where there is none, or none yet."""


class Personas:
    """One a server. Any thread but the calls loop, unless a method says otherwise; the methods block briefly."""

    def __init__(self, parts: PersonaParts) -> None:
        """On the calls loop: from now on the hours are looked at."""
        self._parts = parts
        self._typed = TypedOnce()
        self._looking = asyncio.create_task(parts.hours.run(), name="persona-hours")

    async def close(self) -> None:
        """Open and close nothing any more. On the calls loop, before the calls end; idempotent."""
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await self._parts.hours.close()

    async def close_server(self) -> None:
        """Let go of the personas' server. On the calls loop, after the calls have ended; idempotent."""
        await self._parts.server.close()

    @property
    def health(self) -> tuple[PartHealth, ...]:
        """Of the parts that are in use. Any thread."""
        return tuple(part for part in (self._parts.hours.health, self._parts.health()) if part is not None)

    def offers(self) -> tuple[PersonaOffer, ...]:
        """Those that one can choose, as of now."""
        return tuple(map(self._offer, self._parts.folder.list().personas))

    def _offer(self, persona: Persona) -> PersonaOffer:
        parts = self._parts
        is_rehearsal = parts.calls.is_rehearsal
        return PersonaOffer(
            persona=persona,
            opening=Opening(is_open=True, changes_at=None) if is_rehearsal else parts.book.opening(persona),
            is_rehearsal=is_rehearsal,
            ready_call_id=parts.calls.ready_call_id(persona.id),
            hours=parts.book.hours_of(persona),
            override=parts.book.override_of(persona.id),
        )

    def problems(self) -> tuple[PersonaFileInvalid, ...]:
        """Files of personas that cannot be used, by name alone."""
        return tuple(replace(each, path=Path(each.path).name) for each in self._parts.folder.list().problems)

    def start(self, persona_id: PersonaId, by: str) -> Call:
        """Begin a call with a persona, or give the one in which it waits to whoever comes (`by`: `Person.id`).

        Raises:
            PersonaNotFound: there is none of that id.
            PersonaFileInvalid: there is, but it cannot be used.
            PersonaClosed: it is outside its hours, and no rehearsal.
            CallLimitReached, ServerStopping, MediaError
        """
        persona = self._parts.folder.find(persona_id)
        return self._parts.loop.wait(lambda: self._parts.calls.start(persona, by), COMMAND_TIMEOUT_S).call

    def type(self, call_id: CallId, text: str, message_id: str = "") -> None:
        """Say something to a call's persona in writing. The same `message_id` twice in a call counts once.

        Raises:
            CallNotFound, CallEnded, CallWithoutPersona
            PersonaTextInvalid: it is empty, or longer than `LONGEST_TEXT`, or nobody is there to write or to read it.
        """
        text = text.strip()
        if not text:
            raise PersonaTextInvalid(reason=Message("it is empty"))
        if len(text) > LONGEST_TEXT:
            limit = {"limit": LONGEST_TEXT}
            raise PersonaTextInvalid(reason=Message("it is longer than {limit} characters", limit))
        session = self._parts.find(call_id)
        self._parts.loop.wait(partial(self._type, session, text, message_id), COMMAND_TIMEOUT_S)

    async def _type(self, session: CallSession, text: str, message_id: str) -> None:
        call_id = session.call.id
        if not self._typed.is_new(call_id, message_id):
            # Its answer was lost on the way: what is asked for has been done, even if the call is over by now.
            return
        persona = _speaking(session)
        if persona.activity.status.state.is_over:
            raise PersonaTextInvalid(reason=Message("its session is over"))
        if all(each.role is not Role.CUSTOMER for each in session.call.participants):
            raise PersonaTextInvalid(reason=Message("nobody has joined the call to talk with it"))
        persona.type(text)
        self._typed.take(call_id, message_id)
        self._typed.keep_only({call.session.call.id for call in self._parts.calls.running()})

    def interrupt(self, call_id: CallId) -> None:
        """Let a call's persona be quiet. Raises CallNotFound, CallEnded, CallWithoutPersona."""
        session = self._parts.find(call_id)
        self._parts.loop.wait(partial(self._interrupt, session), COMMAND_TIMEOUT_S)

    async def _interrupt(self, session: CallSession) -> None:
        _speaking(session).interrupt()

    def events(self, call_id: CallId) -> tuple[SessionEvent, ...]:
        """The last events of the session in a call, oldest first; none once the call is in the store alone.

        Raises CallNotFound.
        """
        try:
            persona = self._parts.find(call_id).persona
        except CallEnded:
            return ()
        return persona.events() if persona is not None else ()

    def override(self, persona_id: PersonaId, is_open: bool, until: float, by: str) -> None:
        """Open or close a persona until then (seconds since the Unix epoch), from now on; `by` is a name.

        On return it is on the disk or, while the store is unwell, waits in memory to be written.

        Raises PersonaNotFound, PersonaFileInvalid, HoursOverrideInvalid.
        """
        self._parts.folder.find(persona_id)
        override = self._parts.book.checked(is_open, until, by)
        write = partial(self._parts.store.hours_overrides.put, persona_id, override)
        self._parts.loop.wait(partial(self._change, persona_id, override, write), COMMAND_TIMEOUT_S)

    def end_override(self, persona_id: PersonaId) -> None:
        """Let a persona's own hours be in force again, from now on; idempotent. Written as by `override`."""
        write = partial(self._parts.store.hours_overrides.remove, persona_id)
        self._parts.loop.wait(partial(self._change, persona_id, None, write), COMMAND_TIMEOUT_S)

    async def _change(self, persona_id: PersonaId, override: HoursOverride | None, write: Callable[[], None]) -> None:
        self._parts.book.put(persona_id, override)
        await self._parts.durable.write(write)
        self._parts.hours.look_soon()


def _speaking(session: CallSession) -> PersonaParticipant:
    """The persona of a call that goes on. Raises CallEnded, CallWithoutPersona."""
    if session.call.state is CallState.ENDED:
        raise CallEnded(call_id=session.call.id)
    if session.persona is None:
        raise CallWithoutPersona(call_id=session.call.id)
    return session.persona
