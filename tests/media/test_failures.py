"""The media failures of the first report, each with a real media process and real clients. 3 is in tests/ui, 8 in
tests/speech, 9 in test_turn.py, 11 in test_offers.py; 6 and 10 have a part in tests/calls, too."""

import asyncio
import gc
from collections import Counter
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

import psutil
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcicetransport

from core.media.bridge import Bridge
from core.media.compat_ice import limit_addresses
from core.media.events import LegSpec
from core.media.exchange import Exchange
from core.media.forward import ForwardBridge
from core.media.guard import Tally
from core.media.ice import OWN_ADDRESSES
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES, MediaPacket, signed_difference
from core.media.player import FileClient
from core.media.relay import RelayBridge
from core.media.sound_file import SoundFile
from core.media.tap import TapBridge
from core.model.call import LegId, LegState, ParticipantId
from core.model.errors import OfferRefused
from core.model.health import PartState
from core.settings import BridgeKind
from tests.media.rig import CALL, Client, media_rig, write_noise
from tests.support.namespace import namespace_marks

Tones = dict[int, Path]
pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

STRETCH = 20
"""Packets; for so long it stays the same who is heard."""
ROUNDS = 5
HICCUPS = 2
"""Changes at which a packet may be held up by whatever else the machine does."""
JUMP_S = 0.06
DRIFT_S = 0.12


async def offer() -> tuple[RTCPeerConnection, str]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("audio")
    await connection.setLocalDescription(await connection.createOffer())
    return connection, str(connection.localDescription.sdp)


async def test_failure_1_whoever_leaves_before_the_connection_stands_breaks_nothing(tones: Tones) -> None:
    async with media_rig() as rig:
        before = await rig.until_idle()
        assert rig.media.pid is not None
        process = psutil.Process(rig.media.pid)
        fds = process.num_fds()
        for number in range(6):
            leg_id = LegId(f"early-{number}")
            await rig.media.open_leg(LegSpec(leg_id, CALL, ParticipantId("p"), speech=True))
            connection, sdp = await offer()
            answering = asyncio.create_task(rig.media.answer(leg_id, sdp))
            # At every stage: before the answer, with it, after it, and while ICE looks for its path.
            await asyncio.sleep(0.01 * number)
            if number % 2:
                await rig.media.close_leg(leg_id)
                await asyncio.gather(answering, return_exceptions=True)
            elif not isinstance(answer := (await asyncio.gather(answering, return_exceptions=True))[0], BaseException):
                await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
                await rig.media.close_leg(leg_id)
            await connection.close()
        after = await rig.until_idle(tasks=before.tasks)
        await rig.until(lambda: process.num_fds() <= fds)
        assert rig.media.health.state is PartState.UP
        assert set(after.dropped) <= {"pacer_slots"}
        await rig.connect("alice", tones[440])
        bob = await rig.connect("bob", tones[1000])
        await rig.route(bob=["alice"])
        await rig.until_hears(bob, 440)


async def test_failure_1_a_leg_that_is_closed_while_its_offer_is_read_leaves_no_ear_behind() -> None:
    tally = Tally()
    exchange = Exchange(ForwardBridge(tally), lambda _: None, tally)
    exchange.start()
    connection, sdp = await offer()
    leg_id = LegId("early")
    try:
        exchange.open(LegSpec(leg_id, CALL, ParticipantId("p"), speech=True))
        answering = asyncio.create_task(exchange.answer(leg_id, sdp, OWN_ADDRESSES))
        await asyncio.sleep(0)
        await exchange.close_leg(leg_id)
        with pytest.raises(OfferRefused):
            await answering
        # The pacer's task ends by itself when there is no ear any more.
        pacers = [task for task in asyncio.all_tasks() if task.get_name() == "media-pacer"]
        async with asyncio.timeout(2):
            await asyncio.gather(*pacers)
    finally:
        await connection.close()
        await exchange.close()


