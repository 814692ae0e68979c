"""For how long is waited: for people who were lost, and for a call in which nobody is any more to end by itself.

Lives on the calls loop; only `CallSession` touches it.
"""

from dataclasses import replace

from core.calls.roster import Roster
from core.model.call import Call, CallOrigin, LegState, Participant, ParticipantId, Role

AWAITED = frozenset({Role.AGENT, Role.CUSTOMER})
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
        self._lost_since: dict[ParticipantId, float] = {}
        self.waits_for_good = False
        """Whether it is there for whoever comes first, however long that takes: a persona that began by itself."""

    def is_expected(self, now: float) -> None:
        """Somebody in particular has been told to come, and is waited for from now on."""
        self.waits_for_good = False
        if self._alone_since is not None:
            self._alone_since = now

    def legs_changed(self, now: float) -> None:
        """There is another leg, or one less."""
        # A persona's voice is brought again for as long as its call lasts; supervisors have a grace of their own.
        lost = [p.id for p in self._roster.participants if p.leg_state is LegState.LOST and p.role in AWAITED]
        self._lost_since = {each: self._lost_since.get(each, now) for each in lost}
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

    def given_up(self, now: float) -> tuple[Participant, ...]:
        """Who has been lost for longer than the grace period, as of now: gone, with a place to come back to.

        Their legs stay lost: that nobody ended them on purpose is how a browser knows that it may still come back.
        """
        overdue = [each for each, since in self._lost_since.items() if now - since > self._grace_s]
        for each in overdue:
            del self._lost_since[each]
        return tuple(replace(self._roster.participant(each), leg_state=LegState.CLOSED) for each in overdue)
