"""This browser's place in a call: which participant it is, and how it takes its seat again after a reload.

The session's state and the browser's memory hold the participant's id; the call itself lives in the backend.
"""

from dataclasses import dataclass

from core.calls.leg_port import LegPort
from core.desk import Desk
from core.guest import Guest
from core.media.ice import BROWSER, IceConfiguration
from core.model.access import Right
from core.model.call import Call, CallId, CallState, Language, Participant, ParticipantId, Role
from core.model.clock import SystemClock
from core.model.errors import ParticipantNotFound
from core.ui.browser_memory import BrowserMemory

NAME = "name"
"""Key of the reader's own name in the browser's memory."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One browser, one call, one role. Made anew at every run of a page. Script thread."""

    desk: Desk | Guest
    call_id: CallId
    role: Role
    memory: BrowserMemory

    @property
    def participant_id(self) -> ParticipantId | None:
        """Who this browser was in the call, if it was anybody."""
        known = self.memory.recall(self._key)
        return ParticipantId(known) if known else None

    def participant(self, call: Call) -> Participant | None:
        """This browser's participant as the call knows it."""
        known = self.participant_id
        return next((p for p in call.participants if p.id == known), None)

    @property
    def ice(self) -> IceConfiguration:
        """The browser's STUN and TURN servers, with credentials made now."""
        return IceConfiguration.from_settings(self.desk.settings, SystemClock().wall(), BROWSER)

    @property
    def has_microphone(self) -> bool:
        """Whether sound may come from this browser at all; a supervisor's is heard in some modes only."""
        return self.role.speaks or (isinstance(self.desk, Desk) and self.desk.may(Right.STEP_IN))

    def connect(self, name: str, language: Language | None = None) -> LegPort:
        """Take the seat, the former one if there was one, and open a leg for it; None leaves the seat's language.

        Raises:
            CallError: the call has ended or never was.
            MediaError: the media process cannot open a leg.
        """
        participant = self._join(name)
        self.memory.remember(self._key, participant.id)
        if language is not None:
            self.desk.set_language(self.call_id, participant.id, language)
        if self.role.speaks:
            self.memory.remember(NAME, name)
        return self.desk.connect(self.call_id, participant.id, listen_only=not self.has_microphone)

    def _join(self, name: str) -> Participant:
        known = self.participant_id
        if known is not None:
            try:
                return self.desk.join(self.call_id, self.role, name, known)
            except ParticipantNotFound:
                self.memory.remember(self._key, None)
        return self.desk.join(self.call_id, self.role, name)

    def follow_mute(self, call: Call, muted: bool) -> None:
        """Tell the server whether the reader's microphone is muted, where it does not know yet.

        Raises:
            MediaError: the media process does not answer.
        """
        participant = self.participant(call)
        if participant is not None and participant.muted != muted and call.state is not CallState.ENDED:
            self.desk.set_muted(call.id, participant.id, muted)

    def leave(self) -> None:
        """Leave on purpose; the seat stays this browser's, should it come back. Raises CallNotFound, CallEnded."""
        known = self.participant_id
        if known is not None:
            self.desk.leave(self.call_id, known)

    @property
    def _key(self) -> str:
        return f"seat_{self.call_id}_{self.role.value}"
