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
"""Packets whose send times are kept between two readings."""

Item = Union["av.Packet[Any]", av.AudioFrame]


class OutgoingTrack(MediaStreamTrack):
    """A bounded queue that the sender empties. Media loop only.

    An `av.Packet` is sent as it is; an `av.AudioFrame` is encoded by aiortc.
    """

    kind = "audio"

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally
        self._items: asyncio.Queue[Item] = asyncio.Queue(QUEUE_LIMIT)
        self._transits: list[float] = []
        self.started = False
        """Whether the sender takes anything yet."""

    def put(self, item: Item) -> None:
        """Have `item` (with `pts` in 1/48000 s) sent. Before the sender has started it would only be stale: dropped."""
        if not self.started or self.readyState != "live":
            return
        if self._items.full():
            self._items.get_nowait()
            self._tally.add("outgoing_packets")
        self._items.put_nowait(item)

    async def recv(self) -> Item:
        """The next item. Called by aiortc's sender.

        Raises:
            MediaStreamError: the track was stopped.
        """
        if self.readyState != "live":
            raise MediaStreamError
        self.started = True
        item = await self._items.get()
        if item.pts is not None:
            self.note_sent(item.pts)
        return item

    def note_sent(self, pts: int) -> None:
        """Measure that a packet with this timestamp (1/48000 s) is sent now."""
        if len(self._transits) < METER_LIMIT:
            self._transits.append(time.monotonic() - pts / CLOCK_RATE)

    def take_deviation(self) -> tuple[float, float] | None:
        """How far packets were from their slots since the last call: median and 99th percentile, in ms.

        A packet's slot is where its RTP timestamp puts it on the sender's clock, laid through the median packet of the
        period (transit of RFC 3550, section 6.4.1). None without at least ten packets.
        """
        transits, self._transits = sorted(self._transits), []
        last = len(transits) - 1
        if last < 9:
            return None
        slot = transits[last // 2]
        distances = sorted(abs(transit - slot) * 1000.0 for transit in transits)
        return distances[last // 2], distances[round(0.99 * last)]
