"""What waits to be written to one controller. A controller that does not read never holds up the media loop."""

import asyncio
from collections import deque

from core.media.guard import Tally
from core.media.messages import LoadReport, Message, PcmReport, SampleReport, encode_frame

PCM_LIMIT = 5000
"""Chunks of PCM that may wait: 250 s of a two-party call, 16 MB."""

FIGURES_LIMIT = 2000
"""RTP samples and load figures that may wait."""

ORDER_LIMIT = 10_000
"""Replies and changes of legs that may wait; they are never dropped, so beyond it the controller is given up."""

BATCH_BYTES = 64 * 1024


class OutboxOverrun(Exception):
    """A controller has not read for so long that it cannot be kept."""


class Outbox:
    """Three bounded queues: replies and changes first, then figures, then PCM, whose oldest are dropped and counted."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._order: deque[Message] = deque()
        self._figures: deque[Message] = deque()
        self._pcm: deque[Message] = deque()
        self._waiting = asyncio.Event()
        self.overrun = False

    def put(self, message: Message) -> None:
        """Have a message written. Never blocks."""
        match message:
            case PcmReport():
                self._bounded(self._pcm, message, PCM_LIMIT, "pcm_chunks")
            case SampleReport() | LoadReport():
                self._bounded(self._figures, message, FIGURES_LIMIT, "samples")
            case _:
                self._order.append(message)
                self.overrun = self.overrun or len(self._order) > ORDER_LIMIT
        self._waiting.set()

    def _bounded(self, queue: deque[Message], message: Message, limit: int, name: str) -> None:
        if len(queue) >= limit:
            queue.popleft()
            self._tally.add(name)
        queue.append(message)

    async def next_batch(self) -> bytes:
        """Wait for something to write; returns up to about `BATCH_BYTES` of frames.

        Raises:
            OutboxOverrun: the controller cannot be kept.
        """
        await self._waiting.wait()
        if self.overrun:
            raise OutboxOverrun
        frames: list[bytes] = []
        size = 0
        for queue in (self._order, self._figures, self._pcm):
            while queue and size < BATCH_BYTES:
                frame = encode_frame(queue.popleft())
                frames.append(frame)
                size += len(frame)
        if not (self._order or self._figures or self._pcm):
            self._waiting.clear()
        return b"".join(frames)
