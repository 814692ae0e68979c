"""How long a persona's sound takes to its listener's ear, from what is measured of the listener's leg. Pure.

The round-trip time is the server's own (RTCP, RFC 3550 section 6.4.1) or, until there is one, the browser's; what the
sound waits in the jitter buffer only the browser can tell (`jitterBufferDelay` of W3C webrtc-stats). What nobody has
told yet may be from nothing to `UNMEASURED_RTT_S` and `UNMEASURED_S`: for so long more the microphone stays closed
after the sound, and it still closes at the earliest.
"""

from core.model.sample import Direction, RtpSample, Vantage
from core.persona.playout_ledger import PathDelay

UNMEASURED_S = 0.2
"""As long as a browser's jitter buffer usually waits on a poor network."""
UNMEASURED_RTT_S = 0.3
"""A round trip to the other side of the world. The first reports take seconds to come, and the greeting does not wait:
half of it passes until the sound is heard, and half until what the microphone took up then is here."""
LONGEST_S = 1.0
"""What is measured beyond it is not believed."""


class ListenerPath:
    """One listener's."""

    def __init__(self) -> None:
        self._rtt_s: float | None = None
        self._browsers_rtt_s: float | None = None
        self._jitter_buffer_s: float | None = None

    @property
    def delay(self) -> PathDelay:
        """By the newest figures."""
        rtt_s = self._rtt_s if self._rtt_s is not None else self._browsers_rtt_s
        unmeasured_s = UNMEASURED_RTT_S if rtt_s is None else 0.0
        if self._jitter_buffer_s is None:
            unmeasured_s += UNMEASURED_S
        return PathDelay(rtt_s or 0.0, self._jitter_buffer_s or 0.0, unmeasured_s)

    def measured(self, sample: RtpSample) -> None:
        """Take a second's figures of the listener's leg."""
        if sample.rtt_ms is not None:
            rtt_s = min(max(0.0, sample.rtt_ms / 1000), LONGEST_S)
            if sample.vantage is Vantage.SERVER:
                self._rtt_s = rtt_s
            else:
                self._browsers_rtt_s = rtt_s
        buffer_ms = sample.jitter_buffer_ms
        if sample.vantage is Vantage.BROWSER and sample.direction is Direction.OUTBOUND and buffer_ms is not None:
            self._jitter_buffer_s = min(max(0.0, buffer_ms / 1000), LONGEST_S)
