"""Statements about a call: what it is about, so far."""

from dataclasses import dataclass

from core.model.call import Role


@dataclass(frozen=True, slots=True)
class Turn:
    """One final utterance as the summarizer reads it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class SummaryText:
    """What a summarizer answers: each field one sentence, empty where the material has nothing to say."""

    summary: str
    customer_issue: str
    agent_action: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary as a call keeps it: rewritten as the call goes on, never appended to."""

    text: SummaryText
    engine: str
    """`extractive`, or the vendor of the language model."""
    model: str
    seen_utterance: str
    """Id of the last utterance that it has seen."""
    turns: int
    """How many turns it has seen."""
    at_s: float
    """When it was made, on the call's clock."""
    took_s: float
    """How long making it took."""
