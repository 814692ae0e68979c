"""Where browsers' reports come in: only those about a leg that is there reach its call."""

from collections import Counter
from functools import partial
from threading import Lock

from core.calls.browser_samples import BrowserReport
from core.calls.loop import CallsLoop
from core.calls.session import CallSession
from core.model.call import PRESENT, CallState, LegId
from core.model.errors import CallEnded, LegNotFound


class BrowserIntake:
    """Hands reports on to the calls loop, and counts those that were turned away whole. Any thread."""

    def __init__(self, loop: CallsLoop) -> None:
        self._loop = loop
        self._lock = Lock()
        self._refused: Counter[str] = Counter()

    def take(self, session: CallSession, leg_id: LegId, report: BrowserReport) -> float:
        """Hand a report on; returns at once, with the call's clock.

        Raises:
            CallEnded: the call is over.
            LegNotFound: the leg is over, or the call never had it.
        """
        if session.call.state is CallState.ENDED:
            raise CallEnded(call_id=session.call.id)
        if session.leg_state(leg_id) not in PRESENT:
            raise LegNotFound(leg_id=leg_id)
        now_s = session.record.now_s()
        if report.seconds or report.facts is not None:
            self._loop.post(partial(session.reported, leg_id, report))
        return now_s

    def count_refused(self, reason: str) -> None:
        """A report was turned away, for a reason in one word."""
        with self._lock:
            self._refused[reason] += 1

    @property
    def refused(self) -> dict[str, int]:
        """How many reports were turned away since the server started, by reason."""
        with self._lock:
            return dict(self._refused)
