"""A persona in a call: its session, its voice leg, and what both give to the call. Lives on the calls loop."""

from collections.abc import Iterable

from core.model.call import Participant
from core.model.persona import PersonaActivity, PersonaState, PersonaStatus, SessionEvent


class PersonaParticipant:
    """One persona in one call. On the calls loop, unless a method says otherwise."""

    @property
    def activity(self) -> PersonaActivity:
        """What it is doing. Any thread."""
        return PersonaActivity(PersonaStatus(PersonaState.CONNECTING, 0.0))

    @property
    def is_ready(self) -> bool:
        """Whether its session is open and nobody has come to talk with it yet. Any thread."""
        return False

    def type(self, text: str) -> None:
        """Take what the customer wrote, whole; it is answered, during a hold and without a connection later."""

    def interrupt(self) -> None:
        """Let it be quiet."""

    def finish(self) -> None:
        """Say goodbye because the hours are over; the call then ends, unless a supervisor is speaking in it."""

    def stop(self) -> None:
        """End its session at once; the call goes on without it. Idempotent."""

    def events(self) -> tuple[SessionEvent, ...]:
        """The session's last events, without sound, and masked as words are. Any thread."""
        return ()

    def people_changed(self, participants: Iterable[Participant]) -> None:
        """Somebody came, left, or takes part in another way."""

    async def close(self) -> None:
        """End its session and wait for the connection to be closed. Idempotent."""
