"""Alerts that what is said in a call raises, by rules: beside those that its samples raise (`core.model.quality`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.model.call import ParticipantId


class AlertLevel(StrEnum):
    """How much an alert matters, worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class TextAlert:
    """That a rule found something. Times are on the call's clock, in seconds."""

    id: str
    """Unique in the call."""
    rule_id: str
    names: Mapping[str, str]
    """What the rule is called, by the language of the reader: `ko` and `en`."""
    category: str
    level: AlertLevel
    raised_at_s: float
    utterance_ids: tuple[str, ...] = ()
    """What was said that raised it, in order; empty where it is about what was not said, or about the whole call."""
    participant_id: ParticipantId | None = None
    """Who said that first."""
    words: tuple[str, ...] = field(default=(), repr=False)
    """Quoted from there. Kept in memory alone: what was said is durable in the utterances and nowhere else."""
    cleared_at_s: float | None = None
    """None while it goes on."""
    notify: bool = False
    """Whether browsers that are asked to may raise a notification."""

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.cleared_at_s is None


LEVELS = tuple(AlertLevel)
"""Worst first."""
