"""What a summarizer works on: phrases, the smallest pieces of a turn that say something by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence (English) or clause (Korean) with what its words give away."""

    text: str
    terms: tuple[str, ...]
    """Stems of its content words."""
    problem: float = 0.0
    """How much it sounds like something that went wrong, 0 to 1."""
    request: float = 0.0
    """How much it sounds like something that is wanted or asked."""
    commitment: float = 0.0
    """How much it sounds like something that was done or promised."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The phrases that were chosen, of the customer (trouble, wish) and of the agent."""

    trouble: Phrase | None
    wish: Phrase | None
    action: Phrase | None
    weights: dict[str, float] = field(default_factory=dict)
    """How often the whole conversation comes back to a term, 0 to 1."""


class Dialect(Protocol):
    """A language's rules: how to take a turn apart, and how to write the three fields."""

    def phrases(self, text: str) -> Sequence[Phrase]:
        """The phrases of one turn, without greetings, thanks, backchannels and formalities."""

    def summary(self, findings: Findings) -> str:
        """One short sentence about the whole call so far; empty without findings."""

    def customer_issue(self, findings: Findings) -> str:
        """What the customer has on the mind, one sentence."""

    def agent_action(self, findings: Findings) -> str:
        """What the agent does about it, one sentence."""
