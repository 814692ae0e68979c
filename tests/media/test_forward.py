"""What forwarding does beyond what every bridge does: loss, reordering and reports reach the far end as they are."""

import itertools
from itertools import pairwise
from pathlib import Path

import pytest
from aiortc import RTCRtpReceiver
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket, is_rtcp

from core.media.events import MediaLoad
from core.media.packet import CLOCK_RATE, signed_difference
from core.settings import BridgeKind
from tests.media.rig import Client, assert_continuous, media_rig
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

Tones = dict[int, Path]
LOST_EVERY, SWAPPED_EVERY = 10, 7


def disturb(client: Client) -> None:
    """Let every tenth packet that a client sends be lost, and every seventh overtake the one before."""
    transport = client.connection.getSenders()[0].transport
    send, count = transport._send_rtp, itertools.count(1)
    held: list[bytes] = []

    async def disturbed(data: bytes) -> None:
        if is_rtcp(data):
            await send(data)
            return
        number = next(count)
        if number % LOST_EVERY == 0:
            return
        if number % SWAPPED_EVERY == 0:
            held.append(data)
            return
        await send(data)
        while held:
            await send(held.pop())

    transport._send_rtp = disturbed


async def test_gaps_and_reordering_reach_the_far_end_as_they_were(tones: Tones) -> None:
    async with media_rig(BridgeKind.FORWARD) as rig:
        alice = await rig.connect("alice", tones[440])
        ear = await rig.connect("ear", tones[1700])
        await rig.route(ear=["alice"])
        await rig.until_hears(ear, 440)
        disturb(alice)
        await rig.listen(ear, 10)
        heard = await rig.listen(ear, 140)
    steps = [signed_difference(b.sequence, a.sequence, 16) for a, b in pairwise(heard)]
    numbers = list(itertools.accumulate(steps, initial=0))
    missing = set(range(min(numbers), max(numbers))) - set(numbers)
    assert len(numbers) == len(set(numbers))
    assert len(missing) == pytest.approx(len(heard) / (LOST_EVERY - 1), abs=2)
    assert steps.count(-1) == pytest.approx(len(heard) / SWAPPED_EVERY, rel=0.35)
    for packet, number in zip(heard, numbers, strict=True):
        assert signed_difference(packet.timestamp, heard[0].timestamp, 32) == number * CLOCK_RATE // 50


async def test_sender_reports_lay_the_stream_s_timestamps_on_the_server_s_clock(tones: Tones) -> None:
    async with media_rig(BridgeKind.FORWARD) as rig:
        await rig.connect("alice", tones[440])
        ear = await rig.connect("ear", tones[1700])
        await rig.route(ear=["alice"])
        await rig.until_hears(ear, 440)
        reports = reports_to(ear.connection.getReceivers()[0])
        while len(reports) < 3:
            await rig.listen(ear, 10)
        received = len(ear.packets)
    for earlier, later in pairwise(report.sender_info for report in reports):
        ntp_s = (later.ntp_timestamp - earlier.ntp_timestamp) / (1 << 32)
        rtp_s = signed_difference(later.rtp_timestamp, earlier.rtp_timestamp, 32) / CLOCK_RATE
        assert rtp_s == pytest.approx(ntp_s, abs=0.05)
        assert later.packet_count - earlier.packet_count == pytest.approx(50 * ntp_s, abs=8)
    assert reports[-1].sender_info.packet_count <= received + 5


async def test_a_packet_that_is_sent_twice_is_refused_the_second_time_and_counted(tones: Tones) -> None:
    async with media_rig(BridgeKind.FORWARD) as rig:
        alice = await rig.connect("alice", tones[440])
        ear = await rig.connect("ear", tones[1700])
        await rig.route(ear=["alice"])
        await rig.until_hears(ear, 440)
        ice = alice.connection.getSenders()[0].transport.transport
        send = ice._send

        async def send_twice(data: bytes) -> None:
            await send(data)
            await send(data)

        ice._send = send_twice
        await rig.until(lambda: any(load.dropped.get("packets_refused", 0) > 50 for load in rig.of(MediaLoad)))
        assert_continuous(await rig.listen(ear, 50))


def reports_to(receiver: RTCRtpReceiver) -> list[RtcpSrPacket]:
    """The sender reports that arrive from now on."""
    reports: list[RtcpSrPacket] = []
    handle = receiver._handle_rtcp_packet

    async def keep(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            reports.append(packet)
        await handle(packet)

    receiver._handle_rtcp_packet = keep  # type: ignore[method-assign]
    return reports
