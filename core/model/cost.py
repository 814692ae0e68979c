"""What a call cost: speech by the minute, language models by the token."""

from dataclasses import dataclass
from enum import StrEnum


class CostKind(StrEnum):
    """What is paid for."""

    SPEECH = "speech"
    """Sound that was turned into text, in seconds."""
    MODEL = "model"
    """Tokens of a language model."""


@dataclass(frozen=True, slots=True)
class CostPart:
    """What one engine with one model was used for in a call."""

    kind: CostKind
    engine: str
    model: str
    amount: float | None
    """In the table's currency; None where it is unknown: the table has no price, or nobody told how much was used."""
    seconds: float = 0.0
    """Of sound, for speech."""
    input_tokens: int = 0
    cached_input_tokens: int = 0
    """Part of `input_tokens`."""
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost, part by part."""

    currency: str
    parts: tuple[CostPart, ...] = ()

    @property
    def known(self) -> float:
        """The sum of what is known; all of it, unless `is_partial`."""
        return sum(part.amount for part in self.parts if part.amount is not None)

    @property
    def is_partial(self) -> bool:
        """Whether the cost of some part is unknown."""
        return any(part.amount is None for part in self.parts)


@dataclass(frozen=True, slots=True)
class CostSum:
    """What several calls cost together."""

    currency: str
    known: float
    calls: int
    partial_calls: int
    """Calls of which some part is unknown; `known` lacks that part."""
