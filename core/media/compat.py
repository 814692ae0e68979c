"""The only place that touches aiortc's and aioice's private parts. tests/media/test_compat.py says when they change."""

import asyncio
import errno
import inspect
import ipaddress
import logging
import secrets
import socket
import time
from collections.abc import Callable
from copy import copy
from itertools import chain

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc import RTCIceCandidate, RTCRtpReceiver, rtcicetransport
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription, candidate_from_sdp

from core.media.address_range import PortRange
from core.media.guard import Guard
from core.media.packet import CLOCK_RATE, MediaPacket
from core.model.errors import MediaPortsUsedUp

logger = logging.getLogger(__name__)

_HANDLER = "_handle_rtp_packet"
_STREAMS = "_RTCRtpReceiver__remote_streams"
_CONNECTION = "Connection"

PacketHandler = Callable[[MediaPacket], None]


def tap_problem() -> str:
    """Why packets cannot be tapped with the installed aiortc; empty when they can."""
    handler = getattr(RTCRtpReceiver, _HANDLER, None)
    if handler is None or not inspect.iscoroutinefunction(handler):
        return f"aiortc's RTCRtpReceiver has no coroutine {_HANDLER} any more"
    if list(inspect.signature(handler).parameters) != ["self", "packet", "arrival_time_ms"]:
        return f"aiortc's RTCRtpReceiver.{_HANDLER} takes other arguments than before"
    if _STREAMS.removeprefix("_RTCRtpReceiver") not in inspect.getsource(RTCRtpReceiver):
        return f"aiortc's RTCRtpReceiver keeps its statistics elsewhere than in {_STREAMS}"
    if not hasattr(StreamStatistics(clockrate=CLOCK_RATE), "add"):
        return "aiortc's StreamStatistics cannot be fed any more"
    return ""


def tap_receiver(receiver: RTCRtpReceiver, take: PacketHandler, guard: Guard, decode: bool) -> None:
    """Hand every RTP packet of `receiver` to `take`, on the media loop, before anything else happens to it.

    Args:
        receiver: Of an audio line that carries Opus only.
        take: Called once a packet, in order of arrival.
        guard: Lets no exception of `take` out: aiortc would close the connection.
        decode: Whether aiortc goes on with its jitter buffer and decoder. If not, only its statistics are fed, from
            which the RTCP receiver reports are made.
    """
    original = getattr(receiver, _HANDLER)
    streams: dict[int, StreamStatistics] = getattr(receiver, _STREAMS)

    async def handle(packet: RtpPacket, arrival_time_ms: int) -> None:
        with guard:
            take(
                MediaPacket(
                    ssrc=packet.ssrc,
                    sequence=packet.sequence_number,
                    timestamp=packet.timestamp,
                    payload=packet.payload,
                    arrival_s=time.monotonic(),
                )
            )
        if decode:
            await original(packet, arrival_time_ms=arrival_time_ms)
            return
        with guard:
            statistics = streams.get(packet.ssrc)
            if statistics is None:
                statistics = streams[packet.ssrc] = StreamStatistics(clockrate=CLOCK_RATE)
            statistics.add(packet)

    setattr(receiver, _HANDLER, handle)


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


def limit_addresses(ports: PortRange | None, advertised: str) -> None:
    """Have every connection that this process makes from now on listen within `ports`, known as `advertised`.

    Args:
        ports: None for any port.
        advertised: IP address that takes the place of this machine's own of the same IP version in what browsers are
            told, because packets to it arrive here on the same port (1:1 NAT). Empty for the machine's own.
    """
    setattr(rtcicetransport, _CONNECTION, _limited(ports, advertised))


def _limited(ports: PortRange | None, advertised: str) -> type[Connection]:
    class LimitedConnection(Connection):
        """Without STUN and TURN: its own addresses are all that it gathers."""

        async def get_component_candidates(
            self,
            component: int,
            addresses: list[str],
            timeout: int = 5,  # noqa: ASYNC109 - aioice's own signature
        ) -> list[Candidate]:
            if ports is None:
                return await super().get_component_candidates(component, addresses, timeout)
            candidates = []
            used_up = False
            for address in addresses:
                try:
                    bound = _bind_within(address, ports)
                except MediaPortsUsedUp:
                    used_up = True
                    continue
                except OSError as error:
                    logger.info("no audio at the address %s: %s", address, error)
                    continue
                _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: StunProtocol(self), sock=bound
                )
                self._protocols.append(protocol)
                host, port = bound.getsockname()[:2]
                protocol.local_candidate = Candidate(
                    foundation=candidate_foundation("host", "udp", host),
                    component=component,
                    transport="udp",
                    priority=candidate_priority(component, "host"),
                    host=host,
                    port=port,
                    type="host",
                )
                candidates.append(protocol.local_candidate)
            if used_up and not candidates:
                raise MediaPortsUsedUp(ports=str(ports))
            return candidates

        @property
        def local_candidates(self) -> list[Candidate]:
            return _as_advertised(super().local_candidates, advertised)

    return LimitedConnection


def _bind_within(address: str, ports: PortRange) -> socket.socket:
    """A UDP socket at a free port; which one is free is left to the system, so that nobody comes between."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
        # From anywhere in the range: a port that was just given up may still get packets of its former browser.
        for port in chain(*ports.beginning_at(secrets.randbelow(len(ports)))):
            try:
                bound.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return bound
        raise MediaPortsUsedUp(ports=str(ports))
    except BaseException:
        bound.close()
        raise


def _as_advertised(candidates: list[Candidate], advertised: str) -> list[Candidate]:
    if not advertised:
        return candidates
    told = ipaddress.ip_address(advertised)
    own = [ipaddress.ip_address(candidate.host) for candidate in candidates]
    # Where it is one of the machine's own, the others are those that browsers cannot reach.
    reached = [told] if told in own else [address for address in own if address.version == told.version]
    return [_at(candidate, str(told)) for candidate, address in zip(candidates, own, strict=True) if address in reached]


def _at(candidate: Candidate, host: str) -> Candidate:
    moved = copy(candidate)
    moved.host = host
    return moved
