"""When a call in which nobody is any more ends by itself. Lives on the calls loop; only `CallSession` touches it."""

from core.calls.roster import Roster
from core.model.call import Call, CallOrigin

WAITING_LIMIT_S = 30 * 60.0
"""A call that nobody ever joined ends after this long."""


class Abandonment:
    """Watches one call.

    Args:
        roster: Who is in it; a persona alone is nobody.
        grace_s: How long somebody who was there is waited for.
        now: When the call began, monotonic seconds.
    """

    def __init__(self, roster: Roster, grace_s: float, now: float) -> None:
        self._roster = roster
        self._grace_s = grace_s
        self._alone_since: float | None = now
        self.waits_for_good = False
        """Whether it is there for whoever comes first, however long that takes: a persona that began by itself."""

    def is_expected(self, now: float) -> None:
        """Somebody in particular has been told to come, and is waited for from now on."""
        self.waits_for_good = False
        if self._alone_since is not None:
            self._alone_since = now

    def legs_changed(self, now: float) -> None:
        """There is another leg, or one less."""
        if self._roster.has_person():
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now

    def is_due(self, call: Call, now: float) -> bool:
        """Whether the call is to end."""
        if call.origin is CallOrigin.SCRIPT or self._alone_since is None:
            return False
        if self._roster.had_person:
            return now - self._alone_since > self._grace_s
        return not self.waits_for_good and now - self._alone_since > WAITING_LIMIT_S
