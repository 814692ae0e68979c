"""Rules for alerts about what is said in a call: what each looks for, and what it means when it is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from core.model.call import Role
from core.model.text_alert import AlertLevel

KEEP_S = 120.0


def counts_for(role: Role, by: Role | None) -> bool:
    """Whether what a role says is said by whom a rule means: a persona stands in an agent's place."""
    return by is None or role is by or (role is Role.PERSONA and by is Role.AGENT)


@dataclass(frozen=True, slots=True)
class SaidCondition:
    """That somebody says something, or does not. Exactly one of `words` and `pattern` is given."""

    words: tuple[str, ...] = ()
    """Any of them, whatever their endings."""
    pattern: str = ""
    """A regular expression, looked for whatever the case."""
    by: Role | None = None
    """Who says it; None for anybody."""
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """All of these within a window: what is wanted within `within_s` of each other, and what is negated not within
    `within_s` after that; where everything is negated, not within `within_s` of the call's going live."""

    conditions: tuple[SaidCondition, ...]
    within_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SentimentBelow:
    """That the customer's sentiment stays below a score (-1 to 1) for a while."""

    below: float
    for_s: float


@dataclass(frozen=True, slots=True)
class RiskFlagged:
    """That the language model flags a risk."""

    kind: str
    """Such as `churn`; empty for any."""


@dataclass(frozen=True, slots=True)
class Silence:
    """That nobody says anything for a while."""

    for_s: float


@dataclass(frozen=True, slots=True)
class TalkOver:
    """That two speak at the same time for a while."""

    for_s: float


@dataclass(frozen=True, slots=True)
class SpeakingShare:
    """That one role has more than a share of all speech within the last `within_s`."""

    by: Role
    above_pct: float
    within_s: float


Condition: TypeAlias = Said | SentimentBelow | RiskFlagged | Silence | TalkOver | SpeakingShare


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule."""

    id: str
    names: Mapping[str, str]
    """`ko` and `en`."""
    category: str
    level: AlertLevel
    condition: Condition
    keep_s: float = KEEP_S
    """How long an alert about something that was said goes on after it was said last."""
    webhook: bool = False
    notify: bool = False


@dataclass(frozen=True, slots=True)
class AlertRules:
    """The rules of a file, in its order."""

    rules: tuple[AlertRule, ...] = ()
