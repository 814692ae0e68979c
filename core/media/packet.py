"""An audio packet as the bridge sees it, and the arithmetic of its wrapping counters."""

import msgspec

CLOCK_RATE = 48_000
"""RTP clock of Opus in Hz, whatever the sound's own rate (RFC 7587)."""

FRAME_S = 0.02
FRAME_SAMPLES = 960
"""Samples of a 20 ms frame on the RTP clock."""


class MediaPacket(msgspec.Struct, frozen=True, gc=False):
    """One Opus packet of one leg. A struct is made in a tenth of a dataclass's time, and thousands are in a second."""

    ssrc: int
    sequence: int
    """16 bits, wraps."""
    timestamp: int
    """32 bits of the RTP clock, wraps."""
    payload: bytes
    arrival_s: float
    """Monotonic seconds: when it came to this machine, as far as that is known; it may have waited for the loop."""
    marker: bool = False
    """Whether a talkspurt begins with it (RFC 7587, section 4.1)."""


def signed_difference(later: int, earlier: int, bits: int) -> int:
    """`later - earlier` of two counters that wrap at 2**bits, taken the short way round."""
    half = 1 << (bits - 1)
    return ((later - earlier + half) & ((1 << bits) - 1)) - half
