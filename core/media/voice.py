"""A voice that is given as sound: sent frame by frame in real time, silence while there is nothing to say."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.media.events import VoiceSent
from core.media.guard import Tally
from core.media.level import SILENCE_DBFS, LevelMeter
from core.media.mixer import glide, soft_clip
from core.media.opus import OpusEncoder, Pcm
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.model.call import LegId
from core.model.persona import PERSONA_FORMAT

LONGEST_S = 600.0
"""Sound that may wait; what finds no room is counted."""

RATE = PERSONA_FORMAT.sample_rate
FRAME = int(FRAME_S * RATE)
"""Samples of a frame."""

FADE = np.linspace(1.0, 0.0, RATE // 100)
"""Ten milliseconds: what is cut off dies away so."""


@dataclass(slots=True)
class _Piece:
    """Sound of one item that waits, and how much of it has gone out."""

    item_id: str
    pcm: Pcm
    sent: int = 0


class Voice:
    """What one leg says. Media loop only.

    Opus takes the sound as it is, at 24 kHz. Where sound begins, ends or is cut off, the step is smoothed over 10 ms:
    it would be heard as a click. That much of what is cut off is still heard, and told to nobody.

    Args:
        leg_id: The leg.
        take: Takes a packet in every slot.
        on_sent: Told of given sound just before the packet that it is in.
        tally: Counts what finds no room.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        leg_id: LegId,
        take: Callable[[MediaPacket], None],
        on_sent: Callable[[VoiceSent], None],
        tally: Tally,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leg_id = leg_id
        self._take = take
        self._on_sent = on_sent
        self._tally = tally
        self._now = now
        self._encoder = OpusEncoder(sample_rate=RATE)
        self._level = LevelMeter()
        self._waiting: deque[_Piece] = deque()
        self._waiting_samples = 0
        self._sequence = 0
        self._last = 0
        """The sample that went out last."""
        self._is_unbroken = False
        """Whether what waits follows what went out last."""
        self._fading: Pcm = np.empty(0, np.int16)
        """The end of what was cut off."""
        self._silence = b""
        """The packet of the last silent frame; empty when sound came after it."""
        self._is_settled = False
        """Whether further silence would be encoded as the same packet."""

    def speak(self, item_id: str, pcm: bytes) -> None:
        """Say this (`PERSONA_FORMAT`, whole samples) after what was given before."""
        room = int(LONGEST_S * RATE) - self._waiting_samples
        samples = np.frombuffer(pcm, "<i2")
        kept = samples[:room]
        if len(kept) < len(samples):
            self._tally.add("voice_ms", (len(samples) - len(kept)) * 1000 // RATE)
        if len(kept):
            self._waiting.append(_Piece(item_id, kept))
            self._waiting_samples += len(kept)

    def hush(self) -> None:
        """Say nothing more of what was given. Idempotent."""
        if self._is_unbroken:
            following, filled, _ = self._next_frame()
            heard = min(filled, len(FADE))
            self._fading = np.round(following[:heard] * FADE[:heard]).astype(np.int16)
        self._waiting.clear()
        self._waiting_samples = 0
        self._is_unbroken = False

    def tick(self, slot: int) -> None:
        """Send the next 20 ms; the pacer's call."""
        frame, filled, parts = self._next_frame()
        if filled or self._last or len(self._fading):
            frame = self._smooth(frame, filled)
            payload = self._encode(frame)
            self._level.add(frame)
        else:
            payload = self._encode_silence(frame)
        self._sequence = (self._sequence + 1) & 0xFFFF
        timestamp = (slot * FRAME_SAMPLES) & 0xFFFFFFFF
        at_s = self._now()
        begin_s = at_s
        for item_id, samples in parts:
            seconds = samples / RATE
            self._on_sent(VoiceSent(self._leg_id, item_id, begin_s, seconds))
            begin_s += seconds
        self._take(MediaPacket(0, self._sequence, timestamp, payload, at_s))

    def _next_frame(self) -> tuple[Pcm, int, list[tuple[str, int]]]:
        """A frame, how much of it is given sound, and whose that is."""
        frame = np.zeros(FRAME, np.int16)
        filled = 0
        parts: list[tuple[str, int]] = []
        while filled < FRAME and self._waiting:
            piece = self._waiting[0]
            following = piece.pcm[piece.sent : piece.sent + FRAME - filled]
            frame[filled : filled + len(following)] = following
            filled += len(following)
            piece.sent += len(following)
            if piece.sent == len(piece.pcm):
                self._waiting.popleft()
            if parts and parts[-1][0] == piece.item_id:
                parts[-1] = piece.item_id, parts[-1][1] + len(following)
            else:
                parts.append((piece.item_id, len(following)))
        self._waiting_samples -= filled
        return frame, filled, parts

    def _smooth(self, frame: Pcm, filled: int) -> Pcm:
        fading, self._fading = self._fading, self._fading[:0]
        if not self._is_unbroken:
            frame = glide(0 if len(fading) else self._last, frame)
        if 0 < filled < FRAME:
            frame[filled:] = glide(int(frame[filled - 1]), frame[filled:])
        if len(fading):
            frame[: len(fading)] = soft_clip(frame[: len(fading)].astype(np.int32) + fading)
        self._is_unbroken = filled == FRAME
        self._last = int(frame[-1])
        return frame

    def _encode(self, frame: Pcm) -> bytes:
        self._silence, self._is_settled = b"", False
        return self._encoder.encode(frame)

    def _encode_silence(self, frame: Pcm) -> bytes:
        if not self._is_settled:
            packet = self._encoder.encode(frame)
            self._is_settled = packet == self._silence
            self._silence = packet
        return self._silence

    def take_level(self) -> float | None:
        """RMS level in dBFS of the sound that was sent since the last call; None when there was none.

        None for digital silence, too: there is no microphone that could be dead.
        """
        level = self._level.take()
        return None if level == SILENCE_DBFS else level
