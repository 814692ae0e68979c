"""The end of a leg that a page script holds: the offer goes in, the answer comes out."""

from collections.abc import Mapping
from typing import Protocol

from core.calls.loop import RunOnCalls
from core.model.call import LegId, LegState


class LegOwner(Protocol):
    """What a leg port needs of its call session; every coroutine runs on the calls loop."""

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        """Answer the leg's one offer."""

    async def add_candidate(self, leg_id: LegId, candidate: Mapping[str, object]) -> None:
        """Pass on one trickled ICE candidate."""

    async def close_leg(self, leg_id: LegId) -> None:
        """End the leg: an intended leave."""

    async def lose_leg(self, leg_id: LegId) -> None:
        """End the leg as a lost one: whoever had it is waited for, and counts as gone after the grace period."""

    def leg_state(self, leg_id: LegId) -> LegState | None:
        """The leg's state; any thread."""


ANSWER_TIMEOUT_S = 10.0


def candidate_parts(candidate: Mapping[str, object]) -> tuple[str | None, str | None, int | None]:
    """A candidate's line, its media's id and its media's number, of what a browser trickles; None for what is none."""
    line, mid, index = (candidate.get(key) for key in ("candidate", "sdpMid", "sdpMLineIndex"))
    return (
        line if isinstance(line, str) else None,
        mid if isinstance(mid, str) else None,
        index if isinstance(index, int) else None,
    )


class LegPort:
    """One leg, as seen by the script thread of the page that owns the browser's side of it."""

    def __init__(self, leg_id: LegId, owner: LegOwner, calls: RunOnCalls, leave_token: str) -> None:
        """`leave_token` lets the browser end this leg when there is no time for more than a word: its tab is closed."""
        self.leg_id = leg_id
        self.leave_token = leave_token
        self._owner = owner
        self._calls = calls
        self._closed = False

    def answer(self, offer_sdp: str) -> str:
        """The answer to the browser's offer, with all of the server's candidates inside.

        Script thread; waits up to ten seconds.

        Raises:
            OfferRefused: the offer has no audio line, or is the leg's second.
            LegNotFound: the leg was closed meanwhile.
            MediaProcessDown: the media process is being restarted.
            MediaTimeout: it did not answer in time.
        """
        return self._calls.wait(lambda: self._owner.answer(self.leg_id, offer_sdp), ANSWER_TIMEOUT_S)

    def add_candidate(self, candidate: Mapping[str, object]) -> None:
        """Pass on one trickled candidate (`candidate`, `sdpMid`, `sdpMLineIndex`). Any thread; does not wait."""
        self._calls.post(lambda: self._owner.add_candidate(self.leg_id, candidate))

    def close(self) -> None:
        """End the leg on purpose. Any thread; idempotent; does not wait."""
        if not self._closed:
            self._closed = True
            self._calls.post(lambda: self._owner.close_leg(self.leg_id))

    def lose(self) -> None:
        """End the leg as one whose connection was lost. Any thread; idempotent; does not wait."""
        if not self._closed:
            self._closed = True
            self._calls.post(lambda: self._owner.lose_leg(self.leg_id))

    @property
    def state(self) -> LegState | None:
        """The leg's state, None once it is forgotten. Any thread."""
        return self._owner.leg_state(self.leg_id)
