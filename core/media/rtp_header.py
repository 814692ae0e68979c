"""RTP packets as bytes (RFC 3550, section 5.1): read without the cost of aiortc's classes, and written."""

import struct

from core.media.packet import MediaPacket

VERSION_BITS = 0x80
FIXED = struct.Struct("!BBHII")
SMALLEST = FIXED.size
RTCP_TYPES = range(192, 224)
"""Second byte of RTCP packets, where RTP has marker and payload type (RFC 5761, section 4)."""


def is_rtp(datagram: bytes) -> bool:
    """Whether a datagram is (S)RTP, and not STUN, DTLS or (S)RTCP (RFC 7983)."""
    return len(datagram) >= SMALLEST and 128 <= datagram[0] < 192 and datagram[1] not in RTCP_TYPES


def ssrc_of(datagram: bytes) -> int:
    """The stream that an (S)RTP packet belongs to; it is not encrypted."""
    return int.from_bytes(datagram[8:12], "big")


def read_packet(data: bytes, arrival_s: float) -> MediaPacket:
    """A decrypted packet; header extensions and contributing sources are left out.

    Raises:
        ValueError: it is cut off.
    """
    if len(data) < SMALLEST:
        raise ValueError("shorter than its header")
    first, second, sequence, timestamp, ssrc = FIXED.unpack_from(data)
    begin, end = SMALLEST + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if end < begin + 4:
            raise ValueError("cut off in its header extension")
        begin += 4 + 4 * int.from_bytes(data[begin + 2 : begin + 4], "big")
    if first & 0x20 and end > begin:
        end -= data[-1]
    if end < begin:
        raise ValueError("shorter than it says")
    return MediaPacket(ssrc, sequence, timestamp, data[begin:end], arrival_s, marker=bool(second & 0x80))


def write_packet(payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool) -> bytes:
    """A packet without extensions; `sequence` and `timestamp` are taken as counters that wrap."""
    second = (0x80 if marker else 0) | payload_type
    return FIXED.pack(VERSION_BITS, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload
