"""A client that plays a sound file over a real media connection: the demo's two sides, tests, benchmarks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from core.media.client import ControlClient
from core.media.compat import Send, divert_sender, tap_receiver
from core.media.guard import Guard, Tally
from core.media.ice import OWN_ADDRESSES, IceConfiguration
from core.media.impairing import ImpairedWire, decode_order
from core.media.messages import Answer
from core.media.opus import SILENCE_PAYLOAD, opus_packet
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.peer_configuration import peer_configuration
from core.media.sound_file import SoundFile
from core.model.call import LegId
from core.model.errors import MediaProcessDown, MediaTimeout
from core.model.impairment import Impairment

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15.0
LINGER_S = 10.0
"""How long a player that has come to the end keeps its connections, for the call to close them in an orderly way."""

SKIP_S = 0.5
"""After a stall longer than this the player goes on in time instead of sending everything at once."""

Negotiate = Callable[[str], Awaitable[str]]


class PacedTrack(MediaStreamTrack):
    """Sends 50 packets a second on the monotonic clock: silence until `begin`, then the file."""

    kind = "audio"

    def __init__(self, file: SoundFile) -> None:
        super().__init__()
        self._file = file
        self._begun = False
        self._slot = 0
        self._due_s: float | None = None
        self._step_s = FRAME_S

    def begin(self) -> None:
        """Let the file be heard."""
        self._begun = True

    def set_drift(self, ms_per_min: float) -> None:
        """Let the track's clock be fast from now on, or slow below 0: time stamps and packets gain on time."""
        self._step_s = FRAME_S * 60_000.0 / (60_000.0 + ms_per_min)

    async def recv(self) -> "av.Packet[Any]":
        """The next 20 ms when they are due. Called by aiortc's sender.

        Raises:
            MediaStreamError: the track was stopped.
        """
        if self.readyState != "live":
            raise MediaStreamError
        now_s = time.monotonic()
        due_s = now_s if self._due_s is None else self._due_s
        if due_s > now_s:
            await asyncio.sleep(due_s - now_s)
        elif due_s < now_s - SKIP_S:
            skipped = int((now_s - due_s) / self._step_s)
            self._slot += skipped
            due_s += skipped * self._step_s
        self._due_s = due_s + self._step_s
        packet = opus_packet(self._file.next_packet() if self._begun else SILENCE_PAYLOAD, self._slot * FRAME_SAMPLES)
        self._slot += 1
        return packet


