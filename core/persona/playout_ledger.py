"""What of a persona's sound was sent when, and so what has been heard of it. Pure; times on the monotonic clock.

    sent by us -> half a round trip -> the listener's jitter buffer -> heard

What is sent cannot be taken back: `heard` counts what has come out of the listener's speaker by now.
"""

from collections import deque
from dataclasses import dataclass

from core.model.persona import HeardItem

KEPT_ITEMS = 32
"""Items whose position is known."""
MOST_STRETCHES = 256
"""Of one item. Each frame is one where they go out a little early and late, and so this is more than a path's delay."""


@dataclass(frozen=True, slots=True)
class PathDelay:
    """How long sound takes from us to the listener's ear, as measured. Seconds."""

    rtt_s: float = 0.0
    """Round-trip time of the listener's leg (RTCP)."""
    jitter_buffer_s: float = 0.0
    """Mean delay in the listener's jitter buffer, as far as it was measured."""
    unmeasured_s: float = 0.0
    """How much longer it may take, where not all of it was measured."""

    @property
    def ear_s(self) -> float:
        """From being sent to being heard, at the least."""
        return self.rtt_s / 2 + self.jitter_buffer_s

    @property
    def latest_ear_s(self) -> float:
        """From being sent to being heard, at the most."""
        return self.ear_s + self.unmeasured_s


@dataclass(slots=True)
class _Stretch:
    """Sound of one item that was sent without a pause."""

    start_s: float
    end_s: float
    position_s: float


class PlayoutLedger:
    """Keeps the positions of the last items. One thread."""

    def __init__(self) -> None:
        self._delay = PathDelay()
        self._given: dict[str, float] = {}
        self._sent: dict[str, deque[_Stretch]] = {}
        self._first_s: dict[str, float] = {}
        """When each item began to be sent; the stretches of long ago are forgotten."""

    def note_path(self, delay: PathDelay) -> None:
        """Take the newest measurement."""
        self._delay = delay

    def note_given(self, item_id: str, seconds: float) -> None:
        """Sound of an item was put."""
        self._given[item_id] = self._given.get(item_id, 0.0) + seconds
        while len(self._given) > KEPT_ITEMS:
            oldest = next(iter(self._given))
            del self._given[oldest]
            self._sent.pop(oldest, None)
            self._first_s.pop(oldest, None)

    def note_sent(self, item_id: str, start_s: float, seconds: float) -> None:
        """Sound of an item was sent from `start_s` on, in real time, following what was sent of it before.

        An item that is not known any more is let pass."""
        if item_id not in self._given:
            return
        self._first_s.setdefault(item_id, start_s)
        stretches = self._sent.setdefault(item_id, deque(maxlen=MOST_STRETCHES))
        last = stretches[-1] if stretches else None
        if last is not None and abs(last.end_s - start_s) < 1e-3:
            last.end_s = start_s + seconds
            return
        position_s = last.position_s + last.end_s - last.start_s if last is not None else 0.0
        stretches.append(_Stretch(start_s, start_s + seconds, position_s))

    def note_lost(self, item_id: str, seconds: float) -> None:
        """Sound of an item that was put will never be sent."""
        if item_id in self._given:
            self._given[item_id] = max(0.0, self._given[item_id] - seconds)

    def span(self, item_id: str) -> tuple[float, float] | None:
        """When an item began to be heard and when the last of it that was sent is; None where nothing was sent."""
        stretches = self._sent.get(item_id)
        if not stretches:
            return None
        return self._first_s[item_id] + self._delay.ear_s, stretches[-1].end_s + self._delay.ear_s

    def heard(self, now: float) -> tuple[HeardItem, ...]:
        """Every item that is known, oldest first. Where the path was not measured, what was heard for certain."""
        at = now - self._delay.latest_ear_s
        return tuple(
            HeardItem(item, min(self._position(item, at), given), given) for item, given in self._given.items()
        )

    def is_heard_at(self, now: float) -> bool:
        """Whether sound that was sent is still to be heard, now or later."""
        at = now - self._delay.latest_ear_s
        return any(stretches and stretches[-1].end_s > at for stretches in self._sent.values())

    def _position(self, item_id: str, at: float) -> float:
        for stretch in reversed(self._sent.get(item_id, ())):
            if stretch.start_s <= at:
                return stretch.position_s + min(at, stretch.end_s) - stretch.start_s
        return 0.0
