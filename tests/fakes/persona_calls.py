"""Calls with personas whose sessions open one connection each and then do as they are told. No sound, no threads."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallPersona,
    CallState,
    EndReason,
    Participant,
    ParticipantId,
    Role,
)
from core.model.clock import Clock
from core.model.errors import EarshotError, PersonaError
from core.model.persona import Persona, PersonaActivity, PersonaState, PersonaStatus, Tool
from core.persona.connection import RealtimeServer

CONNECTING = PersonaActivity(PersonaStatus(PersonaState.CONNECTING, 0.0))


class CountingServer:
    """Implements `core.calls.within_hours.ClosableServer`; notes when somebody connects, and may refuse."""

    server = "counting.test"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.connected_at: list[float] = []
        self.refusal: PersonaError | None = None

    async def connect(self, model: str) -> None:
        self.connected_at.append(self._clock.wall())
        if self.refusal is not None:
            raise self.refusal

    async def close(self) -> None:
        pass


@dataclass
class FakeParticipant:
    """Has what is asked of `core.calls.persona_participant.PersonaParticipant`."""

    activity: PersonaActivity = field(default_factory=lambda: CONNECTING)
    is_ready: bool = False
    typed: list[str] = field(default_factory=list)
    interrupted: int = 0
    finished_at: float | None = None
    clock: Clock | None = None

    def type(self, text: str) -> None:
        self.typed.append(text)

    def interrupt(self) -> None:
        self.interrupted += 1

    def finish(self) -> None:
        if self.finished_at is None and self.clock is not None:
            self.finished_at = self.clock.wall()

    def give_up(self, problem: EarshotError) -> None:
        self.is_ready = False
        self.activity = PersonaActivity(PersonaStatus(PersonaState.ENDED, 0.0, problem=problem))


@dataclass
class FakeSession:
    """Has what is asked of `core.calls.session.CallSession`."""

    call: Call
    persona: FakeParticipant | None
    had_somebody: bool = False
    ended_at: float | None = None
    clock: Clock | None = None

    async def end(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        assert self.clock is not None
        if self.ended_at is None:
            self.ended_at = self.clock.wall()
            self.call = replace(self.call, state=CallState.ENDED, end_reason=reason)

    def give_to(self, person_id: str) -> None:
        self.call = replace(self.call, created_by=person_id)

    def come(self) -> None:
        """A customer joins."""
        self.had_somebody = True
        customer = Participant(ParticipantId("customer"), "Mina", Role.CUSTOMER, self.call.created_at)
        self.call = replace(self.call, participants=(*self.call.participants, customer))
        if self.persona is not None:
            self.persona.is_ready = False


class PersonaBooth:
    """Implements `core.calls.persona_calls.StartsPersonas`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sessions: list[FakeSession] = []
        self.error: EarshotError | None = None

    def running(self) -> tuple[FakeSession, ...]:
        return tuple(each for each in self.sessions if each.call.state is not CallState.ENDED)

    async def start_persona(
        self,
        persona: Persona,
        server: RealtimeServer,
        tools: Mapping[str, Tool],
        *,
        is_rehearsal: bool,
        created_by: str = "",
        autostarted: bool = False,
    ) -> FakeSession:
        if self.error is not None:
            raise self.error
        call = Call(
            CallId(f"call{len(self.sessions)}"),
            persona.language,
            CallState.WAITING,
            CallOrigin.BROWSER,
            self._clock.wall(),
            created_by=created_by,
            persona=CallPersona(persona.id, persona.name, is_rehearsal),
        )
        participant = FakeParticipant(clock=self._clock)
        session = FakeSession(call, participant, clock=self._clock)
        self.sessions.append(session)
        try:
            await server.connect(persona.model)
        except PersonaError as error:
            participant.give_up(error)
        else:
            participant.is_ready = True
        return session
