"""What is done on purpose to one side of a demo call, so that one sees what it looks like when it happens by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

MOST_LOSS_PCT = 30.0
MOST_JITTER_MS = 200.0
MOST_DRIFT_MS_PER_MIN = 600.0


class ImpairmentKind(StrEnum):
    """The kinds, each the name of a field of `Impairment`."""

    LOSS = "loss_pct"
    JITTER = "jitter_ms"
    DRIFT = "drift_ms_per_min"
    DEAD_MICROPHONE = "is_microphone_dead"
    BLOCKED = "is_blocked"


MOST: Mapping[ImpairmentKind, float] = {
    ImpairmentKind.LOSS: MOST_LOSS_PCT,
    ImpairmentKind.JITTER: MOST_JITTER_MS,
    ImpairmentKind.DRIFT: MOST_DRIFT_MS_PER_MIN,
}
"""How strong each kind may be that has a strength; the others are there or not."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What happens to everything that one side sends. All zero and false: nothing.

    Raises:
        ValueError: a strength is out of its range.
    """

    loss_pct: float = 0.0
    """Share of the packets that get lost, each by chance of its own; 0 to 30 %."""
    jitter_ms: float = 0.0
    """By how much packets are late on average: each between nothing and twice that; 0 to 200 ms."""
    drift_ms_per_min: float = 0.0
    """By how much the sender's clock is fast, and so its time stamps; below 0 slow; up to 600 ms a minute."""
    is_microphone_dead: bool = False
    """Whether it sends packets of nothing but silence."""
    is_blocked: bool = False
    """Whether no sound gets out at all, while the connection stays."""

    def __post_init__(self) -> None:
        for kind, most in MOST.items():
            strength = getattr(self, kind.value)
            least = -most if kind is ImpairmentKind.DRIFT else 0.0
            if not least <= strength <= most:
                raise ValueError(f"{kind.value} must be between {least:g} and {most:g}, not {strength:g}")

    @property
    def kinds(self) -> tuple[ImpairmentKind, ...]:
        """What of it is in force."""
        return tuple(ImpairmentKind(field.name) for field in fields(self) if getattr(self, field.name))

    def strength(self, kind: ImpairmentKind) -> float | None:
        """How strong a kind is, in the unit of its field; None for one that is only there or not."""
        return float(getattr(self, kind.value)) if kind in MOST else None


CLEAN = Impairment()
