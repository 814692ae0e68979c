"""Who sits at a desk, what that person may do and see, and what is written down of it."""

from dataclasses import replace

from core.backend import Backend
from core.calls.discretion import call_without_listeners
from core.model.access import RIGHTS, Person, Right
from core.model.audit import AuditAction
from core.model.call import PRESENT, Call, CallId, CallState, Role
from core.model.errors import AccessDenied, CallNotFound, SignInEnded
from core.model.health import PartHealth
from core.settings import Settings


class PersonDesk:
    """What all parts of a desk stand on."""

    def __init__(self, backend: Backend, person: Person, client: str = "") -> None:
        self._backend = backend
        self.person = person
        self._client = client

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._backend.settings

    @property
    def rights(self) -> frozenset[Right]:
        """All that this person may do."""
        return RIGHTS[self.person.role]

    def may(self, right: Right) -> bool:
        """Whether to offer something; every method asks again."""
        return self.person.may(right)

    def require(self, right: Right, subject: str = "") -> None:
        """Ask for a right, to what is done or shown. Raises AccessDenied, which is written down, and SignInEnded."""
        if not self._backend.sign_in.is_current(self.person):
            raise SignInEnded
        if not self.may(right):
            raise self._refused(right.value, subject)

    @property
    def xsrf_token(self) -> str:
        """What this person's pages send along with whatever they change through the API."""
        return self._backend.tokens.xsrf_token(self.person.session)

    def sign_out(self) -> None:
        """End this person's sign-in, for every copy of its token."""
        self._backend.sign_in.sign_out(self.person)
        self._write(AuditAction.SIGNED_OUT)

    def _may_see(self, call: Call) -> bool:
        if self.may(Right.SEE_ALL_CALLS):
            return True
        mine = call.created_by == self.person.id or any(p.person_id == self.person.id for p in call.participants)
        return mine or (call.state is not CallState.ENDED and call.persona is None and not _has_agent(call))

    @property
    def _is_kept_from_listeners(self) -> bool:
        return self.settings.private_monitoring and not self.may(Right.LISTEN)

    def _as_shown(self, call: Call) -> Call:
        return call_without_listeners(call) if self._is_kept_from_listeners else call

    def _seen(self, call_id: CallId) -> Call:
        """A call that this person may see, without what was said: cheaper than its picture. Raises CallNotFound."""
        self.require(Right.SEE_OWN_CALLS)
        call = self._backend.call(call_id)
        self._require_sight(call)
        return call

    def _require_sight(self, call: Call) -> None:
        if not self._may_see(call):
            # As if it did not exist: whether it does is nobody's business who may not see it.
            self._refused(Right.SEE_ALL_CALLS.value, call.id)
            raise CallNotFound(call_id=call.id)

    def _as_far_as_seen(self, parts: tuple[PartHealth, ...]) -> tuple[PartHealth, ...]:
        return parts if self.may(Right.SEE_SERVER) else tuple(replace(part, detail=()) for part in parts)

    def _refused(self, right: str, subject: str) -> AccessDenied:
        self._write(AuditAction.ACCESS_REFUSED, subject, right=right)
        return AccessDenied()

    def _write(self, action: AuditAction, subject: str = "", **detail: str) -> None:
        self._backend.write_audit(action, self.person, subject, self._client, detail)


def _has_agent(call: Call) -> bool:
    return any(p.role is Role.AGENT and p.leg_state in PRESENT for p in call.participants)
