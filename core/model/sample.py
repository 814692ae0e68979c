"""RTP samples: one second of figures of one leg, direction and vantage. A figure that is missing is None, never 0."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.call import LegId
from core.model.media_path import CandidateType, PathTransport


class Direction(StrEnum):
    """Which way the media flows, as the server sees it, whoever measures: what a browser sends is inbound."""

    INBOUND = "inbound"
    """From the participant to the server."""
    OUTBOUND = "outbound"
    """From the server to the participant."""


class Vantage(StrEnum):
    """Who measured."""

    SERVER = "server"
    BROWSER = "browser"


class PathState(StrEnum):
    """How a browser finds its path to the server (the worse of its connection's and of ICE's states)."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    """Nothing has come back for some seconds; it may again."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RtpSample:
    """Differences over one sampling period. `at_s` is the period's end (monotonic from media, call clock in a call).

    What only one vantage can measure is missing from the other: a server knows nothing of jitter buffers, a browser
    nothing of the server's loop.
    """

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
    """Server: how far outgoing packets were from their slots on its own clock, median of the period.

    What the server makes has a slot every 20 ms; what it passes on is to leave as long after its arrival as usual.
    """
    send_deviation_p99_ms: float | None = None
    level_dbfs: float | None = None
    """Loudness: at the server of what came; at the browser of the microphone (inbound) or of what is played."""
    expected: int | None = None
    """Of how many packets `lost` were lost. None: of the period's own; a far end reports on several periods at once."""
    loop_lag_p99_ms: float | None = None
    """Server: how late the media loop woke from short sleeps in about this period."""
    jitter_buffer_ms: float | None = None
    """Browser, outbound: mean time that the period's sound waited in the jitter buffer."""
    jitter_buffer_target_ms: float | None = None
    """Browser, outbound: how long it meant it to wait."""
    jitter_buffer_total_s: float | None = None
    """Browser, outbound: the running total `jitterBufferDelay` of W3C webrtc-stats, summed over samples of sound: it
    rises for ever, faster the longer the buffer is. Only its slope says anything."""
    concealed_pct: float | None = None
    """Browser, outbound: share of the sound that was made up because nothing had come in time, silence left out."""
    stretched_pct: float | None = None
    """Browser, outbound: share of the sound that was inserted or left out to play slower or faster."""
    packet_send_delay_ms: float | None = None
    """Browser, inbound: mean time that packets waited before they left (`totalPacketSendDelay`)."""
    is_muted: bool | None = None
    """Browser, inbound: whether the microphone's track gives silence: switched off, muted by the system, or ended."""
    path_state: PathState | None = None
    """Browser, like all of the path below: the same in both directions."""
    local_candidate: CandidateType | None = None
    """The browser's end of the pair that is in use."""
    remote_candidate: CandidateType | None = None
    """The server's end."""
    path_transport: PathTransport | None = None
    """How the browser's packets leave it: to its TURN server where that is on the way."""
    path_id: str | None = None
    """The pair in use; another one is a switch of the path."""
    timestamp_drift_ms_per_min: float | None = None
    """Server, inbound: by how much the sender's RTP time stamps outrun the arrival of its packets, over the last two
    minutes. Above 0 every listener's jitter buffer grows, below it runs dry; quartz clocks differ by less than 10."""

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
