"""The media process is started, watched, restarted and stopped."""

import asyncio
import os
import signal
import socket as sockets
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil
import pytest

from core.media.client import ControlClient
from core.media.events import LegSpec, MediaLoad, MediaRestarted, PlaybackEnded, PlaybackKind
from core.media.messages import VERSION, Hello, ProtocolError, encode_frame
from core.model.audio import PcmChunk
from core.model.call import LegId, LegState, ParticipantId
from core.model.child_process import end_process
from core.model.errors import AudioFileUnreadable, LegNotFound, MediaProcessDown
from core.model.health import PartState
from core.settings import PROJECT_ROOT
from tests.media.rig import CALL, Rig, assert_continuous, media_rig, write_tone
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

Tones = dict[int, Path]


def spec(name: str, speech: bool = False) -> LegSpec:
    return LegSpec(LegId(name), CALL, ParticipantId(name), speech=speech)


async def test_a_killed_process_comes_back_and_new_legs_work(tones: Tones) -> None:
    async with media_rig() as rig:
        await rig.connect("alice", tones[440])
        killed = rig.media.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await rig.until(lambda: LegState.LOST in rig.states("alice"))
        with pytest.raises(MediaProcessDown):
            await rig.media.answer(LegId("alice"), "v=0")
        await rig.until(lambda: rig.of(MediaRestarted))
        assert rig.media.health.state is PartState.UP
        assert rig.media.pid not in (None, killed)
        await rig.connect("alice-again", tones[440])
        bob = await rig.connect("bob", tones[1000])
        await rig.route(bob=["alice-again"])
        await rig.until_hears(bob, 440)


async def test_a_pending_request_fails_when_the_process_dies() -> None:
    async with media_rig() as rig:
        assert rig.media.pid is not None
        os.kill(rig.media.pid, signal.SIGSTOP)
        pending = asyncio.create_task(rig.media.open_leg(spec("alice")))
        await asyncio.sleep(0.1)
        os.kill(rig.media.pid, signal.SIGKILL)
        with pytest.raises(MediaProcessDown):
            await pending


async def test_stopping_is_quick_idempotent_and_leaves_nothing(tones: Tones) -> None:
    fds, children = psutil.Process().num_fds(), len(psutil.Process().children())
    tasks = asyncio.all_tasks()
    async with media_rig() as rig:
        await rig.connect("alice", tones[440])
        folder = rig.media.socket
        assert folder is not None
        began_s = time.monotonic()
        await rig.media.stop()
        assert time.monotonic() - began_s < 5
        await rig.media.stop()
        assert rig.media.health.state is PartState.DOWN
        assert not folder.parent.exists()
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == tasks
    assert len(psutil.Process().children()) == children
    assert psutil.Process().num_fds() <= fds


async def test_closed_legs_leave_no_thread_and_no_file_in_the_process(tones: Tones) -> None:
    async with media_rig() as rig:
        await rig.connect("first", tones[440], speech=True)
        await rig.media.close_leg(LegId("first"))
        assert rig.media.pid is not None
        process = psutil.Process(rig.media.pid)
        await rig.until(lambda: LegState.CLOSED in rig.states("first"))
        await asyncio.sleep(0.3)
        fds, threads = process.num_fds(), process.num_threads()
        for name in ("a", "b"):
            await rig.connect(name, tones[440], speech=True)
        await rig.route(a=["b"], b=["a"])
        assert process.num_fds() > fds
        for name in ("a", "b", "b"):
            await rig.media.close_leg(LegId(name))
        await rig.until(lambda: process.num_fds() <= fds and process.num_threads() <= threads)
        await rig.until(lambda: rig.of(MediaLoad) and rig.of(MediaLoad)[-1].legs == 0)


async def test_a_far_end_that_goes_away_by_itself_is_lost_and_forgotten(tones: Tones) -> None:
    async with media_rig() as rig:
        alice = await rig.connect("alice", tones[440])
        await alice.close()
        await rig.until(lambda: LegState.LOST in rig.states("alice"))
        assert LegState.CLOSED not in rig.states("alice")
        with pytest.raises(LegNotFound):
            await rig.media.set_muted(LegId("alice"), True)


async def test_a_leg_that_the_call_closes_is_closed(tones: Tones) -> None:
    async with media_rig() as rig:
        await rig.connect("alice", tones[440])
        await rig.until(lambda: LegState.CONNECTED in rig.states("alice"))
        await rig.media.close_leg(LegId("alice"))
        await rig.media.close_leg(LegId("alice"))
        await rig.until(lambda: LegState.CLOSED in rig.states("alice"))
        assert rig.states("alice") == [
            LegState.OPEN,
            LegState.CONNECTING,
            LegState.CONNECTED,
            LegState.CLOSED,
        ]


