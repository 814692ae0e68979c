"""Calls that come and go, a third of them cut in the middle, leave nothing behind in the media process."""

import asyncio
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from core.media.events import LegSpec
from core.model.call import CallId, LegId, ParticipantId
from tests.media.rig import Rig, media_rig
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

AT_ONCE = 4
WARM_UP_CALLS = 12
MEGABYTE = 1 << 20


async def negotiate_only(rig: Rig, name: str, call_id: CallId) -> None:
    """A browser that is gone as soon as it was answered."""
    leg_id = LegId(name)
    await rig.media.open_leg(LegSpec(leg_id, call_id, ParticipantId(name), speech=True))
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("audio")
    await connection.setLocalDescription(await connection.createOffer())
    await rig.media.answer(leg_id, str(connection.localDescription.sdp))
    await connection.close()


async def one_call(rig: Rig, number: int, file: Path, room: asyncio.Semaphore) -> None:
    """Every third call is cut: its client vanishes during the negotiation, or in the middle of the call."""
    async with room:
        call_id = CallId(f"call-{number}")
        names = (f"{number}-left", f"{number}-right")
        if number % 6 == 1:
            await negotiate_only(rig, names[0], call_id)
            clients = []
        else:
            clients = [await rig.connect(name, file, speech=True, call_id=call_id) for name in names]
            left, right = (LegId(name) for name in names)
            await rig.media.set_routes(call_id, {left: frozenset({right}), right: frozenset({left})})
            await clients[0].until_packets(5)
            if number % 6 == 4:
                await clients[0].close()
        for name in names:
            await rig.media.close_leg(LegId(name))
        for client in clients:
            await client.close()
            rig.clients.remove(client)


async def churn(rig: Rig, first: int, calls: int, file: Path) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(one_call(rig, number, file, room) for number in range(first, first + calls)))


async def leaves_nothing(calls: int, file: Path, megabytes: float) -> None:
    """The memory of the second of two equal rounds is judged: what an allocator takes once it takes in the first."""
    async with media_rig() as rig:
        # What libraries take once and keep is taken by then.
        await churn(rig, 0, WARM_UP_CALLS, file)
        before = await rig.until_idle()
        assert rig.media.pid is not None
        process = psutil.Process(rig.media.pid)
        fds, threads = process.num_fds(), process.num_threads()
        memory = [process.memory_info().rss]
        for number in range(2):
            await churn(rig, WARM_UP_CALLS + number * calls, calls, file)
            await rig.until_idle(tasks=before.tasks)
            await rig.until(lambda: process.num_fds() <= fds and process.num_threads() <= threads)
            memory.append(process.memory_info().rss)
        first, second = ((after - before) / MEGABYTE for before, after in pairwise(memory))
        print(f"{calls} calls: {first:+.1f} MB, {calls} more: {second:+.1f} MB; {fds} files, {threads} threads")
        assert second < megabytes


async def test_calls_that_come_and_go_leave_nothing_behind(tones: dict[int, Path]) -> None:
    await leaves_nothing(30, tones[440], megabytes=2)


@pytest.mark.soak
async def test_two_hundred_calls_leave_nothing_behind(tones: dict[int, Path]) -> None:
    await leaves_nothing(200, tones[440], megabytes=4)
