"""A call, the people in it and their media connections."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

CallId = NewType("CallId", str)
ParticipantId = NewType("ParticipantId", str)
LegId = NewType("LegId", str)

Language = str
"""A BCP 47 primary language, `ko` and `en` first class; others pass through."""


class Role(StrEnum):
    """What a participant is in a call; it decides who hears whom."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    PERSONA = "persona"

    @property
    def speaks(self) -> bool:
        """Whether this role's words belong to the conversation."""
        return self is not Role.SUPERVISOR


class CallState(StrEnum):
    """A call's life: it waits for its people, is live, and ends once and for good."""

    WAITING = "waiting"
    LIVE = "live"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a call ended."""

    HUNG_UP = "hung_up"
    """Somebody pressed *End call*."""
    ABANDONED = "abandoned"
    """No person's leg existed for the grace period."""
    FINISHED = "finished"
    """A demo or script came to its end."""
    SHUTDOWN = "shutdown"
    """The server was stopped in an orderly way."""
    INTERRUPTED = "interrupted"
    """The server died; the next start closed the call with what it had."""


class CallOrigin(StrEnum):
    """Where a call's voices come from."""

    BROWSER = "browser"
    DEMO = "demo"
    """Two recorded voices over real media connections."""
    DEMO_DIRECT = "demo_direct"
    """Two recorded voices fed straight to the bridge, on a machine with no address but loopback."""
    SCRIPT = "script"
    """A scripted conversation, text only."""


class LegState(StrEnum):
    """A media connection's life."""

    OPEN = "open"
    """Known to the bridge, no offer yet."""
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    """The path broke; the participant may come back on another leg."""
    CLOSED = "closed"
    """Ended on purpose."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A person or persona in a call; a participant may lose a leg and come back on another."""

    id: ParticipantId
    name: str
    role: Role
    joined_at: float
    """Seconds since the Unix epoch."""
    leg_id: LegId | None = None
    """The current or last leg."""
    leg_state: LegState | None = None
    muted: bool = False
    person_id: str = ""
    """Whose account it is (`Person.id`); empty for a guest with a link, and for recorded voices."""


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation. Times are seconds since the Unix epoch; the call's clock starts at `created_at`."""

    id: CallId
    language: Language
    state: CallState
    origin: CallOrigin
    created_at: float
    live_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    participants: tuple[Participant, ...] = ()
    created_by: str = ""
    """Who began it (`Person.id`)."""
