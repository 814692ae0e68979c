"""Whether a sender's RTP time stamps keep time: measured against the arrival of its packets."""

from collections import deque
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.media.packet import CLOCK_RATE, MediaPacket, signed_difference

POINT_S = 2.0
"""The quickest packet of so long is one point: what delays the others on the way is left out with them."""
POINTS = 60
"""Points that the slope is taken over: two minutes."""
POINTS_NEEDED = 15
JUMP_S = 1.0
"""Time stamps that step by so much more or less than time itself begin anew: another source, or a pause."""


class TimestampDrift:
    """One stream's drift: how much faster its time stamps go than its packets come. Media loop only.

    The slope is Theil and Sen's: the median of the slopes between every two points. It does not follow single points
    that lie elsewhere, nor a step in the delay (another path) that fewer than about a quarter of the points stand
    beyond.
    """

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._timestamp = 0
        self._media_s = 0.0
        self._arrival_s = 0.0
        self._restart()

    def _restart(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=POINTS)
        self._since_s = self._arrival_s
        self._quickest = (self._arrival_s, float("inf"))
        self.ms_per_min: float | None = None
        """Milliseconds that the time stamps gain in a minute; None until there is enough to say so."""

    def note(self, packet: MediaPacket) -> None:
        """Take one packet, in the order of arrival."""
        step_s = signed_difference(packet.timestamp, self._timestamp, 32) / CLOCK_RATE
        passed_s = packet.arrival_s - self._arrival_s
        self._timestamp, self._arrival_s = packet.timestamp, packet.arrival_s
        self._media_s += step_s
        if packet.ssrc != self._ssrc or abs(step_s - passed_s) > JUMP_S:
            self._ssrc = packet.ssrc
            self._restart()
        transit_s = packet.arrival_s - self._media_s
        if packet.arrival_s - self._since_s >= POINT_S:
            self._points.append(self._quickest)
            self._since_s, self._quickest = packet.arrival_s, (packet.arrival_s, transit_s)
            if len(self._points) >= POINTS_NEEDED:
                self.ms_per_min = -60_000.0 * _slope(np.array(self._points))
        elif transit_s < self._quickest[1]:
            self._quickest = (packet.arrival_s, transit_s)


def _slope(points: NDArray[np.float64]) -> float:
    """The median slope between every two points, given as rows of x and y."""
    left, right = _pairs(len(points))
    runs, rises = (points[right] - points[left]).T
    return float(np.median(rises / runs))


@cache
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(count, 1)
