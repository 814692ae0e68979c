"""The only place that touches aiortc's private parts. tests/media/test_compat.py says when they change."""

import inspect
import time
from collections.abc import Callable

from aiortc import RTCIceCandidate, RTCRtpReceiver
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription, candidate_from_sdp

from core.media.guard import Guard
from core.media.packet import CLOCK_RATE, MediaPacket

_HANDLER = "_handle_rtp_packet"
_STREAMS = "_RTCRtpReceiver__remote_streams"

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
