"""Touches aiortc's private parts, as compat_ice.py does aioice's. tests/media/test_compat.py says when they change."""

import inspect
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pylibsrtp
from aioice import Connection
from aioice.ice import CandidatePair, StunProtocol
from aiortc import (
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceTransport,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc.rtcdtlstransport import State
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription, candidate_from_sdp

from core.media.guard import Guard, Tally
from core.media.packet import CLOCK_RATE, MediaPacket, signed_difference
from core.media.rtp_header import is_rtp, read_packet, ssrc_of, write_packet
from core.media.socket_clock import SocketClock

logger = logging.getLogger(__name__)

_HANDLER = "_handle_rtp_packet"
_STREAMS = "_RTCRtpReceiver__remote_streams"
_STATISTICS = ("packet.timestamp != self._last_timestamp", "self._jitter_q4 >> 4", "self._clockrate", "self.max_seq = ")
_DATAGRAM_RECEIVED = "datagram_received"
_SENT = ("ntp_timestamp", "rtp_timestamp", "packet_count", "octet_count")
_COMPONENT = 1
"""ICE component of RTP and, multiplexed, RTCP."""
_NTP_OFFSET_S = 2_208_988_800
"""From 1900 to 1970."""

PacketHandler = Callable[[MediaPacket], None]
Send = Callable[[bytes], Awaitable[None]]
TakeDatagram = Callable[[bytes, tuple[Any, ...]], None]


class ReceiveStatistics(StreamStatistics):
    """What aiortc reports on a received stream, in receiver reports and `getStats`, with a jitter to be believed.

    aiortc subtracts RTP timestamps as they are, which wrap every 24.9 hours from a random start, and takes arrivals
    from the wall clock, which may be set: after either its jitter is up to millions of ms, for seconds. It goes on
    counting; the jitter is reckoned here.
    """

    def __init__(self, clockrate: int) -> None:
        super().__init__(clockrate)
        self._newest: tuple[float, int] | None = None
        """When the packet that is newest by its number arrived, in monotonic seconds, and its timestamp."""

    def add(self, packet: RtpPacket) -> None:
        """Count a packet that arrives now. aiortc's receiver calls it."""
        self.add_arrived(packet, time.monotonic())

    def add_arrived(self, packet: RtpPacket, arrival_s: float) -> None:
        """Count a packet that arrived at `arrival_s`, in monotonic seconds.

        The jitter is that of RFC 3550, appendix A.8, in clock units: each packet moves it a sixteenth of the way
        to what its arrival and its timestamp have gone apart. As with aiortc, packets that were overtaken, and further
        ones with the timestamp of the last, do not move it.
        """
        former = self.max_seq
        # What has the last timestamp leaves aiortc's own jitter alone.
        self._last_timestamp = packet.timestamp
        super().add(packet)
        if self.max_seq == former:
            return
        newest, self._newest = self._newest, (arrival_s, packet.timestamp)
        if newest is None:
            return
        step = signed_difference(packet.timestamp, newest[1], 32)
        if step:
            passed = round((arrival_s - newest[0]) * self._clockrate)
            self._jitter_q4 += abs(passed - step) - ((self._jitter_q4 + 8) >> 4)


def tap_problem() -> str:
    """Why packets cannot be tapped with the installed aiortc; empty when they can."""
    handler = getattr(RTCRtpReceiver, _HANDLER, None)
    if handler is None or not inspect.iscoroutinefunction(handler):
        return f"aiortc's RTCRtpReceiver has no coroutine {_HANDLER} any more"
    if list(inspect.signature(handler).parameters) != ["self", "packet", "arrival_time_ms"]:
        return f"aiortc's RTCRtpReceiver.{_HANDLER} takes other arguments than before"
    if _STREAMS.removeprefix("_RTCRtpReceiver") not in inspect.getsource(RTCRtpReceiver):
        return f"aiortc's RTCRtpReceiver keeps its statistics elsewhere than in {_STREAMS}"
    if list(inspect.signature(StreamStatistics.add).parameters) != ["self", "packet"]:
        return "aiortc's StreamStatistics cannot be fed any more"
    source = inspect.getsource(StreamStatistics)
    for part in _STATISTICS:
        if part not in source:
            return f"aiortc's StreamStatistics has no {part} any more"
    return ""


def tap_receiver(receiver: RTCRtpReceiver, take: PacketHandler, guard: Guard, decode: bool) -> None:
    """Hand every RTP packet of `receiver` to `take`, on the media loop, before anything else happens to it.

    Args:
        receiver: Of an audio line that carries Opus only.
        take: Called once a packet, in order of arrival.
        guard: Lets no exception of `take` out: aiortc would close the connection.
        decode: Whether aiortc goes on with its jitter buffer and decoder. If not, only its statistics are fed, from
            which the RTCP receiver reports are made. Either way they are `ReceiveStatistics`.
    """
    original = getattr(receiver, _HANDLER)
    streams: dict[int, StreamStatistics] = getattr(receiver, _STREAMS)

    def count(packet: RtpPacket) -> None:
        statistics = streams.get(packet.ssrc)
        if not isinstance(statistics, ReceiveStatistics):
            statistics = streams[packet.ssrc] = ReceiveStatistics(CLOCK_RATE)
        statistics.add(packet)

    async def handle(packet: RtpPacket, arrival_time_ms: int) -> None:
        with guard:
            take(
                MediaPacket(
                    ssrc=packet.ssrc,
                    sequence=packet.sequence_number,
                    timestamp=packet.timestamp,
                    payload=packet.payload,
                    arrival_s=time.monotonic(),
                    marker=bool(packet.marker),
                )
            )
        if decode:
            await original(packet, arrival_time_ms=arrival_time_ms)
            if type(streams.get(packet.ssrc)) is StreamStatistics:
                # A stream's first packet. aiortc goes on with what it finds in the place of its own.
                count(packet)
            return
        with guard:
            count(packet)

    setattr(receiver, _HANDLER, handle)


def forward_problem() -> str:
    """Why packets cannot be forwarded from socket to socket with the installed aiortc; empty when they can."""
    if problem := tap_problem():
        return problem
    parts: tuple[tuple[type, tuple[str, ...]], ...] = (
        (RTCRtpSender, tuple(f"self.__{name}" for name in _SENT)),
        (RTCDtlsTransport, ("self._rx_srtp.unprotect(", "self._tx_srtp.protect(", "self._state != State.CONNECTED")),
        (RTCIceTransport, ("self._connection",)),
        (Connection, ("self._nominated.get(", "self._protocols")),
        (StunProtocol, ("def datagram_received(self, data", "self.transport.sendto(data, addr)")),
        (RTCPeerConnection, ("transceiver._codecs",)),
    )
    for owner, names in parts:
        source = inspect.getsource(owner)
        for name in names:
            if name not in source:
                return f"{owner.__module__}.{owner.__name__} has no {name} any more"
    return ""


class RtpOutlet:
    """Sends the packets of one audio line straight from its socket, and has aiortc's sender report on them.

    The sender must have nothing to send itself: both would number packets of one stream. Media loop only.
    """

    def __init__(self, transceiver: RTCRtpTransceiver, tally: Tally) -> None:
        """`tally` counts as `packets_too_late` what can be sent no more."""
        self._transceiver = transceiver
        self._tally = tally
        # The lower half, so that the first packets cannot be taken for those before a wrap (RFC 3711, section 3.3.1).
        self._first_sequence = secrets.randbelow(1 << 15)
        self._first_timestamp = secrets.randbits(32)
        self._newest = -1
        self._pair: CandidatePair | None = None
        self._address: tuple[str, int] = ("", 0)

    def send(self, number: int, pts: int, payload: bytes, marker: bool) -> bool:
        """Send a packet with a sequence number and a timestamp (1/48000 s) that count from 0 on and do not wrap.

        It goes on the path that ICE has nominated at the moment. Returns whether it was sent: there may be no
        connection, or the packet may be so late that it counts as a repeated one (RFC 3711, section 3.3.2).
        """
        sender: Any = self._transceiver.sender
        dtls = sender.transport
        pair = dtls.transport._connection._nominated.get(_COMPONENT)
        payload_type = self._transceiver._codecs[0].payloadType
        if pair is None or payload_type is None or dtls._state is not State.CONNECTED:
            return False
        if pair is not self._pair:
            self._pair, self._address = pair, pair.remote_addr
        timestamp = (self._first_timestamp + pts) & 0xFFFFFFFF
        packet = write_packet(
            payload_type,
            self._first_sequence + number,
            timestamp,
            sender._ssrc,
            payload,
            marker,
        )
        try:
            protected = dtls._tx_srtp.protect(packet)
        except pylibsrtp.Error:
            self._tally.add("packets_too_late")
            return False
        pair.protocol.transport.sendto(protected, self._address)
        if number > self._newest:
            # What a sender report says has to be about one packet: a late one would turn its clock back.
            self._newest = number
            sender._RTCRtpSender__ntp_timestamp = ntp_time(time.time())
            sender._RTCRtpSender__rtp_timestamp = timestamp
        sender._RTCRtpSender__packet_count += 1
        sender._RTCRtpSender__octet_count += len(payload)
        return True


def divert_sender(sender: RTCRtpSender, divert: Callable[[Send], Send]) -> None:
    """Let plain RTP and RTCP packets of a connection go another way, from the sender's transport to its encryption.

    `divert` gets the usual way and gives the one that is taken from now on.
    """
    transport: Any = sender.transport
    transport._send_rtp = divert(transport._send_rtp)


def ntp_time(unix_s: float) -> int:
    """Seconds since 1900 in 32.32 bits (RFC 5905, section 6), as exact as a float: half a microsecond."""
    return int((unix_s + _NTP_OFFSET_S) * (1 << 32))


def forward_receiver(receiver: RTCRtpReceiver, take: PacketHandler, guard: Guard, tally: Tally) -> None:
    """Hand every RTP packet of `receiver` to `take` within the callback of its datagram, on the media loop.

    A stream's first packets go aiortc's way, which decides whose they are; from then on datagrams of that stream are
    decrypted here. Everything else (STUN, DTLS, RTCP) goes aiortc's way.

    Args:
        receiver: Of an audio line that carries Opus only.
        take: Called once a packet, in order of arrival.
        guard: Lets no exception of `take` out.
        tally: Counts as `packets_refused` what cannot be decrypted: forged, damaged, or there before.
    """
    streams: dict[int, ReceiveStatistics] = getattr(receiver, _STREAMS)
    # As much of a packet as aiortc's statistics look at.
    counted = RtpPacket()
    is_open = False

    def take_first(packet: MediaPacket) -> None:
        nonlocal is_open
        if not is_open:
            is_open = True
            for protocol in receiver.transport.transport._connection._protocols:
                usual, clock = protocol.datagram_received, SocketClock(protocol.transport)
                setattr(protocol, _DATAGRAM_RECEIVED, partial(take_datagram, usual, clock))
        take(packet)

    def take_datagram(usual: TakeDatagram, clock: SocketClock, data: bytes, addr: tuple[Any, ...]) -> None:
        statistics = streams.get(ssrc_of(data)) if is_rtp(data) else None
        if statistics is None:
            usual(data, addr)
            return
        with guard:
            try:
                plain = receiver.transport._rx_srtp.unprotect(data)
            except pylibsrtp.Error:
                tally.add("packets_refused")
                return
            packet = read_packet(plain, clock.arrival_s())
            counted.sequence_number, counted.timestamp = packet.sequence, packet.timestamp
            statistics.add_arrived(counted, packet.arrival_s)
            take(packet)

    tap_receiver(receiver, take_first, guard, decode=False)


def read_candidate(candidate: str, sdp_mid: str | None, sdp_mline_index: int | None) -> RTCIceCandidate:
    """A candidate as browsers write it (`candidate:...`).

    Raises:
        ValueError: it cannot be read.
    """
    try:
        parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
    except (AssertionError, IndexError, ValueError) as error:
        raise ValueError("it cannot be read") from error
    parsed.sdpMid = sdp_mid
    parsed.sdpMLineIndex = sdp_mline_index
    return parsed


def offered_lines(sdp: str) -> list[tuple[str, frozenset[str]]]:
    """The media lines of a session description: kind (`audio`, `video`, ...) and lower-case codec names.

    Raises:
        ValueError: it is no session description.
    """
    try:
        description = SessionDescription.parse(sdp)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError("it is not a session description") from error
    return [(media.kind, frozenset(codec.name.lower() for codec in media.rtp.codecs)) for media in description.media]
