"""Who hears what: real clients, the real process, real packets, over every bridge."""

import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from core.media.opus import SILENCE_PAYLOAD, OpusEncoder
from core.media.sound_file import read_frames
from core.model.audio import PcmChunk
from core.model.call import CallId
from core.model.sample import Direction, RtpSample
from core.settings import BridgeKind
from tests.media.rig import assert_continuous, media_rig
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

every_bridge = pytest.mark.parametrize("bridge", list(BridgeKind))
Tones = dict[int, Path]


@every_bridge
async def test_two_legs_hear_each_other_at_fifty_packets_a_second(bridge: BridgeKind, tones: Tones) -> None:
    async with media_rig(bridge) as rig:
        alice = await rig.connect("alice", tones[440], speech=True)
        bob = await rig.connect("bob", tones[1000])
        await rig.route(alice=["bob"], bob=["alice"])
        await rig.until_hears(alice, 1000)
        await rig.until_hears(bob, 440)
        first = len(alice.packets)
        settled = len(rig.of(RtpSample))
        await rig.until(lambda: len(rig.of(RtpSample)) >= settled + 16)
        heard = alice.packets[first:]
        rate = (len(heard) - 1) / (heard[-1].arrival_s - heard[0].arrival_s)
        assert rate == pytest.approx(50, rel=0.2)
        assert_continuous(heard)

        def mean(leg: str, direction: Direction, name: str) -> float:
            seen = [s for s in rig.of(RtpSample)[settled:] if (s.leg_id, s.direction) == (leg, direction)]
            values = [value for s in seen if (value := getattr(s, name)) is not None]
            return sum(values) / len(values)

        for direction in Direction:
            assert mean("alice", direction, "packets_per_s") == pytest.approx(50, rel=0.15)
            assert mean("bob", direction, "octets") > mean("bob", direction, "packets") > 0
            assert mean("alice", direction, "jitter_ms") >= 0
            assert mean("alice", direction, "lost") == 0
        assert mean("alice", Direction.INBOUND, "level_dbfs") == pytest.approx(-15.3, abs=1.0)
        assert mean("alice", Direction.OUTBOUND, "rtt_ms") > 0
        assert mean("alice", Direction.OUTBOUND, "expected") > 0
        assert mean("alice", Direction.OUTBOUND, "send_deviation_p50_ms") >= 0
        assert mean("alice", Direction.OUTBOUND, "loop_lag_p99_ms") >= 0
        assert all(s.level_dbfs is None for s in rig.of(RtpSample) if s.leg_id == "bob")


@pytest.mark.parametrize("bridge", [BridgeKind.FORWARD, BridgeKind.TAP])
async def test_the_very_packets_are_forwarded(bridge: BridgeKind, tones: Tones) -> None:
    encoder = OpusEncoder()
    sent = [encoder.encode(frame) for _ in range(30) for frame in read_frames(tones[440])]
    async with media_rig(bridge) as rig:
        await rig.connect("alice", tones[440])
        bob = await rig.connect("bob", tones[1000])
        await rig.route(bob=["alice"])
        await rig.until_hears(bob, 440)
        heard = [packet.payload for packet in await rig.listen(bob, 50)]
    first = sent.index(heard[0])
    assert heard == sent[first : first + len(heard)]


@every_bridge
async def test_changed_routes_are_heard_and_the_stream_goes_on(bridge: BridgeKind, tones: Tones) -> None:
    async with media_rig(bridge) as rig:
        ear = await rig.connect("ear", tones[1700])
        await rig.connect("alice", tones[440])
        bob = await rig.connect("bob", tones[1000])
        await rig.route(ear=["alice"])
        await rig.until_hears(ear, 440)
        first = len(ear.packets)
        await rig.route(ear=["bob"])
        await rig.until_hears(ear, 1000)
        await rig.route(ear=["alice", "bob"])
        await rig.until_hears(ear, 440, 1000)
        await rig.media.close_leg(bob.leg_id)
        await rig.until_hears(ear, 440)
        await rig.route()
        await rig.until_hears(ear)
        silent = await rig.listen(ear, 50)
        assert 49 / (silent[-1].arrival_s - silent[0].arrival_s) == pytest.approx(50, rel=0.2)
        assert_continuous(ear.packets[first:])


@every_bridge
async def test_a_muted_leg_is_neither_heard_nor_decoded(bridge: BridgeKind, tones: Tones) -> None:
    async with media_rig(bridge) as rig:
        alice = await rig.connect("alice", tones[440], speech=True)
        bob = await rig.connect("bob", tones[1000])
        await rig.route(alice=["bob"], bob=["alice"])
        await rig.until_hears(bob, 440)
        first = len(bob.packets)
        await rig.media.set_muted(alice.leg_id, True)
        muted_s = time.monotonic()
        await rig.until_hears(bob)
        assert [chunk for chunk in rig.of(PcmChunk) if chunk.start_s > muted_s] == []
        back_s = time.monotonic()
        await rig.media.set_muted(alice.leg_id, False)
        await rig.until_hears(bob, 440)
        await rig.until(lambda: [chunk for chunk in rig.of(PcmChunk) if chunk.start_s > back_s])
        assert_continuous(bob.packets[first:])


async def test_who_comes_back_on_a_new_leg_is_heard_in_the_same_stream(tones: Tones) -> None:
    async with media_rig() as rig:
        ear = await rig.connect("ear", tones[1700])
        alice = await rig.connect("alice", tones[440])
        await rig.route(ear=["alice"])
        await rig.until_hears(ear, 440)
        first = len(ear.packets)
        await rig.media.close_leg(alice.leg_id)
        await rig.connect("alice-again", tones[1000])
        await rig.route(ear=["alice-again"])
        await rig.until_hears(ear, 1000)
        assert_continuous(ear.packets[first:])


async def test_legs_of_another_call_are_never_heard(tones: Tones) -> None:
    async with media_rig() as rig:
        ear = await rig.connect("ear", tones[1700])
        await rig.connect("alice", tones[440], call_id=CallId("another call"))
        await rig.route(ear=["alice"])
        assert {packet.payload for packet in await rig.listen(ear, 30)} == {SILENCE_PAYLOAD}


async def test_speech_is_delivered_in_unbroken_chunks_on_the_monotonic_clock(tones: Tones) -> None:
    async with media_rig() as rig:
        start_s = time.monotonic()
        await rig.connect("alice", tones[440], speech=True)
        await rig.until(lambda: len(rig.of(PcmChunk)) >= 25)
        end_s = time.monotonic()
        chunks = rig.of(PcmChunk)
    seconds = [len(chunk.pcm) / 32000 for chunk in chunks]
    # One that has to wait for its turn on a busy machine takes along what comes meanwhile.
    assert min(seconds) >= 0.08
    assert median(seconds) <= 0.12
    for before, after in pairwise(chunks):
        assert after.start_s == pytest.approx(before.start_s + len(before.pcm) / 32000, abs=1e-4)
    assert start_s - 0.05 < chunks[0].start_s
    assert chunks[-1].start_s < end_s