async def test_another_version_is_refused_in_words() -> None:
    async with media_rig() as rig:
        assert rig.media.socket is not None
        with pytest.raises(ProtocolError, match=f"version {VERSION} .* version {VERSION + 1}"):
            await ControlClient().connect(rig.media.socket, version=VERSION + 1)


async def test_who_speaks_something_else_is_given_up_and_disturbs_nobody() -> None:
    async with media_rig() as rig:
        reader, writer = await asyncio.open_unix_connection(str(rig.media.socket))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        await rig.media.open_leg(spec("alice"))


async def test_a_controller_that_does_not_read_disturbs_nobody(tones: Tones) -> None:
    """The media goes on at its pace, and the stalled controller's PCM is bounded."""
    async with media_rig() as rig:
        with sockets.socket(sockets.AF_UNIX) as deaf:
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, str(rig.media.socket))
            deaf.send(encode_frame(Hello(version=VERSION, events=True)))
            await rig.connect("alice", tones[440], speech=True)
            bob = await rig.connect("bob", tones[1000], speech=True)
            await rig.route(bob=["alice"])
            await rig.until_hears(bob, 440)
            heard = await rig.listen(bob, 100)
        assert_continuous(heard)
        assert heard[-1].arrival_s - heard[0].arrival_s == pytest.approx(2.0, rel=0.2)
        assert len(rig.of(PcmChunk)) > 20


async def test_a_process_whose_controllers_are_gone_ends_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "media.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.media", "--socket", str(path), "--orphan-seconds", "0.5"),
        cwd=PROJECT_ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(15):
            assert await process.wait() == 0
        assert not path.exists()
    finally:
        await end_process(process, 1.0)


async def test_sigterm_ends_the_process_cleanly() -> None:
    async with media_rig() as rig:
        assert rig.media.pid is not None
        os.kill(rig.media.pid, signal.SIGTERM)
        await rig.until(lambda: rig.of(MediaRestarted))


async def test_load_is_reported_once_a_second() -> None:
    async with media_rig() as rig:
        await rig.until(lambda: len(rig.of(MediaLoad)) >= 5)
        loads = rig.of(MediaLoad)[:5]
        # The usual one: one that is late on a busy machine is followed by one that is early.
        assert median(b.at_s - a.at_s for a, b in pairwise(loads)) == pytest.approx(1.0, abs=0.3)
        assert 0 <= loads[-1].loop_lag_p50_ms <= loads[-1].loop_lag_p99_ms


async def play_pair(rig: Rig, left: Path, right: Path) -> PlaybackKind:
    for name in ("left", "right"):
        await rig.media.open_leg(spec(name, speech=True))
    await rig.route(left=["right"], right=["left"])
    return await rig.media.play({LegId("left"): left, LegId("right"): right}, CALL)


async def test_a_demo_plays_over_the_network_and_tells_its_end(tones: Tones) -> None:
    async with media_rig() as rig:
        assert await play_pair(rig, tones[440], tones[1000]) is PlaybackKind.NETWORK
        await rig.until(lambda: rig.of(PlaybackEnded))
        (ended,) = rig.of(PlaybackEnded)
        assert ended == PlaybackEnded(CALL, (LegId("left"), LegId("right")), None)
        assert LegState.LOST not in rig.states("left")
        seconds = sum(len(c.pcm) / 32000 for c in rig.of(PcmChunk) if c.leg_id == "left" and any(c.pcm))
        assert seconds == pytest.approx(1.0, abs=0.25)


async def test_a_demo_that_is_closed_early_ends_without_a_word(tmp_path: Path) -> None:
    long = write_tone(tmp_path / "긴 통화.wav", 440, seconds=30)
    async with media_rig() as rig:
        await play_pair(rig, long, long)
        await rig.media.close_leg(LegId("left"))
        await rig.media.close_leg(LegId("right"))
        assert rig.of(PlaybackEnded) == []
        assert len(psutil.Process().children()) == 1


async def test_a_demo_with_an_unreadable_file_is_refused_by_name(tones: Tones, tmp_path: Path) -> None:
    async with media_rig() as rig:
        with pytest.raises(AudioFileUnreadable, match=r"missing\.wav"):
            await play_pair(rig, tones[440], tmp_path / "missing.wav")
