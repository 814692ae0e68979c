"""What a customer with a join link may do: the backend as somebody without an account sees it."""

from core.access.tokens import ViewGrant
from core.backend import Backend
from core.calls.discretion import as_guest_sees, call_without_listeners
from core.calls.leg_port import LegPort
from core.model.access import Person, SignInMethod, UserRole
from core.model.audit import AuditAction
from core.model.call import Call, CallId, Language, Participant, ParticipantId, Role
from core.model.errors import CallNotFound, ParticipantNotFound
from core.model.health import PartHealth
from core.model.snapshot import CallSnapshot
from core.settings import Settings


class Guest:
    """The backend for whoever holds a link: one call, one role, one's own seat. Any thread."""

    def __init__(self, backend: Backend, token: str, client: str = "") -> None:
        """Raises LinkExpired and LinkInvalid."""
        grant = backend.tokens.read_join_token(token)
        self._backend = backend
        self._client = client
        self.call_id: CallId = grant.call_id
        self.role: Role = grant.role

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._backend.settings

    @property
    def is_server_stopping(self) -> bool:
        """Whether the server is about to be stopped, and this call with it."""
        return self._backend.is_stopping

    def call(self) -> Call:
        """The call that the link is for. Raises CallNotFound."""
        call = self._backend.call(self.call_id)
        return call_without_listeners(call) if self.settings.private_monitoring else call

    def join(self, call_id: CallId, role: Role, name: str, participant_id: ParticipantId | None = None) -> Participant:
        """Take a seat, or one's former seat. Raises CallNotFound, CallEnded, ParticipantNotFound."""
        self._require(call_id, role)
        return self._backend.join(call_id, role, name, participant_id)

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> LegPort:
        """Open a leg for one's own seat. Raises CallError, MediaError."""
        seat = self._own_seat(call_id, participant_id)
        leg = self._backend.connect(call_id, participant_id, listen_only or not seat.role.speaks)
        self._backend.write_audit(
            AuditAction.JOINED,
            Person(id="", name=seat.name, role=UserRole.CUSTOMER, method=SignInMethod.LINK),
            call_id,
            self._client,
            {"role": seat.role.value, "name": seat.name},
        )
        return leg

    def view_token(self, participant_id: ParticipantId) -> str:
        """A token for the stream of a call with a persona, from one's own seat. Raises CallNotFound,
        ParticipantNotFound."""
        seat = self._own_seat(self.call_id, participant_id)
        return self._backend.tokens.view_token(
            self.call_id, Person(id=seat.id, name=seat.name, role=UserRole.CUSTOMER, method=SignInMethod.LINK)
        )

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        """Silence oneself on the server, or end that. Raises CallError, MediaError."""
        self._own_seat(call_id, participant_id)
        self._backend.set_muted(call_id, participant_id, muted)

    def set_language(self, call_id: CallId, participant_id: ParticipantId, language: Language) -> None:
        """State what one speaks oneself. Raises CallError."""
        self._own_seat(call_id, participant_id)
        self._backend.set_language(call_id, participant_id, language)

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        """End one's own leg on purpose; returns at once. Raises CallNotFound, ParticipantNotFound."""
        self._own_seat(call_id, participant_id)
        self._backend.leave(call_id, participant_id)

    def type_to_persona(self, call_id: CallId, text: str, message_id: str = "") -> None:
        """Say something to the call's persona in writing; the same `message_id` twice counts once.

        Raises CallNotFound, CallEnded, CallWithoutPersona, PersonaTextInvalid.
        """
        self._require(call_id, Role.CUSTOMER)
        self._backend.personas.type(call_id, text, message_id)

    def interrupt_persona(self, call_id: CallId) -> None:
        """Let the call's persona be quiet. Raises CallNotFound, CallEnded, CallWithoutPersona."""
        self._require(call_id, Role.CUSTOMER)
        self._backend.personas.interrupt(call_id)

    def _own_seat(self, call_id: CallId, participant_id: ParticipantId) -> Participant:
        """Guests have no accounts: the seat's id, which only their own browser was told, is what shows it is theirs."""
        for participant in self._backend.call(call_id).participants:
            if participant.id == participant_id and not participant.person_id:
                self._require(call_id, participant.role)
                return participant
        raise ParticipantNotFound(participant_id=participant_id)

    def _require(self, call_id: CallId, role: Role) -> None:
        if (call_id, role) != (self.call_id, self.role):
            raise ParticipantNotFound(participant_id=role.value)


class GuestView:
    """A call with a persona as a guest watches it, from the seat that the token was made for. Any thread."""

    def __init__(self, backend: Backend, grant: ViewGrant) -> None:
        self._backend = backend
        self._grant = grant

    def snapshot(self) -> CallSnapshot:
        """The latest picture, as far as it is the guest's. Raises CallNotFound, also for a call without a persona."""
        picture = self._backend.snapshot(self._grant.call_id)
        if picture.call.persona is None:
            raise CallNotFound(call_id=self._grant.call_id)
        seat = ParticipantId(self._grant.person.id)
        return as_guest_sees(picture, seat, is_private=self._backend.settings.private_monitoring)

    def revision(self) -> int:
        """The revision of the picture, cheaply; 0 for a call that is in the store alone."""
        return self._backend.revision(self._grant.call_id)

    def parts(self) -> tuple[PartHealth, ...]:
        """None: how the server is, is not for guests."""
        return ()
