"""Taking part in a call, from a seat of one's own."""

from core.calls.leg_port import LegPort
from core.desk.calls import CallsDesk
from core.model.access import Right
from core.model.audit import AuditAction
from core.model.call import CallId, Language, Participant, ParticipantId, Role, SupervisionMode
from core.model.errors import ParticipantNotFound

SEATS = {Role.AGENT: Right.TALK, Role.CUSTOMER: Right.TALK, Role.SUPERVISOR: Right.LISTEN}
"""The right that each role in a call takes; nobody takes another role from a desk. A customer's place is a persona's
listener's: in calls between people it is for those with a link."""


class SeatsDesk(CallsDesk):
    """Seats in running calls."""

    def join(self, call_id: CallId, role: Role, name: str, participant_id: ParticipantId | None = None) -> Participant:
        """Take a seat, or one's former seat. Raises CallNotFound, CallEnded, ParticipantNotFound."""
        if role not in SEATS:
            raise self._refused(role.value, call_id)
        self.require(SEATS[role], call_id)
        if self._seen(call_id).persona is None and role is Role.CUSTOMER:
            raise self._refused(role.value, call_id)
        return self._backend.join(call_id, role, name, participant_id, self.person.id)

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> LegPort:
        """Open a leg for one's own seat; a supervisor's has a microphone only with the right to step in.

        Raises CallError, MediaError.
        """
        seat = self._own_seat(call_id, participant_id)
        self.require(SEATS[seat.role], call_id)
        may_be_heard = seat.role.speaks or self.may(Right.STEP_IN)
        leg = self._backend.connect(call_id, participant_id, listen_only or not may_be_heard)
        self._write(
            AuditAction.JOINED if seat.role.speaks else AuditAction.LISTENED,
            call_id,
            role=seat.role.value,
            name=seat.name,
        )
        return leg

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        """Silence oneself on the server, or end that. Raises CallError, MediaError."""
        self._own_seat(call_id, participant_id)
        self._backend.set_muted(call_id, participant_id, muted)

    def set_language(self, call_id: CallId, participant_id: ParticipantId, language: Language) -> None:
        """State what somebody in a call speaks, whoever it is: it is written down as that. Raises CallError."""
        self.require(Right.CORRECT, call_id)
        if all(participant.id != participant_id for participant in self.snapshot(call_id).call.participants):
            raise ParticipantNotFound(participant_id=participant_id)
        self._backend.set_language(call_id, participant_id, language)

    def supervise(self, call_id: CallId, participant_id: ParticipantId, mode: SupervisionMode) -> None:
        """Take part in another way, from one's own supervisor's seat. Raises CallError, MediaError."""
        seat = self._own_seat(call_id, participant_id)
        if seat.role is not Role.SUPERVISOR:
            raise ParticipantNotFound(participant_id=participant_id)
        self.require(Right.LISTEN if mode is SupervisionMode.MONITOR else Right.STEP_IN, call_id)
        self._backend.supervise(call_id, participant_id, mode)
        self._write(AuditAction.SUPERVISED, call_id, role=seat.role.value, name=seat.name, mode=mode.value)

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        """End one's own leg on purpose; returns at once. Raises CallNotFound, ParticipantNotFound."""
        self._own_seat(call_id, participant_id)
        self._backend.leave(call_id, participant_id)

    def _own_seat(self, call_id: CallId, participant_id: ParticipantId) -> Participant:
        for participant in self._backend.call(call_id).participants:
            if participant.id == participant_id and participant.person_id == self.person.id:
                return participant
        raise ParticipantNotFound(participant_id=participant_id)
