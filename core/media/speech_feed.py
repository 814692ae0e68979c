"""One leg's sound for speech recognition: 16 kHz mono PCM straight from the tapped packets."""

from collections.abc import Callable

import av
import numpy as np

from core.media.guard import Tally
from core.media.opus import OpusDecoder, Pcm, audio_frame
from core.media.packet import CLOCK_RATE, MediaPacket, signed_difference
from core.media.reorder import Reorder
from core.model.audio import SPEECH_FORMAT, PcmChunk
from core.model.call import LegId

CHUNK_SAMPLES = CLOCK_RATE // 10
"""A chunk is about 100 ms."""

SLACK_S = 0.25
"""When an unbroken stretch turns out to lie this much too early (clock drift, a slower path), it is broken and placed
anew. One that lies too late is put right at the next gap: chunks never overlap."""

WINDOW_S = 5.0
SILENCE_DBFS = -127.0
"""Level of digital silence, the lowest of RFC 6464."""


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

    Not through aiortc's jitter buffer, which delays by 80 ms and after a loss by 280 ms for good. A lost packet is not
    made up: it stays a gap, as a jump of `start_s`. FFmpeg's resampler brings 48 to 16 kHz, a chunk at a time.
    """

    def __init__(self, leg_id: LegId, emit: Callable[[PcmChunk], None], tally: Tally) -> None:
        self._leg_id = leg_id
        self._emit = emit
        self._tally = tally
        self._decoder = OpusDecoder()
        self._energy = 0.0
        self._energy_samples = 0
        self._end_s = float("-inf")
        self._reset()

    def _reset(self) -> None:
        self._reorder = Reorder()
        self._clock = ArrivalClock()
        self._last: MediaPacket | None = None
        self._timestamp = 0
        self._restart(0)

    def _restart(self, timestamp: int) -> None:
        """Begin an unbroken stretch with the packet of this unwrapped timestamp."""
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SPEECH_FORMAT.sample_rate)
        self._origin_s: float | None = None
        self._frame_s = 0.0
        self._start = self._expected = timestamp
        self._pending: list[Pcm] = []
        self._pending_samples = 0
        self._resampled = 0

    def push(self, packet: MediaPacket) -> None:
        """Take a packet as it came from the network."""
        late = self._reorder.late
        for ready in self._reorder.push(packet):
            self._take(ready)
        if self._reorder.late > late:
            self._tally.add("speech_late_packets", self._reorder.late - late)

    def _take(self, packet: MediaPacket) -> None:
        if self._last is None or packet.ssrc != self._last.ssrc:
            self.flush()
            self._clock = ArrivalClock()
            self._timestamp = packet.timestamp
            self._restart(self._timestamp)
        else:
            step = signed_difference(packet.timestamp, self._last.timestamp, 32)
            self._timestamp += step
            if not -1.0 < step / CLOCK_RATE - (packet.arrival_s - self._last.arrival_s) < 60.0:
                self._clock = ArrivalClock()
        self._last = packet
        self._clock.note(self._timestamp, packet.arrival_s)
        if self._timestamp != self._expected:
            self.flush()
            self._restart(self._timestamp)
        pcm = self._decoder.decode(packet.payload)
        self._expected += len(pcm)
        self._pending.append(pcm)
        self._pending_samples += len(pcm)
        if self._pending_samples >= CHUNK_SAMPLES:
            self._hand_out(last=False)
            if self._origin_s is not None and self._clock.origin_s - self._frame_s - self._origin_s > SLACK_S:
                self.flush()

    def flush(self) -> None:
        """Hand out what is there now, and end the stretch: the sound stopped."""
        if self._pending_samples or self._resampled:
            self._hand_out(last=True)
            self._restart(self._expected)

    def mute(self) -> None:
        """Hand out what is there and forget the stream; the next packet is a new beginning."""
        self.flush()
        self._reset()

    def _hand_out(self, last: bool) -> None:
        frames: list[av.AudioFrame] = []
        if self._pending_samples:
            if self._origin_s is None:
                self._frame_s = len(self._pending[0]) / CLOCK_RATE
                start_s = self._start / CLOCK_RATE
                self._origin_s = max(self._clock.origin_s - self._frame_s, self._end_s - start_s)
            frames += self._resampler.resample(audio_frame(np.concatenate(self._pending), 0))
            self._pending, self._pending_samples = [], 0
        if last:
            frames += self._resampler.resample(None)
        pcm: Pcm = np.concatenate([np.empty(0, np.int16), *(frame.to_ndarray()[0] for frame in frames)])
        if not len(pcm) or self._origin_s is None:
            return
        loud = pcm.astype(np.float32)
        self._energy += float(loud @ loud)
        self._energy_samples += len(pcm)
        start_s = self._origin_s + self._start / CLOCK_RATE + self._resampled / SPEECH_FORMAT.sample_rate
        self._resampled += len(pcm)
        self._end_s = start_s + len(pcm) / SPEECH_FORMAT.sample_rate
        self._emit(PcmChunk(leg_id=self._leg_id, start_s=start_s, pcm=pcm.tobytes()))

    def take_level(self) -> float | None:
        """RMS level in dBFS of what was handed out since the last call; None when that was nothing."""
        energy, samples = self._energy, self._energy_samples
        self._energy, self._energy_samples = 0.0, 0
        if not samples:
            return None
        rms = np.sqrt(energy / samples) / 32768.0
        return float(max(SILENCE_DBFS, 20 * np.log10(rms))) if rms > 0 else SILENCE_DBFS
