"""Audio as it passes between parts: plain PCM bytes with a format."""

from dataclasses import dataclass

from core.model.call import LegId


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A format of signed 16-bit little-endian PCM."""

    sample_rate: int
    """Samples a second."""
    channels: int

    def seconds(self, pcm: bytes) -> float:
        """Duration of `pcm` in seconds."""
        return len(pcm) / (2 * self.channels * self.sample_rate)


SPEECH_FORMAT = AudioFormat(sample_rate=16_000, channels=1)
"""What speech recognition is fed with: 16 kHz mono."""


@dataclass(frozen=True, slots=True)
class PcmChunk:
    """A stretch of decoded audio of one leg, in `SPEECH_FORMAT`.

    `start_s` places its first sample on the machine's monotonic clock. Consecutive chunks of an unbroken stream are
    contiguous (`start_s` grows by the sample count, not by arrival times); after loss or silence suppression the gap
    is a jump of `start_s`.
    """

    leg_id: LegId
    start_s: float
    pcm: bytes
