"""Which frames of the listener's microphone may reach the model. Pure; times on the machine's monotonic clock.

While the persona is to be heard at the listener, and for a tail after, the microphone is closed: what it takes up then
is the persona itself, or somebody who speaks over it. Each frame is judged by when it was *captured*, not by when it
came: a frame from before the persona began passes though it arrives late, and one from then does not though it arrives
after.

    closed from  sent + RTT/2 + jitter buffer          (the smallest that was measured while it played)
    until        sent + RTT/2 + jitter buffer + tail   (the largest)

The clock that frames are placed on by their arrival (`PcmChunk.start_s`) lies half a round trip after the capture;
`captured_s` takes that off.
"""

from collections import deque
from dataclasses import dataclass

from core.persona.playout_ledger import PathDelay

KEPT_S = 120.0
"""Closed times that are remembered. No frame older than that passes."""
JOINED_S = 0.12
"""A shorter pause between two stretches of sound does not open the microphone."""


@dataclass(slots=True)
class _Closed:
    """Sound that was sent, and the range of the path's delay meanwhile."""

    sent_from_s: float
    sent_until_s: float
    least_s: float
    most_s: float


class MicrophoneGate:
    """One listener's microphone. One thread.

    Args:
        tail_s: How long it stays closed after the sound has faded: the room's echo, and what was not measured.
        is_barge_in: Whether it stays open whatever plays; the listener's echo cancellation then stands alone.
    """

    def __init__(self, tail_s: float, is_barge_in: bool = False) -> None:
        self._tail_s = tail_s
        self._is_barge_in = is_barge_in
        self._delay = PathDelay()
        self._closed: deque[_Closed] = deque()
        self._forgotten_s = float("-inf")

    def note_path(self, delay: PathDelay) -> None:
        """Take the newest measurement; it counts for what plays now, too."""
        self._delay = delay
        if self._closed:
            last = self._closed[-1]
            last.least_s = min(last.least_s, delay.ear_s)
            last.most_s = max(last.most_s, delay.latest_ear_s)

    def note_sent(self, start_s: float, seconds: float) -> None:
        """Sound of the persona was, or is being, sent in this time. In the order of time."""
        ear_s, most_s, end_s = self._delay.ear_s, self._delay.latest_ear_s, start_s + seconds
        last = self._closed[-1] if self._closed else None
        if last is not None and start_s - last.sent_until_s <= JOINED_S:
            last.sent_until_s = max(last.sent_until_s, end_s)
            last.least_s, last.most_s = min(last.least_s, ear_s), max(last.most_s, most_s)
        else:
            self._closed.append(_Closed(start_s, end_s, ear_s, most_s))
        while self._closed and self._until(self._closed[0]) < end_s - KEPT_S:
            self._forgotten_s = self._until(self._closed.popleft())

    def captured_s(self, arrival_s: float) -> float:
        """When a frame was captured that its arrival places at `arrival_s`."""
        return arrival_s - self._delay.rtt_s / 2

    def passes(self, captured_s: float, seconds: float) -> bool:
        """Whether a frame captured from `captured_s` on may reach the model: no part of it in a closed time."""
        if self._is_barge_in:
            return True
        if captured_s < self._forgotten_s:
            return False
        return not any(
            self._since(each) < captured_s + seconds and captured_s < self._until(each) for each in self._closed
        )

    def is_open_at(self, now: float) -> bool:
        """Whether a frame that is captured at this instant would pass."""
        return self._is_barge_in or not any(self._since(each) <= now < self._until(each) for each in self._closed)

    @staticmethod
    def _since(closed: _Closed) -> float:
        return closed.sent_from_s + closed.least_s

    def _until(self, closed: _Closed) -> float:
        return closed.sent_until_s + closed.most_s + self._tail_s
