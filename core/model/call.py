"""A call, the people in it and their media connections."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from core.model.media_path import MediaPath

CallId = NewType("CallId", str)
ParticipantId = NewType("ParticipantId", str)
LegId = NewType("LegId", str)
PersonaId = NewType("PersonaId", str)
"""Name of a persona's file without the suffix."""

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
        """Whether this role talks in calls; a supervisor does in some modes only (`SupervisionMode`)."""
        return self is not Role.SUPERVISOR


class SupervisionMode(StrEnum):
    """How a supervisor takes part in a call; it decides who hears the supervisor, who always hears everybody."""

    MONITOR = "monitor"
    """Heard by none."""
    COACH = "coach"
    """Heard by agents and personas only, and never written down."""
    BARGE_IN = "barge_in"
    """Heard by everybody."""
    TAKE_OVER = "take_over"
    """Heard by everybody, while nobody hears the agents."""

    @property
    def is_public(self) -> bool:
        """Whether everybody hears the supervisor, whose words then belong to the conversation."""
        return self in (SupervisionMode.BARGE_IN, SupervisionMode.TAKE_OVER)


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
    CLOSED_HOURS = "closed_hours"
    """The persona's opening hours ended; it had said goodbye."""
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
    SYNTHETIC = "synthetic"
    """It never was: demo data, to see the pages with something in them."""


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


PRESENT = frozenset({LegState.OPEN, LegState.CONNECTING, LegState.CONNECTED})
"""States in which a leg counts as being there."""


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
    """CLOSED, too, of a speaker whose leg stayed lost for longer than the grace period."""
    leg_path: MediaPath | None = None
    """The way that the leg's packets take while it is connected; not kept with the call's records."""
    muted: bool = False
    person_id: str = ""
    """Whose account it is (`Person.id`); empty for a guest with a link, and for recorded voices."""
    mode: SupervisionMode | None = None
    """How a supervisor takes part; None for other roles, and in calls that only the store knows."""
    language: Language | None = None
    """What the participant speaks; None for the call's own language."""


@dataclass(frozen=True, slots=True)
class CallPersona:
    """Which persona takes part in a call in place of an agent."""

    id: PersonaId
    name: str
    is_rehearsal: bool = False
    """Whether it speaks from a script on this machine, without a key."""


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
    persona: CallPersona | None = None
    """None for a call between people."""
