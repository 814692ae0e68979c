"""How fast a service is sent audio: in the pace of speech after a burst, and faster while it has to catch up. Pure."""

BURST_S = 1.0
"""Audio that may go at once."""
LEAST_SURPLUS = 0.05
"""A stream that is behind never goes slower than the pace of speech and this share of it."""


class Pacer:
    """One session's allowance, in seconds of audio. One thread at a time.

    A service that refuses the pace is sent audio more slowly, and without the burst: to repeat at the same pace what it
    has refused would be refused again, until nothing is left to repeat.

    Args:
        fastest: Seconds of audio a second while a stream catches up, at most.
    """

    def __init__(self, fastest: float) -> None:
        self._fastest = fastest
        self._pace = fastest
        self._allowed_s = 0.0
        self._refilled_s = 0.0

    def begin(self, now: float) -> None:
        """A stream begins."""
        self._allowed_s = BURST_S if self._pace == self._fastest else 0.0
        self._refilled_s = now

    def allowed_s(self, now: float) -> float:
        """Audio that may be sent by now."""
        self._allowed_s = min(BURST_S, self._allowed_s + (now - self._refilled_s) * self._pace)
        self._refilled_s = now
        return self._allowed_s

    def spend(self, seconds: float) -> None:
        """So much was sent."""
        self._allowed_s -= seconds

    def wait_s(self, seconds: float) -> float:
        """How long it takes, from when `allowed_s` was asked last, until so much more may be sent."""
        return max(0.0, seconds - self._allowed_s) / self._pace

    def slow_down(self) -> None:
        """The service has refused a stream for what was sent: the surplus halves."""
        self._pace = 1.0 + max(LEAST_SURPLUS, (self._pace - 1.0) / 2)

    def recover(self) -> None:
        """The service has taken a whole stream: the surplus doubles, up to where it began."""
        self._pace = min(self._fastest, 1.0 + 2 * (self._pace - 1.0))
