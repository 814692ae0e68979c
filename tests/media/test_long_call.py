"""A call that goes on and on is at its end what it was at its beginning, in the ears and in the media process."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import pytest

from core.media.events import MediaLoad
from core.media.packet import CLOCK_RATE, MediaPacket, signed_difference
from core.model.audio import SPEECH_FORMAT, PcmChunk
from tests.media.rig import Client, Rig, media_rig, write_noise
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

PERIOD_S = 10.0
MEGABYTE = 1 << 20
LATER_MS = 10.0
"""What a busy machine alone does to the median of ten seconds."""
RATE = 50.0


@dataclass(frozen=True, slots=True)
class Period:
    """Ten seconds of what one ear got."""

    packets_per_s: float
    transit_ms: float
    """Median of arrival less place in the stream; grows when timestamps and time part."""
    missing: int


class Listener:
    """Follows one ear's stream through all periods."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last: MediaPacket | None = None
        self._place = 0

    def take(self, period_s: float) -> Period:
        """What has come since the last period. Forgets the packets, of which an hour has 180,000."""
        packets, self._client.packets = self._client.packets, []
        transits, missing = [], 0
        for packet in packets:
            if self._last is not None:
                self._place += signed_difference(packet.timestamp, self._last.timestamp, 32)
                missing += signed_difference(packet.sequence, self._last.sequence, 16) - 1
            self._last = packet
            transits.append(1000 * (packet.arrival_s - self._place / CLOCK_RATE))
        return Period(len(packets) / period_s, median(transits), missing)


def heard_s(rig: Rig) -> float:
    """How much sound came for recognition since the last period, of all voices. Forgets it."""
    chunks = rig.of(PcmChunk)
    rig.events.clear()
    rig.arrivals_s.clear()
    return sum(SPEECH_FORMAT.seconds(chunk.pcm) for chunk in chunks)


async def next_load(rig: Rig) -> MediaLoad:
    seen = len(rig.of(MediaLoad))
    await rig.until(lambda: len(rig.of(MediaLoad)) > seen)
    return rig.of(MediaLoad)[-1]


def judge(periods: Sequence[Period]) -> None:
    assert median(each.packets_per_s for each in periods) == pytest.approx(RATE, abs=1)
    assert sum(each.missing for each in periods) == 0
    third = max(1, len(periods) // 3)
    begun, ended = (median(each.transit_ms for each in part) for part in (periods[:third], periods[-third:]))
    assert abs(ended - begun) < LATER_MS, f"timestamps and time have parted by {ended - begun:+.1f} ms"


async def goes_on(seconds: float, folder: Path, megabytes: float) -> None:
    async with media_rig() as rig:
        voices = {name: write_noise(folder / f"{name}.wav", seed, 4.0) for seed, name in enumerate(("one", "other"))}
        clients = [await rig.connect(name, file, speech=True) for name, file in voices.items()]
        await rig.route(one=["other"], other=["one"])
        for client in clients:
            await client.until_packets(100)
        assert rig.media.pid is not None
        process = psutil.Process(rig.media.pid)
        before = await next_load(rig)
        fds, memory = process.num_fds(), process.memory_info().rss
        listeners = [Listener(client) for client in clients]
        heard_s(rig)
        for client in clients:
            client.packets = []
        periods: list[list[Period]] = [[], []]
        recognised_s = 0.0
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        for number in itertools.count(1):
            due_s = begin_s + min(number * PERIOD_S, seconds)
            last_s = loop.time()
            await asyncio.sleep(due_s - last_s)
            for listener, taken in zip(listeners, periods, strict=True):
                taken.append(listener.take(loop.time() - last_s))
            recognised_s += heard_s(rig)
            if due_s >= begin_s + seconds:
                break
        after = await next_load(rig)
        grown = (process.memory_info().rss - memory) / MEGABYTE
        print(f"{seconds:.0f} s: {grown:+.1f} MB, {process.num_fds() - fds:+d} files, {after.tasks} tasks")
        for taken in periods:
            judge(taken)
        assert recognised_s == pytest.approx(2 * seconds, rel=0.02)
        assert (after.tasks, after.legs, after.held) == (before.tasks, 2, before.held)
        assert process.num_fds() <= fds
        assert grown < megabytes


async def test_after_a_minute_a_call_is_what_it_was(tmp_path: Path) -> None:
    await goes_on(60, tmp_path, megabytes=4)


@pytest.mark.soak
async def test_after_an_hour_a_call_is_what_it_was(tmp_path: Path) -> None:
    await goes_on(3600, tmp_path, megabytes=8)
