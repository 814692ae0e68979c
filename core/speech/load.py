"""How busy the decoding is, and how late its words come. Pure: times are arguments."""

from collections import deque
from dataclasses import dataclass

WINDOW_S = 5.0
"""The load is that of so long ago until now."""
LATE_FROM_S = 3.0
"""From this delay on, end of speech to final text, words count as late."""
LATE_UNTIL_S = 2.0
"""Below this they no longer do."""
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class _Final:
    began_s: float
    ended_s: float
    delay_s: float
    share: float
    """Of its worker's time meanwhile."""


class DecodeLoad:
    """The final texts of the last seconds. One thread at a time, with times that never go back.

    Args:
        workers: Threads that decode.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._finals: deque[_Final] = deque(maxlen=_REMEMBERED)
        self._is_late = False

    def decoded(self, spoken_at_s: float, began_s: float, ended_s: float, share: float = 1.0) -> None:
        """A final text came, of speech that had ended at `spoken_at_s`; `share` is less than 1 in a batch."""
        self._finals.append(_Final(began_s, ended_s, ended_s - spoken_at_s, share))

    def busy(self, now_s: float) -> float:
        """The share of all workers' time that final texts took, 0 to 1."""
        since_s = now_s - WINDOW_S
        spent_s = sum(each.share * max(0.0, each.ended_s - max(each.began_s, since_s)) for each in self._finals)
        return min(1.0, spent_s / (WINDOW_S * self._workers))

    def late_s(self, now_s: float, oldest_s: float) -> float | None:
        """How late words come, in seconds since the end of speech; None while they do not count as late.

        Args:
            now_s: The time.
            oldest_s: Seconds since the end of the speech that waits longest for its final text.
        """
        recent = [each.delay_s for each in self._finals if each.ended_s >= now_s - WINDOW_S]
        delay_s = max(oldest_s, sum(recent) / len(recent) if recent else 0.0)
        self._is_late = delay_s >= (LATE_UNTIL_S if self._is_late else LATE_FROM_S)
        return delay_s if self._is_late else None
