"""One leg's sound for speech recognition: 16 kHz mono PCM straight from its packets."""

from collections.abc import Callable
from functools import partial

import numpy as np

from core.media.guard import Tally
from core.media.level import LevelMeter
from core.media.libopus import Decoder, duration, restorable
from core.media.packet import CLOCK_RATE, FRAME_SAMPLES, MediaPacket, signed_difference
from core.media.reorder import Reorder
from core.media.spare_turns import Later, at_once
from core.model.audio import SPEECH_FORMAT, PcmChunk
from core.model.call import LegId

CHUNK_S = 0.1
"""So much of a stretch is waited for before its beginning is placed: one packet may have come late."""

SLACK_S = 0.25
"""When an unbroken stretch turns out to lie this much too early (clock drift, a slower path), it is broken and placed
anew. One that lies too late is put right at the next gap: chunks never overlap."""

WINDOW_S = 5.0


class ArrivalClock:
    """Places a stream's RTP timestamps on the monotonic clock, by the quickest packet of the last 5 to 10 seconds."""

    def __init__(self) -> None:
        self._transits = [float("inf"), float("inf")]
        self._since = float("-inf")

    def note(self, timestamp: int, arrival_s: float) -> None:
        """Take one packet's unwrapped timestamp and its arrival."""
        if arrival_s - self._since > WINDOW_S:
            self._transits = [self._transits[1], float("inf")]
            self._since = arrival_s
        self._transits[1] = min(self._transits[1], arrival_s - timestamp / CLOCK_RATE)

    @property
    def origin_s(self) -> float:
        """Where timestamp 0 lies on the monotonic clock."""
        return min(self._transits)


class SpeechFeed:
    """Decodes one leg's packets, puts them back in order, and hands out chunks. Media loop only.

    Not through aiortc's jitter buffer, which delays by 80 ms and after a loss by 280 ms for good. A lost packet is
    decoded from what the next one holds of it (in-band error correction); where that holds nothing, it is not made up
    but stays a gap, as a jump of `start_s`. The packets of a chunk are decoded together, which is half as expensive as
    one by one between other work, and `later`: packets of other legs are not to wait for it.
    """

    def __init__(
        self,
        leg_id: LegId,
        emit: Callable[[PcmChunk], None],
        tally: Tally,
        chunk_s: float = CHUNK_S,
        later: Later = at_once,
    ) -> None:
        self._leg_id = leg_id
        self._emit = emit
        self._tally = tally
        self._chunk_samples = round(chunk_s * CLOCK_RATE)
        self._later = later
        self._is_due = False
        self._level = LevelMeter()
        self._end_s = float("-inf")
        self._reset()

    def _reset(self) -> None:
        self._decoder = Decoder(SPEECH_FORMAT.sample_rate)
        self._reorder = Reorder()
        self._clock = ArrivalClock()
        self._last: MediaPacket | None = None
        self._timestamp = 0
        self._restart(0)

    def _restart(self, timestamp: int) -> None:
        """Begin an unbroken stretch with the sound of this unwrapped timestamp."""
        self._origin_s: float | None = None
        self._frame_s = 0.0
        self._start = self._expected = timestamp
        self._pending: list[Callable[[], bytes]] = []

    def push(self, packet: MediaPacket) -> None:
        """Take a packet as it came from the network."""
        late = self._reorder.late
        for ready in self._reorder.push(packet):
            self._take(ready)
        if self._reorder.late > late:
            self._tally.add("speech_late_packets", self._reorder.late - late)

    def _take(self, packet: MediaPacket) -> None:
        is_after_loss = False
        if self._last is None or packet.ssrc != self._last.ssrc:
            self.flush()
            self._clock = ArrivalClock()
            self._timestamp = packet.timestamp
            self._restart(self._timestamp)
        else:
            step = signed_difference(packet.timestamp, self._last.timestamp, 32)
            self._timestamp += step
            is_after_loss = signed_difference(packet.sequence, self._last.sequence, 16) > 1
            if not -1.0 < step / CLOCK_RATE - (packet.arrival_s - self._last.arrival_s) < 60.0:
                self._clock = ArrivalClock()
        self._last = packet
        self._clock.note(self._timestamp, packet.arrival_s)
        frame = duration(packet.payload)
        if not frame:
            return
        if self._timestamp != self._expected:
            self._pass_over_gap(packet.payload, is_after_loss)
        self._add(partial(self._decoder.decode, packet.payload, frame), frame)
        if self._is_enough and not self._is_due:
            self._is_due = True
            self._later(partial(self._hand_out_chunk, frame))

    @property
    def _is_enough(self) -> bool:
        enough = round(CHUNK_S * CLOCK_RATE) if self._origin_s is None else self._chunk_samples
        return self._expected - self._start >= enough

    def _hand_out_chunk(self, frame: int) -> None:
        """Hand out what was enough for a chunk, unless the stretch has been ended since."""
        self._is_due = False
        if self._is_enough:
            self._hand_out(frame)
            if self._origin_s is not None and self._clock.origin_s - self._frame_s - self._origin_s > SLACK_S:
                self._restart(self._expected)

    def _pass_over_gap(self, payload: bytes, is_loss: bool) -> None:
        """Begin anew after what is missing, but for the part of it that `payload` still holds."""
        held = restorable(payload, self._timestamp - self._expected) if is_loss else 0
        if self._timestamp - held != self._expected:
            self.flush()
            self._restart(self._timestamp - held)
        if held:
            self._add(partial(self._decoder.decode_former, payload, held), held)

    def _add(self, decode: Callable[[], bytes], samples: int) -> None:
        self._pending.append(decode)
        self._expected += samples

    def flush(self) -> None:
        """Hand out what is there now, and end the stretch: the sound stopped."""
        if self._pending:
            self._hand_out(FRAME_SAMPLES)
        self._restart(self._expected)

    def mute(self) -> None:
        """Hand out what is there and forget the stream; the next packet is a new beginning."""
        self.flush()
        self._reset()

    def _hand_out(self, frame: int) -> None:
        """Decode what is pending; `frame` is how much later than its first sample a packet was sent."""
        start_s = self._start / CLOCK_RATE
        if self._origin_s is None:
            self._frame_s = frame / CLOCK_RATE
            self._origin_s = max(self._clock.origin_s - self._frame_s, self._end_s - start_s)
        sound = b"".join([decode() for decode in self._pending])
        start_s += self._origin_s
        self._pending, self._start = [], self._expected
        self._level.add(np.frombuffer(sound, np.int16))
        self._end_s = start_s + SPEECH_FORMAT.seconds(sound)
        self._emit(PcmChunk(leg_id=self._leg_id, start_s=start_s, pcm=sound))

    def take_level(self) -> float | None:
        """RMS level in dBFS of what was handed out since the last call; None when that was nothing."""
        return self._level.take()
