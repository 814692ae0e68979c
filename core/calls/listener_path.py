"""How long a persona's sound takes to its listener's ear, from what is measured of the listener's leg. Pure.

The round-trip time is the server's own (RTCP, RFC 3550 section 6.4.1); what the sound waits in the jitter buffer only
the browser can tell (`jitterBufferDelay` of W3C webrtc-stats). A browser that does not tell may hold it from not at all
to `UNMEASURED_S`: for so long more the microphone stays closed after the sound, and it still closes at the earliest.
"""

from core.model.sample import Direction, RtpSample, Vantage
from core.persona.playout_ledger import PathDelay

UNMEASURED_S = 0.2
"""As long as a browser's jitter buffer usually waits on a poor network."""
LONGEST_S = 1.0
"""What is measured beyond it is not believed."""


class ListenerPath:
    """One listener's."""

    def __init__(self) -> None:
        self._rtt_s: float | None = None
        self._jitter_buffer_s: float | None = None

    @property
    def delay(self) -> PathDelay:
        """By the newest figures."""
        is_whole = self._rtt_s is not None and self._jitter_buffer_s is not None
        return PathDelay(self._rtt_s or 0.0, self._jitter_buffer_s or 0.0, 0.0 if is_whole else UNMEASURED_S)

    def measured(self, sample: RtpSample) -> None:
        """Take a second's figures of the listener's leg."""
        if sample.vantage is Vantage.SERVER and sample.rtt_ms is not None:
            self._rtt_s = min(sample.rtt_ms / 1000, LONGEST_S)
        buffer_ms = sample.jitter_buffer_ms
        if sample.vantage is Vantage.BROWSER and sample.direction is Direction.OUTBOUND and buffer_ms is not None:
            self._jitter_buffer_s = min(max(0.0, buffer_ms / 1000), LONGEST_S)