async def test_failure_1_a_connection_that_is_closed_when_its_path_is_found_leaves_no_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtcicetransport, "Connection", rtcicetransport.Connection)
    limit_addresses(None, "")
    before = asyncio.all_tasks()
    ours, theirs = (rtcicetransport.Connection(ice_controlling=is_ours) for is_ours in (True, False))
    for connection in (ours, theirs):
        await connection.gather_candidates()
    for here, there in ((ours, theirs), (theirs, ours)):
        here.remote_username, here.remote_password = there.local_username, there.local_password
        for candidate in (*there.local_candidates, None):
            await here.add_remote_candidate(candidate)
    connecting = [asyncio.create_task(connection.connect()) for connection in (ours, theirs)]
    async with asyncio.timeout(10):
        while not ours._nominated:  # noqa: ASYNC110 - aioice tells nobody of this moment
            await asyncio.sleep(0)
    assert not connecting[0].done(), "the moment has passed: see core/media/compat_ice.py"
    for connection in (ours, theirs):
        await connection.close()
    await asyncio.wait(connecting)
    await asyncio.gather(*connecting, return_exceptions=True)
    assert asyncio.all_tasks() <= before


def constants(heard: list[MediaPacket], sent: dict[bytes, int]) -> set[int]:
    """What the timestamps of packets differ by at the ear and where they were sent."""
    return {signed_difference(packet.timestamp, sent[packet.payload], 32) for packet in heard if packet.payload in sent}


without_decoding = pytest.mark.parametrize("bridge", [BridgeKind.FORWARD, BridgeKind.TAP])


@without_decoding
async def test_failure_2_every_listener_gets_every_packet_with_the_speaker_s_own_steps(
    bridge: BridgeKind, speech_file: Path, tones: Tones
) -> None:
    async with media_rig(bridge) as rig:
        voice = await rig.connect("voice", speech_file, speech=True)
        ears = [await rig.connect(name, tones[440]) for name in ("one", "two", "three")]
        await rig.route(**{str(ear.leg_id): ["voice"] for ear in ears})
        for ear in ears:
            await rig.until(lambda ear=ear: len(ear.packets) > 20)
        heard = await asyncio.gather(*(rig.listen(ear, 150) for ear in ears))
        for packets in heard:
            steps = [signed_difference(b.timestamp, a.timestamp, 32) for a, b in pairwise(packets)]
            assert {signed_difference(b.sequence, a.sequence, 16) for a, b in pairwise(packets)} == {1}
            # A player that was held up goes on where it would be by then.
            assert all(step % FRAME_SAMPLES == 0 for step in steps), "a timestamp changed"
            assert median(steps) == FRAME_SAMPLES, "packets were left out"
            assert len([packet for packet in packets if packet.payload in voice.sent]) > 140
            assert len(constants(packets, voice.sent)) == 1


def from_one_source(packets: list[MediaPacket], clients: list[Client]) -> list[tuple[str, list[MediaPacket]]]:
    """The stretches of a stream that come from one client each, or from the server: by name, in order."""
    names = {payload: str(client.leg_id) for client in clients for payload in client.sent}
    stretches = groupby(packets, key=lambda packet: names.get(packet.payload, "server"))
    return [(name, list(stretch)) for name, stretch in stretches]


@without_decoding
async def test_failure_2_timestamps_neither_jump_nor_drift_however_often_it_changes_who_is_heard(
    bridge: BridgeKind, tones: Tones, tmp_path: Path
) -> None:
    voice_file, other_file, again_file = (
        write_noise(tmp_path / f"{seed}.wav", seed, seconds=2 * ROUNDS * 8 * STRETCH * FRAME_S) for seed in range(3)
    )
    async with media_rig(bridge) as rig:
        voice = await rig.connect("voice", voice_file)
        await rig.connect("other", other_file)
        ear = await rig.connect("ear", tones[1000])

        async def hears(*voices: str) -> None:
            await rig.route(ear=voices)
            await rig.listen(ear, STRETCH)

        await hears("voice")
        first = len(ear.packets)
        for _ in range(ROUNDS):
            for others in ([], ["other"], ["voice", "other"]):
                await hears(*others)
                await hears("voice")
            for muted in (True, False):
                await rig.media.set_muted(voice.leg_id, muted)
                await rig.listen(ear, STRETCH)
        await rig.media.close_leg(voice.leg_id)
        await rig.connect("voice-again", again_file)
        await hears("voice-again")
        heard = ear.packets[first:]
        stretches = from_one_source(heard, rig.clients)
        sent = {str(client.leg_id): client.sent for client in rig.clients}

    assert {signed_difference(b.sequence, a.sequence, 16) for a, b in pairwise(heard)} == {1}
    assert min(signed_difference(b.timestamp, a.timestamp, 32) for a, b in pairwise(heard)) > 0, "it went back"
    changes = Counter((before, after) for (before, _), (after, _) in pairwise(stretches))
    assert changes["voice", "server"] >= 3 * ROUNDS
    assert changes["server", "voice"] >= 3 * ROUNDS
    assert changes["voice", "other"] >= ROUNDS
    assert changes["server", "voice-again"] >= 1
    for name, packets in stretches:
        if name != "server":
            assert len(constants(packets, sent[name])) == 1, "the speaker's own steps were not kept"
    # What the quickest packet takes is what a jitter buffer settles on; a single one's delay is the machine's.
    transits_s = [
        min(
            packet.arrival_s
            - heard[0].arrival_s
            - signed_difference(packet.timestamp, heard[0].timestamp, 32) / CLOCK_RATE
            for packet in packets
        )
        for _, packets in stretches
        if len(packets) > STRETCH // 2
    ]
    jumps_s = sorted((after - before for before, after in pairwise(transits_s)), key=abs)[:-HICCUPS]
    print(f"{bridge}: {len(jumps_s)} changes put timestamps {-1000 * sum(jumps_s):+.0f} ms from where they should be")
    assert max(map(abs, jumps_s)) < JUMP_S, "timestamps jumped by another time than has passed"
    assert abs(sum(jumps_s)) < DRIFT_S, "timestamps drifted"


