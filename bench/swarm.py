"""Many light WebRTC clients in one process: what loads a server, while taking as little as it can for itself.

Connections are real (ICE, DTLS, SRTP, RTCP by aiortc); what is sent was encoded before, and leaves and arrives the way
the media process does it. So 160 legs take less than the half of a core, which is reported apart.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from pathlib import Path

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from core.media.compat import RtpOutlet, forward_receiver
from core.media.guard import Guard, Tally
from core.media.opus import OpusEncoder
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.sound_file import read_frames
from core.media.track import OutgoingTrack

Negotiate = Callable[[str], Awaitable[str]]
SLICES = 20
"""Legs send in turns, a millisecond apart, as browsers do that know nothing of each other."""
CONNECT_AT_ONCE = 8
CONNECT_TIMEOUT_S = 30.0


def speech_packets(path: Path, seconds: float) -> list[bytes]:
    """A voice, encoded."""
    encoder = OpusEncoder()
    return [encoder.encode(frame) for frame in islice(read_frames(path), round(seconds / FRAME_S))]


class SwarmClient:
    """One leg: sends packets when it is told to, and measures how late those of its partner arrive."""

    def __init__(self, negotiate: Negotiate, payloads: Sequence[bytes], data_channel: bool = False) -> None:
        """`data_channel` opens one, too: some servers wait for it before they let anybody be heard."""
        self._negotiate = negotiate
        self._payloads = payloads
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connected = asyncio.Event()
        self._connection.on("connectionstatechange", self._follow)
        self._track = OutgoingTrack(Tally())
        self._connection.addTrack(self._track)
        if data_channel:
            self._connection.createDataChannel("text")
        self._transceiver = self._connection.getTransceivers()[0]
        self._outlet = RtpOutlet(self._transceiver, Tally())
        self._next = random.randrange(len(payloads))
        self._number = 0
        self._start_s: float | None = None
        self.sent_s: dict[bytes, float] = {}
        """When a payload was last sent."""
        self.partner = self
        """Whose packets are heard: its own, where the server is an echo."""
        self.delays_s: list[float] = []
        self.received = 0
        forward_receiver(self._transceiver.receiver, self._take, Guard("swarm", Tally()), Tally())

    def _follow(self) -> None:
        if self._connection.connectionState == "connected":
            self._connected.set()

    async def connect(self) -> None:
        """Offer, take the answer, and wait for the connection."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._connection.setLocalDescription(await self._connection.createOffer())
            answer = await self._negotiate(self._connection.localDescription.sdp)
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
            await self._connected.wait()

    def send(self, now_s: float) -> None:
        """Send the next packet; its timestamp is its place on the clock."""
        if self._start_s is None:
            self._start_s = now_s
        payload = self._payloads[self._next % len(self._payloads)]
        self.sent_s[payload] = now_s
        self._outlet.send(self._number, self._number * FRAME_SAMPLES, payload, False)
        self._next += 1
        self._number += 1

    def _take(self, packet: MediaPacket) -> None:
        self.received += 1
        sent_s = self.partner.sent_s.get(packet.payload)
        if sent_s is not None:
            self.delays_s.append(packet.arrival_s - sent_s)

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()


class Swarm:
    """Clients that all send 50 packets a second, each in its own slice of the 20 ms."""

    def __init__(self, clients: Sequence[SwarmClient]) -> None:
        self.clients = clients
        self.late_s: list[float] = []
        """How late each slice was sent: the generator's own fault."""
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect everybody and begin to send."""
        room = asyncio.Semaphore(CONNECT_AT_ONCE)

        async def connect(client: SwarmClient) -> None:
            async with room:
                await client.connect()

        await asyncio.gather(*(connect(client) for client in self.clients))
        self._sending = asyncio.create_task(self._send(), name="swarm-sending")

    async def _send(self) -> None:
        slices = [self.clients[number::SLICES] for number in range(SLICES)]
        start_s = time.monotonic()
        slot = 0
        while True:
            due_s = start_s + slot * FRAME_S / SLICES
            wait_s = due_s - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self.late_s.append(time.monotonic() - due_s)
            for client in slices[slot % SLICES]:
                client.send(time.monotonic())
            slot += 1

    def forget(self) -> None:
        """Begin to measure anew."""
        self.late_s.clear()
        for client in self.clients:
            client.delays_s.clear()
            client.received = 0

    async def close(self) -> None:
        """Stop sending, and end all connections."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self.clients))
