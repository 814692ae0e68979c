"""What is asked of the calls that are kept, and what they answer."""

from dataclasses import dataclass

from core.model.call import Call, CallState, Language


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls are wanted. Every condition that is given has to hold; newest first."""

    since: float | None = None
    until: float | None = None
    """Both on the time of beginning, in seconds since the Unix epoch; `until` itself is not included."""
    participant: str = ""
    """Part of a participant's name, in upper or lower case."""
    language: Language = ""
    state: CallState | None = None
    is_running: bool = False
    """Only calls that have not ended."""
    with_persona: bool = False
    """Only calls in which an AI persona took part."""
    text: str = ""
    """What was said, as it reads now: each word of this has to occur in one and the same utterance."""
    own_of: str = ""
    """Only calls that this person (`Person.id`) began or took part in, and running ones that no agent is in."""
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call, and the first utterance in which the text that was looked for occurs."""

    call: Call
    summary: str = ""
    """The latest summary's one sentence."""
    quote: str = ""
    quote_at_s: float | None = None
    """Start of the quoted utterance on the call's clock."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """A stretch of an answer."""

    calls: tuple[FoundCall, ...]
    total: int
    """How many there are in all."""