async def test_failure_6_a_voice_is_never_sent_twice_whatever_is_asked_for(tones: Tones) -> None:
    async with media_rig() as rig:
        await rig.connect("voice", tones[440])
        ear = await rig.connect("ear", tones[1000])
        for _ in range(3):
            await rig.media.open_leg(LegSpec(LegId("ear"), CALL, ParticipantId("ear"), speech=False))
            await rig.route(ear=["voice"], voice=["ear"])
        await rig.until_hears(ear, 440)
        packets = await rig.listen(ear, 100)
        assert len({packet.ssrc for packet in packets}) == 1
        assert len({packet.sequence for packet in packets}) == len(packets)
        assert packets[-1].arrival_s - packets[0].arrival_s > 1.5, "more than 50 packets a second"
        assert len(ear.connection.getTransceivers()) == 1
        assert rig.states("ear").count(LegState.OPEN) == 1, "a second leg took the place of the first"


@pytest.mark.parametrize("make", [ForwardBridge, TapBridge, RelayBridge])
async def test_failure_10_collecting_garbage_takes_no_task_and_no_packet(
    make: type[ForwardBridge | TapBridge | RelayBridge], tones: Tones
) -> None:
    tally = Tally()
    bridge: Bridge = make(tally)
    exchange = Exchange(bridge, lambda _: None, tally)
    exchange.start()
    clients: list[FileClient] = []
    heard: asyncio.Queue[MediaPacket] = asyncio.Queue()
    try:
        for name in ("voice", "ear"):
            leg_id = LegId(name)
            exchange.open(LegSpec(leg_id, CALL, ParticipantId(name), speech=True))
            sound = SoundFile(tones[440], loop=True)
            await asyncio.to_thread(sound.start)

            def negotiate(sdp: str, leg_id: LegId = leg_id):
                return exchange.answer(leg_id, sdp, OWN_ADDRESSES)

            clients.append(FileClient(sound, negotiate, heard.put_nowait if name == "ear" else None))
            await clients[-1].connect()
            clients[-1].begin()
        exchange.set_routes(CALL, {LegId("ear"): frozenset({LegId("voice")})})
        async with asyncio.timeout(60):
            for _ in range(10):
                gc.collect()
                for _ in range(10):
                    await heard.get()
    finally:
        await asyncio.gather(*(client.close() for client in clients))
        await exchange.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("media-")]


async def test_failure_11_a_leg_is_connected_once_and_never_negotiates_again(tones: Tones) -> None:
    async with media_rig() as rig:
        alice = await rig.connect("alice", tones[440])
        asked: list[str] = []
        alice.connection.on("signalingstatechange", lambda: asked.append(alice.connection.signalingState))
        await rig.connect("bob", tones[1000])
        await rig.connect("carol", tones[1700])
        for routes in ({"alice": ["bob"]}, {"alice": ["bob", "carol"]}, {"alice": []}, {"alice": ["carol"]}):
            await rig.route(**routes)
            await rig.listen(alice, 20)
        assert asked == []
        assert rig.states("alice") == [LegState.OPEN, LegState.CONNECTING, LegState.CONNECTED]
