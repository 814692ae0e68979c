"""Who did what, and when: one line of the audit log. It is only ever added to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.model.access import SignInMethod


class AuditAction(StrEnum):
    """What is written down."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    ACCESS_REFUSED = "access_refused"
    """Somebody asked for what the role does not allow; the detail names the right."""
    CALL_STARTED = "call_started"
    CALL_ENDED = "call_ended"
    DEMO_IMPAIRED = "demo_impaired"
    """A demo call was disturbed on purpose, or no longer; the detail says how."""
    PERSONA_STARTED = "persona_started"
    """A call with a persona was begun; the detail names the persona."""
    HOURS_OVERRIDDEN = "hours_overridden"
    """A persona was opened or closed for a while, or no longer; the detail says which and until when."""
    LINK_MADE = "link_made"
    JOINED = "joined"
    LISTENED = "listened"
    SUPERVISED = "supervised"
    """A supervisor chose another mode; the detail names it."""
    CORRECTED = "corrected"
    WRAP_UP_FILED = "wrap_up_filed"
    EXPORTED = "exported"
    IMPORTED = "imported"
    """A file from elsewhere was brought to be looked at; it is kept nowhere."""
    DELETED = "deleted"
    TOKEN_MADE = "token_made"
    SETTINGS_CHANGED = "settings_changed"
    """The server started with other settings than before; the detail names the keys, never a value."""
    RELOADED = "reloaded"
    """The handbook or the scenarios were read again because somebody asked."""
    HINTS_CHANGED = "hints_changed"
    """The vocabulary hints were edited; the detail counts them."""
    PROMPT_CHANGED = "prompt_changed"
    """The prompt for a language was edited; the detail names the language."""
    PROMPT_TRIED = "prompt_tried"
    """A prompt was tried on a call that is over: what was said in it went to the language model once more."""
    ALERT_RULES_CHANGED = "alert_rules_changed"
    """The alert rules were edited; the detail counts them."""
    HANDBOOK_CHANGED = "handbook_changed"
    """A file of the handbook was added, changed or removed; the detail says which, and names the entry."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line. It holds nothing that was said in a call, and no secret."""

    at: float
    """Seconds since the Unix epoch."""
    action: AuditAction
    person_id: str
    """`Person.id`; empty for a customer with a link, `system` for the server itself."""
    person_name: str
    method: SignInMethod
    role: str
    """The role that was acted in: of the account, or in the call."""
    subject: str = ""
    """What it was done to: a call's id, a user's name, a key."""
    client: str = ""
    """Network address that the request came from, where there was one."""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are wanted; newest first."""

    since: float | None = None
    until: float | None = None
    """Both in seconds since the Unix epoch; `until` itself is not included."""
    action: AuditAction | None = None
    person: str = ""
    """Part of the person's id or name."""
    subject: str = ""
    limit: int = 200
    offset: int = 0
