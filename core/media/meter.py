"""One second of server-side RTP figures of one leg, from aiortc's statistics and our own counts."""

from dataclasses import dataclass

from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.stats import (
    RTCInboundRtpStreamStats,
    RTCOutboundRtpStreamStats,
    RTCRemoteInboundRtpStreamStats,
)

from core.media.packet import CLOCK_RATE, MediaPacket
from core.media.timestamp_drift import TimestampDrift
from core.model.call import LegId
from core.model.sample import Direction, RtpSample, Vantage

REPORT_VALID_S = 10.0
"""How long what the far end reported (RTCP receiver report) counts as the present: browsers report every few s."""


@dataclass(slots=True)
class _Report:
    """The far end's last receiver report, and when it was first seen here."""

    stats: RTCRemoteInboundRtpStreamStats
    seen_s: float


class LegMeter:
    """Turns running totals into differences. Media loop only."""

    def __init__(self, leg_id: LegId) -> None:
        self._leg_id = leg_id
        self._packets = 0
        self._octets = 0
        self._lost: int | None = None
        self._sent = (0, 0)
        self._report: _Report | None = None
        self._remote_lost = 0
        self._remote_expected = 0
        self._drift = TimestampDrift()

    def count(self, packet: MediaPacket) -> None:
        """Count a packet that came from the leg."""
        self._packets += 1
        self._octets += len(packet.payload)
        self._drift.note(packet)

    async def inbound(
        self, receiver: RTCRtpReceiver | None, now_s: float, period_s: float, level_dbfs: float | None
    ) -> RtpSample:
        """What came from the leg in the period. A direct feed has no receiver: loss, jitter and drift are missing."""
        lost = jitter_ms = None
        if receiver is not None and self._packets:
            for stats in (await receiver.getStats()).values():
                if isinstance(stats, RTCInboundRtpStreamStats):
                    lost = None if self._lost is None else stats.packetsLost - self._lost
                    self._lost = stats.packetsLost
                    jitter_ms = 1000.0 * stats.jitter / CLOCK_RATE
        sample = RtpSample(
            leg_id=self._leg_id,
            direction=Direction.INBOUND,
            vantage=Vantage.SERVER,
            at_s=now_s,
            period_s=period_s,
            packets=self._packets,
            octets=self._octets,
            lost=lost,
            jitter_ms=jitter_ms,
            level_dbfs=level_dbfs,
            timestamp_drift_ms_per_min=None if receiver is None else self._drift.ms_per_min,
        )
        self._packets = self._octets = 0
        return sample

    async def outbound(
        self, sender: RTCRtpSender, now_s: float, period_s: float, deviation: tuple[float, float] | None
    ) -> RtpSample:
        """What went to the leg in the period.

        Jitter and round-trip time are the far end's last report while that is fresh; loss is stated in the period in
        which a report arrives, for all that was sent since the report before.
        """
        packets, octets = self._sent
        lost = expected = None
        for stats in (await sender.getStats()).values():
            if isinstance(stats, RTCOutboundRtpStreamStats):
                packets, octets = stats.packetsSent, stats.bytesSent
            elif isinstance(stats, RTCRemoteInboundRtpStreamStats):
                lost, expected = self._take_report(stats, now_s)
        report = self._report if self._report and now_s - self._report.seen_s <= REPORT_VALID_S else None
        sample = RtpSample(
            leg_id=self._leg_id,
            direction=Direction.OUTBOUND,
            vantage=Vantage.SERVER,
            at_s=now_s,
            period_s=period_s,
            packets=packets - self._sent[0],
            octets=octets - self._sent[1],
            lost=lost,
            jitter_ms=1000.0 * report.stats.jitter / CLOCK_RATE if report else None,
            rtt_ms=1000.0 * max(0.0, report.stats.roundTripTime)
            if report and report.stats.roundTripTime is not None
            else None,
            send_deviation_p50_ms=deviation[0] if deviation else None,
            send_deviation_p99_ms=deviation[1] if deviation else None,
            expected=expected,
        )
        self._sent = packets, octets
        return sample

    def _take_report(self, stats: RTCRemoteInboundRtpStreamStats, now_s: float) -> tuple[int | None, int | None]:
        """How many packets a new report says were lost, and of how many; nothing where it is the former one."""
        if self._report is not None and self._report.stats.timestamp == stats.timestamp:
            return None, None
        # aiortc states as received what it had sent by then without what was lost: the sum is what it had sent.
        total_lost, total = int(stats.packetsLost), int(stats.packetsReceived) + int(stats.packetsLost)
        lost, expected = total_lost - self._remote_lost, total - self._remote_expected
        self._remote_lost, self._remote_expected = total_lost, total
        self._report = _Report(stats, now_s)
        return lost, expected
