"""Notices a session that hears nothing any more, or answers nothing, although no error came. Pure.

Deaf: it was sent loud sound for a while and said nothing of anybody speaking. Mute: somebody stopped speaking, or an
answer was asked for, and nothing of one came. Steady noise looks like deafness and a slow server like muteness, so the
patience doubles with each new session that made nothing better.
"""

from dataclasses import dataclass
from enum import StrEnum

FORGOTTEN = 0.5
"""Loud seconds that a quiet one outweighs."""


class Ailment(StrEnum):
    """What is wrong with a session."""

    DEAF = "deaf"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class WatchdogRules:
    """Patience, in seconds."""

    deaf_s: float = 4.0
    """Loud sound without a word of it."""
    mute_s: float = 10.0
    """From when an answer is due."""
    most_doublings: int = 4


class Watchdog:
    """Of one session, over all its connections. One thread; `now` in monotonic seconds."""

    def __init__(self, rules: WatchdogRules) -> None:
        self._rules = rules
        self._unheard_s = 0.0
        self._due_since_s: float | None = None
        self._deaf_renewals = 0
        self._mute_renewals = 0

    def note_sound(self, loud_s: float, quiet_s: float) -> None:
        """Sound was sent while nobody was known to speak. Pauses outweigh noises in the long run."""
        self._unheard_s = max(0.0, self._unheard_s + loud_s - FORGOTTEN * quiet_s)

    @property
    def is_at_ease(self) -> bool:
        """Whether everything that may have been speech was taken for it."""
        return self._unheard_s == 0.0

    def note_heard(self) -> None:
        """It says that somebody speaks, or has spoken."""
        self._unheard_s = 0.0
        self._deaf_renewals = 0

    def note_due(self, now: float) -> None:
        """An answer is due from now on."""
        if self._due_since_s is None:
            self._due_since_s = now

    def note_answer(self, now: float, is_over: bool) -> None:
        """Something of an answer came; more is due unless it is over."""
        self._due_since_s = None if is_over else now
        self._mute_renewals = 0

    def note_nothing_due(self) -> None:
        """No answer is due any more: it was cancelled, or never asked for."""
        self._due_since_s = None

    def note_renewed(self, ailment: Ailment | None, now: float) -> None:
        """A new session took over."""
        self._unheard_s = 0.0
        if self._due_since_s is not None:
            self._due_since_s = now
        self._deaf_renewals += ailment is Ailment.DEAF
        self._mute_renewals += ailment is Ailment.MUTE

    def verdict(self, now: float) -> Ailment | None:
        """What is wrong, if anything."""
        if self._unheard_s >= self._patience(self._rules.deaf_s, self._deaf_renewals):
            return Ailment.DEAF
        mute_s = self._patience(self._rules.mute_s, self._mute_renewals)
        return Ailment.MUTE if self._due_since_s is not None and now - self._due_since_s >= mute_s else None

    def _patience(self, first_s: float, renewals: int) -> float:
        return float(first_s * 2 ** min(renewals, self._rules.most_doublings))
