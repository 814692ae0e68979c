"""The personas of a server: which there are and when, and what is asked of those that talk."""

from core.model.call import Call, CallId, PersonaId
from core.model.errors import CallWithoutPersona, PersonaFileInvalid
from core.model.persona import PersonaOffer, SessionEvent
from core.persona.persona_folder import PersonaFolder

LONGEST_TEXT = 2_000
"""Characters that may be written to a persona at once."""


class Personas:
    """One a server. Any thread but the calls loop; the methods block briefly."""

    def __init__(self, folder: PersonaFolder) -> None:
        self._folder = folder

    def offers(self) -> tuple[PersonaOffer, ...]:
        """Those that one can choose, as of now."""
        return ()

    def problems(self) -> tuple[PersonaFileInvalid, ...]:
        """Files of personas that cannot be used."""
        return self._folder.list().problems

    def start(self, persona_id: PersonaId, by: str) -> Call:
        """Begin a call with a persona, or give the one in which it waits to whoever comes (`by`: `Person.id`).

        Raises:
            PersonaNotFound: there is none of that id.
            PersonaFileInvalid: there is, but it cannot be used.
            PersonaClosed: it is outside its hours, and no rehearsal.
            CallLimitReached, ServerStopping, MediaError
        """
        raise NotImplementedError

    def type(self, call_id: CallId, text: str, message_id: str = "") -> None:
        """Say something to a call's persona in writing. The same `message_id` twice in a call counts once.

        Raises:
            CallNotFound, CallEnded, CallWithoutPersona
            PersonaTextInvalid: it is empty, or longer than `LONGEST_TEXT`.
        """
        raise CallWithoutPersona(call_id=call_id)

    def interrupt(self, call_id: CallId) -> None:
        """Let a call's persona be quiet. Raises CallNotFound, CallEnded, CallWithoutPersona."""
        raise CallWithoutPersona(call_id=call_id)

    def events(self, call_id: CallId) -> tuple[SessionEvent, ...]:
        """The last events of the session in a call, oldest first; none once the call is in the store alone."""
        return ()

    def override(self, persona_id: PersonaId, is_open: bool, until: float, by: str) -> None:
        """Open or close a persona until then (seconds since the Unix epoch); `by` is a name.

        Raises PersonaNotFound, PersonaFileInvalid, HoursOverrideInvalid, StoreError.
        """
        raise NotImplementedError

    def end_override(self, persona_id: PersonaId) -> None:
        """Let a persona's own hours be in force again. Raises StoreError."""
        raise NotImplementedError
