"""Pieces of the handbook, and the one contract by which they are asked for."""

from dataclasses import dataclass

from core.model.errors import GuidanceRequestInvalid

MOST_DOCUMENTS = 50
"""As many passages may be asked for at once."""


@dataclass(frozen=True, slots=True)
class GuidanceRequest:
    """The retrieval contract's request: `{summary, include_documents, max_documents}`.

    Raises GuidanceRequestInvalid where `max_documents` is not a number from 1 to `MOST_DOCUMENTS`.
    """

    summary: str
    include_documents: bool = True
    max_documents: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.max_documents <= MOST_DOCUMENTS:
            reason = f"is {self.max_documents}, not a number from 1 to {MOST_DOCUMENTS}"
            raise GuidanceRequestInvalid(field="max_documents", reason=reason)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the handbook with its score."""

    title: str
    snippet: str
    score: float
    """Higher is better; comparable within one answer only."""
    source: str
    """The file, and where in it: `plans.md#refunds`."""


@dataclass(frozen=True, slots=True)
class GuidanceAnswer:
    """The retrieval contract's answer: a short text and the passages it rests on."""

    guidance: str
    documents: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Guidance:
    """An answer as a call keeps it."""

    query: str
    answer: GuidanceAnswer
    at_s: float
    """When it arrived, on the call's clock."""
    took_s: float
    asked_s: float | None = None
    """When it was asked for, on the call's clock; None in records of old."""
    seen_utterance: str = ""
    """That of the summary that it was asked about; empty in records of old."""
