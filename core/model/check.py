"""What the Doctor finds out about a server before a call: one result a check."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.errors import EarshotError
from core.model.message import Message


class CheckState(StrEnum):
    """How far a check is, and what came of it."""

    NOT_RUN = "not_run"
    RUNNING = "running"
    GOOD = "good"
    WARNING = "warning"
    """Calls are possible, but something is not as it should be."""
    FAILED = "failed"
    NOT_SET_UP = "not_set_up"
    """There is nothing to check, because nobody has set it up. That is no fault."""


class ServerCheck(StrEnum):
    """What of the server can be checked, in the order in which it is shown."""

    MEDIA = "media"
    STUN = "stun"
    TURN = "turn"
    LOOPBACK = "loopback"
    SPEECH = "speech"
    MODEL = "model"
    PERSONA = "persona"
    RETRIEVAL = "retrieval"
    DATABASE = "database"
    DISK = "disk"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found."""

    state: CheckState
    found: tuple[Message | EarshotError, ...]
    """In sentences, with figures; nothing that a caller said."""
    cure: Message | None = None
    """What to do about it; None where nothing is to be done, or where an error among `found` says it already."""


NOT_RUN = Finding(CheckState.NOT_RUN, ())


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check as of now."""

    id: str
    """Unique among the results, and the same at every run."""
    check: ServerCheck
    subject: str
    """What was checked, where there are several of a kind: a server's address. Empty otherwise."""
    finding: Finding
    took_s: float | None = None
    """How long it took; None before its first end."""
    ended_at: float | None = None
    """When that was, in seconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All checks of the server."""

    results: tuple[CheckResult, ...]

    @property
    def is_running(self) -> bool:
        """Whether any of them goes on."""
        return any(result.finding.state is CheckState.RUNNING for result in self.results)


@dataclass(frozen=True, slots=True)
class TrialAnswers:
    """The server's side of a trial call: one browser, which hears on one leg what it says on the other."""

    call_id: str
    speaking: str
    """The answer (SDP) to the offer of the leg that speaks."""
    hearing: str
    """The answer to the offer of the leg that hears."""