class FileClient:
    """A WebRTC client that sends a file and takes what comes back.

    Args:
        file: Started by its owner, closed here.
        negotiate: Gives the answer to an offer.
        on_packet: Called with every packet that arrives; None to ignore them. Nothing is decoded.
        ice: The STUN and TURN servers of the client's own side; none by default, for a client on the server's machine.
        random: Decides what becomes of single packets while the client is impaired.
    """

    def __init__(
        self,
        file: SoundFile,
        negotiate: Negotiate,
        on_packet: Callable[[MediaPacket], None] | None = None,
        ice: IceConfiguration = OWN_ADDRESSES,
        random: Random | None = None,
    ) -> None:
        self.file = file
        self.connection = RTCPeerConnection(peer_configuration(ice))
        self.ended = asyncio.Event()
        """Set when the connection is over, whoever ended it."""
        self._track = PacedTrack(file)
        self._negotiate = negotiate
        self._connected = asyncio.Event()
        self._random = random or Random()
        self._wire: ImpairedWire | None = None
        self.connection.on("connectionstatechange", self._follow)
        self.connection.addTrack(self._track)
        receiver = self.connection.getReceivers()[0]
        tap_receiver(receiver, on_packet or (lambda _: None), Guard("client_errors", Tally()), decode=False)

    def _follow(self) -> None:
        if self.connection.connectionState == "connected":
            self._connected.set()
        elif self.connection.connectionState in ("failed", "closed"):
            self.ended.set()

    async def connect(self) -> None:
        """Offer, take the answer, and wait for the connection.

        Raises:
            MediaTimeout: it does not come about in time.
            MediaError: the offer was not answered.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self.connection.setLocalDescription(await self.connection.createOffer())
                answer = await self._negotiate(self.connection.localDescription.sdp)
                await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
                await self._connected.wait()
        except TimeoutError as error:
            raise MediaTimeout(request="connect") from error

    def begin(self) -> None:
        """Let the file be heard."""
        self._track.begin()

    def impair(self, impairment: Impairment) -> None:
        """Do this to all that is sent from now on, instead of what was done before. Only while connected."""
        if self._wire is None:
            divert_sender(self.connection.getSenders()[0], self._divert)
        if self._wire is not None:
            self._wire.impairment = impairment
        self._track.set_drift(impairment.drift_ms_per_min)

    def _divert(self, send: Send) -> Send:
        self._wire = ImpairedWire(send, self._random, time.monotonic)
        return self._wire.take

    async def close(self) -> None:
        """End the connection and the file. Idempotent."""
        await self.connection.close()
        if self._wire is not None:
            await self._wire.close()
        self.ended.set()
        await asyncio.to_thread(self.file.close)


async def play_files(
    socket: Path,
    files: Mapping[LegId, Path],
    report: Callable[[str], None],
    loop: bool = False,
    offset_s: float = 0.0,
    orders: AsyncIterable[bytes] | None = None,
) -> None:
    """Play each file into its leg, all begun at the same moment; returns when the legs are closed.

    Args:
        socket: Of the media process, where the legs are open.
        files: Path by leg.
        report: Told `playing` and `ended`.
        loop: Start again at the end, until the legs are closed.
        offset_s: How much of each file is left out at first.
        orders: Lines that `encode_order` makes, followed while the files play; None for none.

    Raises:
        AudioFileUnreadable: one of the files.
        MediaProcessDown: the connections were lost before the end.
        MediaError: a connection did not come about.
    """
    control = ControlClient()
    sounds = {leg_id: SoundFile(path, loop, offset_s) for leg_id, path in files.items()}
    clients: dict[LegId, FileClient] = {}
    following: asyncio.Task[None] | None = None
    try:
        await asyncio.gather(*(asyncio.to_thread(sound.start) for sound in sounds.values()))
        await control.connect(socket)
        for leg_id, sound in sounds.items():
            clients[leg_id] = FileClient(sound, _negotiation(control, leg_id))
        await asyncio.gather(*(client.connect() for client in clients.values()))
        if orders is not None:
            following = asyncio.create_task(_follow(orders, clients), name="media-player-orders")
        report("playing")
        for client in clients.values():
            client.begin()
        await _until_ended(list(clients.values()))
        report("ended")
        async with asyncio.timeout(LINGER_S):
            await asyncio.gather(*(client.ended.wait() for client in clients.values()))
    except TimeoutError:
        return
    except OSError as error:
        raise MediaProcessDown from error
    finally:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in clients.values()))
        await asyncio.gather(*(asyncio.to_thread(sound.close) for sound in sounds.values()))
        await control.close()


def _negotiation(control: ControlClient, leg_id: LegId) -> Negotiate:
    async def negotiate(offer_sdp: str) -> str:
        # Without any relay, whatever the settings say: both ends are on this machine.
        return await control.request(Answer(leg_id=leg_id, offer_sdp=offer_sdp))

    return negotiate


async def _follow(orders: AsyncIterable[bytes], clients: Mapping[LegId, FileClient]) -> None:
    async for line in orders:
        try:
            order = decode_order(line)
        except ValueError as error:
            logger.warning("an order was not understood: %s", error)
            continue
        if (client := clients.get(order.leg_id)) is not None:
            client.impair(order.impairment)


async def _until_ended(clients: list[FileClient]) -> None:
    while not all(client.file.ended for client in clients):
        if all(client.ended.is_set() for client in clients):
            raise MediaProcessDown
        await asyncio.sleep(FRAME_S)
    for client in clients:
        if client.file.error is not None:
            raise client.file.error
