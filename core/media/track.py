"""The outgoing sound of one leg, as aiortc's sender takes it."""

import asyncio
import time
from typing import Any, Union

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from core.media.guard import Tally
from core.media.packet import CLOCK_RATE

QUEUE_LIMIT = 50
"""Packets that may wait for the sender, a second; when the loop stalls longer, the oldest are dropped and counted."""

METER_LIMIT = 500
"""Packets of a kind whose send times are kept between two readings."""

Item = Union["av.Packet[Any]", av.AudioFrame]


class OutgoingTrack(MediaStreamTrack):
    """A bounded queue that the sender empties. Media loop only.

    An `av.Packet` is sent as it is; an `av.AudioFrame` is encoded by aiortc.
    """

    kind = "audio"

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally
        self._items: asyncio.Queue[tuple[Item, float | None]] = asyncio.Queue(QUEUE_LIMIT)
        self._transits: list[float] = []
        self._stays: list[float] = []
        self.started = False
        """Whether the sender takes anything yet."""

    def put(self, item: Item, arrival_s: float | None = None) -> None:
        """Have `item` (with `pts` in 1/48000 s) sent. Before the sender has started it would only be stale: dropped.

        `arrival_s` (monotonic) is when it came, if it is passed on; None for what the server makes in slots of its own.
        """
        if not self.started or self.readyState != "live":
            return
        if self._items.full():
            self._items.get_nowait()
            self._tally.add("outgoing_packets")
        self._items.put_nowait((item, arrival_s))

    async def recv(self) -> Item:
        """The next item. Called by aiortc's sender.

        Raises:
            MediaStreamError: the track was stopped.
        """
        if self.readyState != "live":
            raise MediaStreamError
        self.started = True
        item, arrival_s = await self._items.get()
        if item.pts is not None:
            self.note_sent(item.pts, arrival_s)
        return item

    def note_sent(self, pts: int, arrival_s: float | None) -> None:
        """Measure that a packet with this timestamp (1/48000 s) is sent now; `arrival_s` as in `put`."""
        if arrival_s is not None:
            if len(self._stays) < METER_LIMIT:
                self._stays.append(time.monotonic() - arrival_s)
        elif len(self._transits) < METER_LIMIT:
            self._transits.append(time.monotonic() - pts / CLOCK_RATE)

    def take_deviation(self) -> tuple[float, float] | None:
        """How far packets were from their slots since the last call: median and 99th percentile, in ms.

        The slot of what the server makes is where its RTP timestamp puts it, laid through the median packet of the
        period (transit of RFC 3550, section 6.4.1). What it passes on has a timestamp of another's clock, and comes as
        its network lets it: that packet's slot is its arrival and the period's median stay in the server. None without
        at least ten packets.
        """
        transits, self._transits = self._transits, []
        stays, self._stays = self._stays, []
        distances = sorted(_from_median_ms(transits) + _from_median_ms(stays))
        last = len(distances) - 1
        return None if last < 9 else (distances[last // 2], distances[round(0.99 * last)])


def _from_median_ms(times_s: list[float]) -> list[float]:
    if not times_s:
        return []
    median_s = sorted(times_s)[(len(times_s) - 1) // 2]
    return [abs(time_s - median_s) * 1000.0 for time_s in times_s]
