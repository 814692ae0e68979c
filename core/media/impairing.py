"""A client's way to the network, impaired on purpose: packets of its own RTP sender get lost, come late, hold silence.

What the far end's receiver then finds is real. The one thing that is not done here is a drifting clock: that is the
business of the track that the sender takes its packets from (`PacedTrack`).
"""

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import msgspec

from core.media.opus import SILENCE_PAYLOAD
from core.media.rtp_header import is_rtp, read_packet
from core.model.call import LegId
from core.model.impairment import CLEAN, Impairment

logger = logging.getLogger(__name__)

WAITING_LIMIT = 200
"""Packets that are on their way late; beyond it the newest gets lost and is counted. 400 ms hold about 20."""

Send = Callable[[bytes], Awaitable[None]]


class ImpairOrder(msgspec.Struct, frozen=True):
    """What a player is told on its standard input, one JSON object a line: what happens to a leg from now on."""

    leg_id: LegId
    impairment: Impairment


def encode_order(order: ImpairOrder) -> bytes:
    """A line for a player's standard input."""
    return msgspec.json.encode(order) + b"\n"


def decode_order(line: bytes) -> ImpairOrder:
    """What such a line says.

    Raises:
        ValueError: nothing that a player could follow.
    """
    try:
        return msgspec.json.decode(line, type=ImpairOrder)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


class ImpairedWire:
    """Between one client's RTP sender and its socket. One loop; `close` before that ends.

    Args:
        send: What the sender used until now. Packets that come late are handed to it by a task of the wire's own.
        random: Decides which packets get lost, and how late the others are.
        clock: Monotonic seconds.
    """

    def __init__(self, send: Send, random: Random, clock: Callable[[], float]) -> None:
        self._send = send
        self._random = random
        self._clock = clock
        self.impairment = CLEAN
        """In force for every packet from now on."""
        self.dropped = 0
        """Packets that got lost because too many were on their way, and not on purpose."""
        self._waiting: list[tuple[float, int, bytes]] = []
        self._numbers = itertools.count()
        self._news = asyncio.Event()
        self._sending = asyncio.create_task(self._send_late(), name="media-impaired-wire")

    async def take(self, packet: bytes) -> None:
        """Send a plain RTP or RTCP packet, or what is left of it. Only sound is impaired.

        Raises:
            ConnectionError: there is no connection (any more).
        """
        if not is_rtp(packet):
            await self._send(packet)
            return
        impairment = self.impairment
        if impairment.is_blocked or self._random.random() * 100.0 < impairment.loss_pct:
            return
        if impairment.is_microphone_dead:
            packet = _silenced(packet)
        if not impairment.jitter_ms and not self._waiting:
            await self._send(packet)
        elif len(self._waiting) < WAITING_LIMIT:
            late_s = self._random.uniform(0.0, 2.0 * impairment.jitter_ms) / 1000.0
            heapq.heappush(self._waiting, (self._clock() + late_s, next(self._numbers), packet))
            self._news.set()
        else:
            self.dropped += 1

    async def _send_late(self) -> None:
        while True:
            self._news.clear()
            if not self._waiting:
                await self._news.wait()
                continue
            wait_s = self._waiting[0][0] - self._clock()
            if wait_s > 0:
                # A packet that is due earlier may come meanwhile.
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._news.wait()
                continue
            try:
                await self._send(heapq.heappop(self._waiting)[2])
            except ConnectionError:
                self._waiting.clear()

    async def close(self) -> None:
        """Forget what is on its way. Idempotent."""
        if self.dropped:
            logger.warning("%d packets were lost that should only have come late", self.dropped)
        self._sending.cancel()
        await asyncio.gather(self._sending, return_exceptions=True)


def _silenced(packet: bytes) -> bytes:
    """The same packet with nothing to hear in it. Our own sender pads none, so the payload is its end."""
    payload = read_packet(packet, 0.0).payload
    return packet[: len(packet) - len(payload)] + SILENCE_PAYLOAD
