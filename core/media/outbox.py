"""What waits to be written to one controller. A controller that does not read never holds up the media loop."""

import asyncio
from collections import deque
from dataclasses import dataclass, replace

from core.media.events import VoiceSent
from core.media.guard import Tally
from core.media.messages import LoadReport, Message, PcmReport, SampleReport, VoiceReport, encode_frame
from core.media.packet import FRAME_S
from core.model.call import LegId

PCM_LIMIT = 5000
"""Chunks of PCM that may wait: 250 s of a two-party call, 16 MB."""

FIGURES_LIMIT = 2000
"""RTP samples and load figures that may wait."""

ORDER_LIMIT = 10_000
"""Replies and changes of legs that may wait; they are never dropped, so beyond it the controller is given up."""

BATCH_BYTES = 64 * 1024


class OutboxOverrun(Exception):
    """A controller has not read for so long that it cannot be kept."""


@dataclass(slots=True)
class _VoiceStretch:
    """What a voice has sent without a pause, as long as it waits to be told."""

    sent: VoiceSent

    def take(self, sent: VoiceSent) -> bool:
        """Be longer by what was sent next; False where that does not follow."""
        end_s = self.sent.start_s + self.sent.seconds
        if sent.item_id != self.sent.item_id or abs(sent.start_s - end_s) > FRAME_S / 2:
            return False
        self.sent = replace(self.sent, seconds=self.sent.seconds + sent.seconds)
        return True


class Outbox:
    """Three bounded queues: replies and changes first, then figures, then PCM, whose oldest are dropped and counted.

    What voices have sent goes with the changes, because none of it may be missing and no later PCM come before it;
    frames that wait are told as one stretch, so that it never amounts to much.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._order: deque[Message | _VoiceStretch] = deque()
        self._voices: dict[LegId, _VoiceStretch] = {}
        """The last stretch of each voice that waits."""
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
            case VoiceReport(sent=sent):
                stretch = self._voices.get(sent.leg_id)
                if stretch is None or not stretch.take(sent):
                    stretch = self._voices[sent.leg_id] = _VoiceStretch(sent)
                    self._put_in_order(stretch)
            case _:
                self._put_in_order(message)
        self._waiting.set()

    def _put_in_order(self, message: Message | _VoiceStretch) -> None:
        self._order.append(message)
        self.overrun = self.overrun or len(self._order) > ORDER_LIMIT

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
        while self._order and size < BATCH_BYTES:
            frames.append(encode_frame(self._next_in_order()))
            size += len(frames[-1])
        for queue in (self._figures, self._pcm):
            while queue and size < BATCH_BYTES:
                frames.append(encode_frame(queue.popleft()))
                size += len(frames[-1])
        if not (self._order or self._figures or self._pcm):
            self._waiting.clear()
        return b"".join(frames)

    def _next_in_order(self) -> Message:
        message = self._order.popleft()
        if not isinstance(message, _VoiceStretch):
            return message
        if self._voices.get(message.sent.leg_id) is message:
            del self._voices[message.sent.leg_id]
        return VoiceReport(message.sent)
