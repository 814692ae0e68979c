"""Opus to PCM and back, by way of PyAV. Blocking, fast (tens to hundreds of microseconds a frame), one thread each."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.media.packet import CLOCK_RATE

Pcm = NDArray[np.int16]
"""Mono samples."""

TIME_BASE = Fraction(1, CLOCK_RATE)

SILENCE_PAYLOAD = b"\xf8\xff\xfe"
"""A 20 ms Opus packet that any decoder, in any state, turns into silence (full band CELT, nothing coded)."""

VOICE_BITS_PER_S = 32_000


class OpusDecoder:
    """Decodes the packets of one stream, in order, to 48 kHz mono."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        codec.sample_rate = CLOCK_RATE
        codec.layout = "mono"
        codec.format = "s16"
        self._codec = codec

    def decode(self, payload: bytes) -> Pcm:
        """One packet's samples, shape (n,); empty when the packet is damaged or empty."""
        if not payload:
            return np.empty(0, np.int16)
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.FFmpegError:
            return np.empty(0, np.int16)
        parts: list[Pcm] = [frame.to_ndarray()[0] for frame in frames]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.int16), *parts])


class OpusEncoder:
    """Encodes 20 ms frames of a mono voice, one packet a frame."""

    def __init__(self, expected_loss_pct: int = 5, sample_rate: int = CLOCK_RATE) -> None:
        """`expected_loss_pct` decides how much of the bit rate goes into copies of former frames.

        `sample_rate` is that of the frames: 8, 12, 16, 24 or 48 kHz. Whoever decodes the packets need not know it.
        """
        codec = av.CodecContext.create("libopus", "w")
        codec.bit_rate = VOICE_BITS_PER_S
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = sample_rate
        codec.time_base = Fraction(1, sample_rate)
        codec.options = {"application": "voip", "fec": "1", "packet_loss": str(expected_loss_pct)}
        self._codec = codec
        self._sample_rate = sample_rate
        self._pts = 0

    def encode(self, pcm: Pcm) -> bytes:
        """One packet of a frame's samples."""
        frame = audio_frame(pcm, self._pts, self._sample_rate)
        self._pts += len(pcm)
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


def audio_frame(pcm: Pcm, pts: int, sample_rate: int = CLOCK_RATE) -> av.AudioFrame:
    """Mono samples as a PyAV frame; `pts` counts samples."""
    frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = pts
    frame.time_base = Fraction(1, sample_rate)
    return frame


def opus_packet(payload: bytes, pts: int) -> "av.Packet[Any]":
    """An encoded packet that aiortc's sender passes on as it is."""
    packet = av.Packet(payload)
    packet.pts = pts
    packet.time_base = TIME_BASE
    return packet
