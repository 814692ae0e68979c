"""An AI voice that takes part in a call: what it is, what its session tells, and what plays its sound.

Times in seconds on the machine's monotonic clock unless they say otherwise, as those of `PcmChunk`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from core.model.audio import AudioFormat
from core.model.call import CallId, Language, PersonaId
from core.model.errors import EarshotError
from core.model.insight import NO_TOKENS, TokenUsage
from core.model.opening_hours import HoursOverride, Opening, OpeningHours

PERSONA_FORMAT = AudioFormat(sample_rate=24_000, channels=1)
"""What a persona speaks in and is spoken to: the Realtime API's `audio/pcm`."""


@dataclass(frozen=True, slots=True)
class ToolDeclaration:
    """A function that a persona may call."""

    name: str
    description: str
    """When to call it and what it gives, for the model."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """JSON Schema of its arguments, an object."""


RunTool = Callable[[Mapping[str, object]], Awaitable[str]]
"""Runs a tool with its arguments; what it returns the model reads. May raise EarshotError."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A declared function and what runs it."""

    declaration: ToolDeclaration
    run: RunTool


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, first without and then with its outcome. Shown, never logged."""

    call_id: str
    name: str
    arguments: Mapping[str, object]
    called_s: float
    output: str | None = None
    """What the model was told; None while it runs."""
    error: EarshotError | None = None
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class Persona:
    """A character to talk with, as its file describes it."""

    id: PersonaId
    name: str
    language: Language
    instructions: str
    voice: str
    model: str
    greeting: str = ""
    """What it says first, word for word; empty where it waits to be spoken to."""
    farewell: str = ""
    """What it says when its hours end, word for word."""
    description: str = ""
    """A sentence for whoever chooses."""
    tools: tuple[str, ...] = ()
    """Names of the tools that it may call."""
    opening_hours: OpeningHours | None = None
    """None for those of the settings."""
    autostart: bool = False
    """Whether its session opens by itself at opening time."""
    barge_in: bool = False
    """Whether the microphone stays open while it speaks, and speaking interrupts it."""
    retires_on: date | None = None
    """When its model is shut down, where that has been announced."""


class PersonaState(StrEnum):
    """What a persona's session is doing."""

    CONNECTING = "connecting"
    LISTENING = "listening"
    """The microphone is open."""
    THINKING = "thinking"
    """Somebody has finished speaking and nothing of the answer is to be heard yet."""
    SPEAKING = "speaking"
    """Its sound is playing at the listener."""
    RECONNECTING = "reconnecting"
    CLOSED = "closed"
    """Outside its opening hours."""
    ENDED = "ended"

    @property
    def is_over(self) -> bool:
        """Whether the session has come to its end, for whatever reason."""
        return self in (PersonaState.CLOSED, PersonaState.ENDED)


@dataclass(frozen=True, slots=True)
class PersonaStatus:
    """A session's state and what there is to say about it."""

    state: PersonaState
    since_s: float
    attempt: int = 0
    """Which attempt to reconnect is under way; 0 where none is."""
    attempts: int = 0
    """How many there may be."""
    problem: EarshotError | None = None
    """Why it reconnects, answers late, or ended; None where nothing is wrong."""


class PersonaSide(StrEnum):
    """Who said something."""

    LISTENER = "listener"
    """The person who talks with the persona."""
    PERSONA = "persona"


@dataclass(frozen=True, slots=True)
class PersonaUtterance:
    """What one side said, interim until final. A final without text withdraws its interims."""

    item_id: str
    """The conversation item's; interim and final versions share it."""
    side: PersonaSide
    text: str
    is_final: bool
    start_s: float
    end_s: float
    model: str
    is_typed: bool = False
    """It was written instead of said."""
    is_cut: bool = False
    """The persona was interrupted; `text` is about what was heard of it."""


class EventDirection(StrEnum):
    """Which way an event of a session went."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One event of the provider's protocol, without its sound."""

    number: int
    """From 1, over all connections of a session."""
    connection: int
    """Which connection it went over, from 1."""
    at: float
    """Seconds since the Unix epoch."""
    direction: EventDirection
    type: str
    body: Mapping[str, object]
    """Sound is replaced by how much of it there was."""
    times: int = 1
    """How many like it in a row it stands for (audio only)."""


@dataclass(frozen=True, slots=True)
class PersonaCounts:
    """What a session has done so far."""

    connections: int = 0
    reconnections: int = 0
    hand_overs: int = 0
    """New sessions that took over before the limit."""
    renewals: int = 0
    """New sessions that took over from one gone deaf or mute."""
    unknown_events: int = 0
    malformed_events: int = 0
    refused_events: int = 0
    """What we sent and the server would not have."""
    dropped_audio_s: float = 0.0
    """Sound of the listener that found no room."""
    dropped_items: int = 0
    """Turns that a new session was not told, being too old."""
    answers_usage: TokenUsage = NO_TOKENS
    """What all answers took, as far as the provider told."""
    transcripts_usage: TokenUsage = NO_TOKENS
    """What writing the listener down took."""
    uncounted_transcripts: int = 0
    """Those for which the provider told another measure than tokens."""


@dataclass(frozen=True, slots=True)
class PersonaActivity:
    """What a call's persona is doing, as whoever looks on sees it. Times in seconds on the call's clock."""

    status: PersonaStatus
    tool_calls: tuple[ToolCall, ...] = ()
    """The last ones, oldest first."""
    counts: PersonaCounts = PersonaCounts()
    held_by: str = ""
    """The supervisor who speaks to everybody, while whom the persona neither listens nor speaks; empty for none."""


@dataclass(frozen=True, slots=True)
class PersonaOffer:
    """A persona as whoever chooses one sees it."""

    persona: Persona
    opening: Opening
    """Its hours as of now; a rehearsal is always open."""
    is_rehearsal: bool
    """Whether it would speak from a script on this machine, because no key is set."""
    problem: EarshotError | None = None
    """Why nobody can talk with it, whatever the hours: its model was shut down, say."""
    ready_call_id: CallId | None = None
    """The call in which it waits for somebody, where it started by itself."""
    hours: OpeningHours = field(default_factory=OpeningHours)
    """Its hours of the week: its own, or those of the settings."""
    override: HoursOverride | None = None
    """What a supervisor said, while it is in force; without effect on a rehearsal."""


@dataclass(frozen=True, slots=True)
class HeardItem:
    """How much of one item's sound has been heard at the listener."""

    item_id: str
    heard_s: float
    """Seconds from the item's beginning."""
    given_s: float
    """Seconds that were put."""


class Playout(Protocol):
    """Whoever plays a persona's sound to the listener. Called on the session's loop; never blocks."""

    def put(self, item_id: str, pcm: bytes) -> None:
        """Play sound in `PERSONA_FORMAT` after what was put before; bounded, what finds no room is counted."""

    def clear(self) -> None:
        """Play nothing of what was put and not yet sent; what is on its way is heard all the same."""

    def heard(self) -> tuple[HeardItem, ...]:
        """The last items that were put, oldest first, with what was heard of each: sent, and past the path's delay."""

    @property
    def is_playing(self) -> bool:
        """Whether any of the sound is being, or still to be, heard at the listener."""


class PersonaListener(Protocol):
    """Who is told what a session does. Called on the session's loop; must hand off and return at once."""

    def on_status(self, status: PersonaStatus) -> None:
        """The state changed, or what there is to say about it."""

    def on_utterance(self, utterance: PersonaUtterance) -> None:
        """Somebody said something; interims come as often as the provider sends them."""

    def on_tool_call(self, call: ToolCall) -> None:
        """A tool was called, or has answered."""
