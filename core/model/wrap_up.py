"""The record of a call that stays when it is over: what it was about, what was done, what is still to be done."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.insight import SentimentLabel


class Resolution(StrEnum):
    """What became of the customer's issue."""

    RESOLVED = "resolved"
    FOLLOW_UP = "follow_up"
    """Something is still to be done."""
    UNRESOLVED = "unresolved"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WrapUpText:
    """What a wrap-up says; a field is empty, None or UNKNOWN where nothing tells."""

    call_type: str = ""
    """What kind of call it was, as one of the configured labels or in the agent's own word."""
    issue: str = ""
    steps: tuple[str, ...] = ()
    """What was done about it, in its order."""
    resolution: Resolution = Resolution.UNKNOWN
    outcome: str = ""
    """What came of it, one sentence."""
    sentiment: SentimentLabel | None = None
    """How the customer felt at the end."""
    follow_ups: tuple[str, ...] = ()
    """What is still to be done, and by whom."""


@dataclass(frozen=True, slots=True)
class WrapUpDraft:
    """The wrap-up as it was written from the conversation."""

    text: WrapUpText
    engine: str
    """`extractive`, or the vendor of the language model."""
    model: str
    at: float
    """Seconds since the Unix epoch."""
    took_s: float
    stands_in_for: str = ""
    """Why the extractive draft stands in for the model's: the error's code; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Filing:
    """The wrap-up as somebody filed it. It never changes again."""

    text: WrapUpText
    by: str
    """Name of the person."""
    at: float
    """Seconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """Both versions; filed ones may differ from their draft, and may have been written without one."""

    draft: WrapUpDraft | None
    filed: Filing | None
