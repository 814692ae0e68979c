"""What a persona's session adds to the history of its call. Lives on the calls loop."""

from collections.abc import Mapping

from core.calls.measuring import TellOf
from core.calls.record import CallRecord
from core.model.errors import (
    EarshotError,
    PersonaAccountRefused,
    PersonaGivenUp,
    PersonaKeyRefused,
    PersonaModelUnknown,
    PersonaQuotaUsedUp,
)
from core.model.persona import PersonaState, PersonaStatus

ENDED_NOTES: Mapping[type[EarshotError], str] = {
    PersonaQuotaUsedUp: "persona_ended_quota",
    PersonaKeyRefused: "persona_ended_key",
    PersonaAccountRefused: "persona_ended_account",
    PersonaModelUnknown: "persona_ended_model",
    PersonaGivenUp: "persona_ended_lost",
}
"""Codes of the notes that it ended for good, by why; of other reasons `persona_ended`."""


class PersonaNotes:
    """One persona's, by its name."""

    def __init__(self, name: str, record: CallRecord, note: TellOf) -> None:
        self._name = name
        self._record = record
        self._note = note
        self._away_since_s: float | None = None

    def status(self, status: PersonaStatus) -> None:
        """Its session has this status from now on."""
        now_s = self._record.now_s()
        if status.state is PersonaState.RECONNECTING:
            if self._away_since_s is None:
                self._away_since_s = now_s
            return
        since_s, self._away_since_s = self._away_since_s, None
        match status.state:
            case PersonaState.CLOSED:
                self._note("persona_closed", self._name)
            case PersonaState.ENDED if status.problem is not None:
                code = ENDED_NOTES.get(type(status.problem))
                if code is None:
                    self._note("persona_ended", self._name)
                else:
                    self._note(code, self._name)
            case _ if since_s is not None:
                self._note("persona_reconnecting", self._name, since_s, now_s)

    def held(self, is_held: bool) -> None:
        """A supervisor speaks in its place, or does not any more."""
        if is_held:
            self._note("persona_held", self._name)
        else:
            self._note("persona_released", self._name)
