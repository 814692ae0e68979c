"""RTP samples: one second of figures of one leg, direction and vantage. A figure that is missing is None, never 0."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.call import LegId


class Direction(StrEnum):
    """Which way the media flows, as the server sees it."""

    INBOUND = "inbound"
    """From the participant to the server."""
    OUTBOUND = "outbound"
    """From the server to the participant."""


class Vantage(StrEnum):
    """Who measured."""

    SERVER = "server"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class RtpSample:
    """Differences over one sampling period. `at_s` is the period's end (monotonic from media, call clock in a call)."""

    leg_id: LegId
    direction: Direction
    vantage: Vantage
    at_s: float
    period_s: float
    """Length of the period; rates are counts divided by it."""
    packets: int
    octets: int
    """Payload octets in the period."""
    lost: int | None = None
    """Packets found to be lost in the period; may be negative when late ones arrive."""
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    send_deviation_p50_ms: float | None = None
    """Distance of each outgoing packet from its slot on the sender's clock (RFC 3550 transit, median of the period)."""
    send_deviation_p99_ms: float | None = None
    level_dbfs: float | None = None
    expected: int | None = None
    """Of how many packets `lost` were lost. None: of the period's own; a far end reports on several periods at once."""

    @property
    def packets_per_s(self) -> float:
        """Packet rate; 50 is normal for 20 ms Opus."""
        return self.packets / self.period_s

    @property
    def loss_pct(self) -> float | None:
        """Share of the packets that were lost, in percent; missing without a count or without packets."""
        if self.lost is None:
            return None
        expected = self.packets + self.lost if self.expected is None else self.expected
        return None if expected <= 0 else min(100.0, max(0.0, 100.0 * self.lost / expected))
