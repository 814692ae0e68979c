"""Who somebody is, and what that allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class UserRole(StrEnum):
    """What an account is for. What it is in one call is `core.model.call.Role`."""

    CUSTOMER = "customer"
    """Joins calls by link; sees nothing else."""
    AGENT = "agent"
    """Talks to customers; sees the calls that are the agent's own, and those that wait for an agent."""
    SUPERVISOR = "supervisor"
    """Sees, hears, corrects and exports every call."""
    ANALYST = "analyst"
    """Reads and exports every call; hears none."""
    ADMIN = "admin"
    """May do everything."""


class Right(StrEnum):
    """What a page or a route asks for before it does something."""

    TALK = "talk"
    """Begin a call, take part in it, invite a customer, and end it."""
    DEMO = "demo"
    """Begin a demo call."""
    SEE_OWN_CALLS = "see_own_calls"
    SEE_ALL_CALLS = "see_all_calls"
    LISTEN = "listen"
    """Hear a running call without being heard."""
    STEP_IN = "step_in"
    """Be heard in a running call as its supervisor: coach the agent, barge in, take over."""
    CHANGE_HOURS = "change_hours"
    """Open or close a persona for a while, whatever its hours say."""
    CORRECT = "correct"
    """Change what an utterance reads; the original is kept."""
    WRAP_UP = "wrap_up"
    """File the record of a call that is over."""
    EXPORT = "export"
    DELETE = "delete"
    SEE_SERVER = "see_server"
    """Read the parts' health in full, and the server's load."""
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    """Change what the Settings page can change: the vocabulary hints, the alert rules."""
    RELOAD = "reload"
    """Have the handbook and the scenarios read again."""
    READ_HANDBOOK = "read_handbook"
    """Read the handbook, and see what a query finds in it."""
    CHANGE_HANDBOOK = "change_handbook"
    """Add, change and delete what the handbook says."""
    SEE_AUDIT = "see_audit"
    MAKE_TOKENS = "make_tokens"
    """Have a token made for a program that uses the API in one's name."""


RIGHTS: Mapping[UserRole, frozenset[Right]] = {
    UserRole.CUSTOMER: frozenset(),
    UserRole.AGENT: frozenset(
        {Right.TALK, Right.DEMO, Right.SEE_OWN_CALLS, Right.CORRECT, Right.WRAP_UP, Right.READ_HANDBOOK}
    ),
    UserRole.SUPERVISOR: frozenset(Right)
    - {Right.SEE_SETTINGS, Right.CHANGE_SETTINGS, Right.RELOAD, Right.SEE_AUDIT, Right.DELETE},
    UserRole.ANALYST: frozenset(
        {
            Right.DEMO,
            Right.SEE_OWN_CALLS,
            Right.SEE_ALL_CALLS,
            Right.EXPORT,
            Right.SEE_SERVER,
            Right.READ_HANDBOOK,
            Right.MAKE_TOKENS,
        }
    ),
    UserRole.ADMIN: frozenset(Right),
}
"""What each role allows."""

RANK: Mapping[UserRole, int] = {role: rank for rank, role in enumerate(UserRole)}
"""Of several roles that one person is given, the one of the highest rank counts."""


class SignInMethod(StrEnum):
    """How somebody was recognised."""

    DEVELOPMENT = "development"
    """Sits at this machine, and no accounts are set up."""
    PASSWORD = "password"
    OIDC = "oidc"
    TOKEN = "token"
    """A program with an API token."""
    LINK = "link"
    """A customer with a join link."""
    SYSTEM = "system"
    """The server itself, such as the daily sweep."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    id: str
    """Unique and lasting: `user:kim`, `oidc:ISSUER#SUBJECT`, `development`."""
    name: str
    """As others see it."""
    role: UserRole
    method: SignInMethod
    session: str = ""
    """The sign-in that this comes from; it ends when that does. Empty where there is nothing to sign out of."""

    def may(self, right: Right) -> bool:
        """Whether the person's role allows it."""
        return right in RIGHTS[self.role]
