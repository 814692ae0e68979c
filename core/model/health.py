"""How the parts of the server are."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.errors import EarshotError
from core.model.message import Message


class PartState(StrEnum):
    """The state of one part."""

    STARTING = "starting"
    UP = "up"
    DEGRADED = "degraded"
    """Works, but not as configured; the detail says how."""
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part's state, in sentences for the operator."""

    name: str
    """`media`, `speech`, `assist`, `guidance`, `alerts` or `store`; `personas` and `rehearsal` where in use."""
    state: PartState
    needed: bool
    """Whether calls are impossible without it."""
    detail: tuple[Message | EarshotError, ...] = ()
    """Sentences without anything a caller said: what is in use, or what failed and what to do."""

    @property
    def in_english(self) -> str:
        """The detail as machines, logs and the command line have it."""
        return " ".join(map(str, self.detail))
