"""Audio lines without a network: real receivers, senders and keys, given their packets by the test, on its clocks."""

from types import SimpleNamespace
from typing import Any, cast

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver
from aiortc.rtcdtlstransport import State
from aiortc.rtp import RtpPacket
from pylibsrtp import Policy, Session

from core.media.packet import CLOCK_RATE
from core.media.rtp_header import write_packet

WRAP = 1 << 32
SSRC = 7
PAYLOAD = b"\xf8\xff\xfe"
ADDRESS = ("127.0.0.1", 9)


class Clocks:
    """Stands where modules have `time`: the wall clock can be set without the monotonic one."""

    def __init__(self) -> None:
        self.monotonic_s = 1_000.0
        self.wall_s = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.monotonic_s

    def time(self) -> float:
        return self.wall_s

    def pass_by(self, seconds: float) -> None:
        """Let both clocks go on."""
        self.monotonic_s += seconds
        self.wall_s += seconds


def packet(number: int, timestamp: int) -> RtpPacket:
    """A packet of the one stream that lines get here."""
    return RtpPacket(payload_type=111, sequence_number=number, timestamp=timestamp % WRAP, ssrc=SSRC, payload=PAYLOAD)


class Path:
    """An ICE protocol and its transport: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.transport = self
        self.datagram_received: Any = None
        """What the forwarding of datagrams puts there."""

    def get_extra_info(self, _name: str) -> None:
        return None

    def sendto(self, data: bytes, _addr: tuple[str, int]) -> None:
        self.sent.append(data)


class Transport:
    """As much of a DTLS transport as is looked at; what the far end sends is protected with `far_end`."""

    state = "connected"
    _state = State.CONNECTED
    _stats_id = "transport"

    def __init__(self) -> None:
        keys = bytes(range(30))
        self._rx_srtp = Session(Policy(key=keys, ssrc_type=Policy.SSRC_ANY_INBOUND))
        self._tx_srtp = Session(Policy(key=keys, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self.far_end = Session(Policy(key=keys, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self.path = Path()
        pair = SimpleNamespace(protocol=self.path, remote_addr=ADDRESS)
        self.transport = SimpleNamespace(_connection=SimpleNamespace(_protocols=[self.path], _nominated={1: pair}))

    def _get_stats(self) -> dict[str, object]:
        return {}


class Line:
    """One audio line, to be wired as a bridge wires it."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.receiver = RTCRtpReceiver("audio", cast(Any, self.transport))
        self.sender = RTCRtpSender("audio", cast(Any, self.transport))
        opus = RTCRtpCodecParameters("audio/opus", CLOCK_RATE, 2, 111)
        self.transceiver = cast(
            RTCRtpTransceiver, SimpleNamespace(sender=self.sender, receiver=self.receiver, _codecs=[opus])
        )
        cast(Any, self.receiver)._RTCRtpReceiver__codecs[111] = opus

    @property
    def is_forwarded(self) -> bool:
        """Whether datagrams do not go aiortc's way any more."""
        return self.transport.path.datagram_received is not None

    async def take(self, packet: RtpPacket) -> None:
        """Let a packet come from the far end."""
        if not self.is_forwarded:
            await self.receiver._handle_rtp_packet(packet, arrival_time_ms=0)
            return
        plain = write_packet(111, packet.sequence_number, packet.timestamp, SSRC, packet.payload, marker=False)
        self.transport.path.datagram_received(self.transport.far_end.protect(plain), ADDRESS)

    async def inbound(self) -> Any:
        """What aiortc says of the stream that comes in."""
        (stats,) = [s for s in (await self.receiver.getStats()).values() if s.type == "inbound-rtp"]
        return stats
