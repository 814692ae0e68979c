"""Where an outgoing stream's packets lie in time, whichever source they come from."""

from collections.abc import Hashable

from core.media.packet import CLOCK_RATE, FRAME_SAMPLES, signed_difference

JUMP_S = 2.0
"""A source's timestamp that goes this much further, or further back, than time did is a new beginning of its clock."""


class Timeline:
    """Timestamps of one outgoing stream.

    As long as the source stays the same, a packet keeps its RTP timestamp plus one constant: timestamps cannot drift,
    and what the source's clock says about pauses and lost packets reaches the ear. When the source changes, the
    constant is chosen anew so that the first packet follows the last one by the time that has passed.
    """

    def __init__(self) -> None:
        self._source: Hashable = None
        self._timestamp = 0
        self._pts: int | None = None
        self._at_s = 0.0
        self._lead = 0
        """How far changes of source have put timestamps ahead of time, in samples."""

    def place(self, source: Hashable, timestamp: int, now_s: float) -> int | None:
        """The outgoing timestamp, unwrapped from 0 on, of a packet that is sent now.

        None for a new source's packet that there is no room for, so soon after the former's last: it is to be left out.

        Args:
            source: Whose clock `timestamp` belongs to.
            timestamp: On a 48 kHz clock; only its lowest 32 bits count.
            now_s: Monotonic seconds.
        """
        if self._pts is None:
            return self._advance(source, timestamp, 0, now_s)
        elapsed = now_s - self._at_s
        if source == self._source:
            step = signed_difference(timestamp, self._timestamp, 32)
            if -JUMP_S < step / CLOCK_RATE < elapsed + JUMP_S:
                pts = self._pts + step
                return self._advance(source, timestamp, pts, now_s) if step > 0 else pts
        passed = round(elapsed * CLOCK_RATE)
        step = max(FRAME_SAMPLES, passed - self._lead)
        lead = self._lead + step - passed
        if lead > FRAME_SAMPLES:
            return None
        self._lead = lead
        return self._advance(source, timestamp, self._pts + step, now_s)

    def _advance(self, source: Hashable, timestamp: int, pts: int, now_s: float) -> int:
        self._source, self._timestamp, self._pts, self._at_s = source, timestamp, pts, now_s
        return pts
