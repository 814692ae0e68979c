"""One participant's media connection: one audio line, offered once."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from aiortc import RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from core.media.bridge import Bridge
from core.media.compat import offered_lines, read_candidate
from core.media.compat_ice import path_in_use, relay_problem
from core.media.events import LegSpec
from core.media.guard import Tally
from core.media.ice import IceConfiguration
from core.media.meter import LegMeter
from core.media.packet import MediaPacket
from core.media.peer_configuration import peer_configuration
from core.media.spare_turns import Later, at_once
from core.media.speech_feed import SpeechFeed
from core.model.audio import PcmChunk
from core.model.call import LegState
from core.model.errors import MediaError, OfferRefused, RelayRefused, RelayUnreachable
from core.model.media_path import MediaPath
from core.model.sample import RtpSample

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 3.0
IDLE_S = 0.3
"""Without packets for this long, what the speech feed still holds is handed out."""


class Leg:
    """A leg in the media process. Media loop only.

    Args:
        spec: Whose leg it is and what it is for.
        bridge: Carries its sound to the others.
        on_state: Told every new state, LOST and CLOSED once and last.
        on_pcm: Given the decoded sound when the leg has `speech`.
        tally: Counts what is dropped.
        later: Has what may wait for packets done after them.
    """

    def __init__(
        self,
        spec: LegSpec,
        bridge: Bridge,
        on_state: Callable[["Leg", LegState], None],
        on_pcm: Callable[[PcmChunk], None],
        tally: Tally,
        later: Later = at_once,
    ) -> None:
        self.spec = spec
        self.state = LegState.OPEN
        self.muted = False
        self._bridge = bridge
        self._on_state = on_state
        self._meter = LegMeter(spec.leg_id)
        self._speech = SpeechFeed(spec.leg_id, on_pcm, tally, spec.chunk_s, later) if spec.speech else None
        self._connection: RTCPeerConnection | None = None
        self._audio: RTCRtpTransceiver | None = None
        self._described = False
        self._early: list[tuple[str | None, str | None, int | None]] = []
        self._last_arrival_s = 0.0

    async def answer(self, offer_sdp: str, ice: IceConfiguration) -> str:
        """Answer the leg's one offer; all of the server's candidates are inside.

        Waits for STUN and TURN servers as long as `compat_ice.GATHER_TIMEOUT_S`. Without an address of a TURN server
        it goes on, and sooner, unless only a relay may be used.

        Raises:
            OfferRefused: it is the second, or has no audio line with Opus, or cannot be read.
            MediaPortsUsedUp: there is no port left for it.
            RelayRefused, RelayUnreachable: it may use a relay only, and has none.
        """
        if self._connection is not None:
            raise self._refused("it has already been answered, and a connection is offered only once")
        self._connection = RTCPeerConnection(peer_configuration(ice))
        self._connection.on("connectionstatechange", self._follow)
        self._connection.on("iceconnectionstatechange", self._follow)
        self._change(LegState.CONNECTING)
        try:
            answer = await self._negotiate(self._connection, offer_sdp)
            self._check_relay(ice)
        except MediaError:
            self._change(LegState.LOST)
            raise
        return answer

    @property
    def path(self) -> MediaPath | None:
        """The way that packets take now; None while there is none, and for a leg that is fed from a file."""
        return None if self._connection is None or self._audio is None else path_in_use(self._audio.sender)

    def _check_relay(self, ice: IceConfiguration) -> None:
        """See that there is a relay where one was asked for."""
        if ice.relay is None or self._audio is None:
            return
        problem = relay_problem(self._audio.sender)
        if problem is None:
            return
        logger.warning("leg %s has no relay: %s: %s", self.spec.leg_id, ice.relay.url, problem.reason)
        if ice.relay_only:
            raise (RelayRefused if problem.is_refusal else RelayUnreachable)(server=ice.relay.url)

    async def _negotiate(self, connection: RTCPeerConnection, offer_sdp: str) -> str:
        try:
            lines = offered_lines(offer_sdp)
        except ValueError as error:
            raise self._refused(str(error)) from error
        if not any(kind == "audio" and "opus" in codecs for kind, codecs in lines):
            raise self._refused("it offers no audio line with the Opus codec")
        audio = self._audio = connection.addTransceiver(
            "audio", direction="sendonly" if self.spec.listen_only else "sendrecv"
        )
        opus = [codec for codec in RTCRtpSender.getCapabilities("audio").codecs if codec.mimeType == "audio/opus"]
        audio.setCodecPreferences(opus)
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp=offer_sdp, type="offer"))
            if self._connection is not connection:
                # Its ear would be attached after the last chance to detach it.
                raise self._refused("it was closed in the meantime")
            for transceiver in connection.getTransceivers():
                if transceiver is not audio:
                    transceiver.direction = "inactive"
            self._bridge.attach(self.spec.leg_id, audio, self._receive)
            await connection.setLocalDescription(await connection.createAnswer())
        except (InvalidAccessError, InvalidStateError, OperationError, ValueError) as error:
            raise self._refused(f"its description does not fit ({error})") from error
        self._described = True
        for candidate in self._early:
            await self.add_candidate(*candidate)
        return with_error_correction(connection.localDescription.sdp)

    async def add_candidate(self, candidate: str | None, sdp_mid: str | None, sdp_mline_index: int | None) -> None:
        """Take a trickled candidate; those before the offer wait for it. None or an empty text ends them.

        Raises:
            OfferRefused: the candidate cannot be read.
        """
        if self._connection is None or not self._described:
            self._early.append((candidate, sdp_mid, sdp_mline_index))
            return
        if not candidate:
            await self._connection.addIceCandidate(None)
            return
        try:
            await self._connection.addIceCandidate(read_candidate(candidate, sdp_mid, sdp_mline_index))
        except ValueError as error:
            raise self._refused(f"a network candidate does not fit ({error})") from error

    def _refused(self, reason: str) -> OfferRefused:
        return OfferRefused(leg_id=self.spec.leg_id, reason=reason)

    def _receive(self, packet: MediaPacket) -> None:
        self._last_arrival_s = packet.arrival_s
        self._meter.count(packet)
        if self._speech is not None and not self.muted:
            self._speech.push(packet)

    def feed(self, packet: MediaPacket) -> None:
        """Take a packet that comes from a file or is made here, not from the network."""
        self._change(LegState.CONNECTED)
        self._bridge.inject(self.spec.leg_id, packet)
        self._receive(packet)

    def set_muted(self, muted: bool) -> None:
        """Neither forward nor decode what the leg sends, or do so again. Idempotent."""
        if muted and not self.muted and self._speech is not None:
            self._speech.mute()
        self.muted = muted
        self._bridge.set_muted(self.spec.leg_id, muted)

    def _follow(self) -> None:
        if self._connection is None:
            return
        states = {self._connection.connectionState, self._connection.iceConnectionState}
        if states & {"failed", "closed"}:
            self._change(LegState.LOST)
        elif self._connection.connectionState == "connected":
            self._change(LegState.CONNECTED)

    def _change(self, state: LegState) -> None:
        if state is self.state or self.state in (LegState.LOST, LegState.CLOSED):
            return
        self.state = state
        self._on_state(self, state)

    async def sample(
        self, now_s: float, period_s: float, loop_lag_p99_ms: float | None = None
    ) -> tuple[RtpSample, ...]:
        """The figures of the period that ends now; nothing before the leg is connected.

        `loop_lag_p99_ms` is the media loop's own of about this period.
        """
        if self.state is not LegState.CONNECTED:
            return ()
        level = self._take_level(now_s)
        receiver = self._audio.receiver if self._audio else None
        samples: tuple[RtpSample, ...] = ()
        if not self.spec.listen_only:
            samples += (await self._meter.inbound(receiver, now_s, period_s, level),)
        if self._audio is not None:
            deviation = self._bridge.take_deviation(self.spec.leg_id)
            outbound = await self._meter.outbound(self._audio.sender, now_s, period_s, deviation)
            samples += (replace(outbound, loop_lag_p99_ms=loop_lag_p99_ms),)
        return samples

    def _take_level(self, now_s: float) -> float | None:
        if self._speech is None:
            return None
        if now_s - self._last_arrival_s > IDLE_S:
            self._speech.flush()
        return self._speech.take_level()

    async def close(self) -> None:
        """End the leg: its owner's wish. Idempotent; bounded in time."""
        self._change(LegState.CLOSED)
        self.set_muted(True)
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await asyncio.wait_for(connection.close(), CLOSE_TIMEOUT_S)
            except TimeoutError:
                logger.warning("leg %s took more than %.0f s to close", self.spec.leg_id, CLOSE_TIMEOUT_S)
        # Last, because packets come until the connection is closed.
        await self._bridge.detach(self.spec.leg_id)


def with_error_correction(answer_sdp: str) -> str:
    """Tell the browser in the answer that Opus in-band error correction is welcome (RFC 7587, useinbandfec)."""
    lines: list[str] = []
    for line in answer_sdp.splitlines():
        lines.append(line)
        if line.startswith("a=rtpmap:") and line.lower().endswith(" opus/48000/2"):
            payload_type = line.removeprefix("a=rtpmap:").split()[0]
            lines.append(f"a=fmtp:{payload_type} minptime=10;useinbandfec=1")
    return "\r\n".join(lines) + "\r\n"
