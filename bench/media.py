"""`python -m bench.media [--json]`: what a call costs the media process, and how late a voice arrives.

Runs in a network namespace of its own (root on Linux). Forwarding, tap and relay take turns, each with the same calls:
one whose two clients are in this process and are timed, the others played by one more process. With two cores or more
the media process has the first to itself.

*Mouth to ear* counts as a browser would live it: a sample is spoken at its place in a 20 ms frame that can be sent only
when it is full, and heard at its place in a packet that is played as soon as it arrives (no jitter buffer at the ear).
*Forwarding delay* is the part of it that is not framing and codec, i.e. networks, loops and bridge.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import uvloop

from bench import pages
from core.media.controller import MediaProcess
from core.media.events import LegSpec, MediaEvent, MediaLoad
from core.media.opus import OpusDecoder, OpusEncoder
from core.media.packet import CLOCK_RATE, FRAME_S, MediaPacket
from core.media.player import FileClient
from core.media.sound_file import SoundFile, read_frames
from core.model.call import CallId, LegId, ParticipantId
from core.model.clock import SystemClock
from core.settings import BridgeKind, Settings
from tests.support.namespace import own_namespace
from tests.support.sound_files import write_sound

BEAT_S = 0.5
BURST_S = 0.01
LOUD = 3000
SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class LoopLag:
    """How late the media loop woke, over a stretch of seconds."""

    p50_ms: float
    """Median of the seconds' medians."""
    p99_ms: float
    """Median of the seconds' 99th percentiles."""
    worst_ms: float
    """Highest 99th percentile of any second."""


def loop_lag(loads: Sequence[MediaLoad]) -> LoopLag:
    """The loop lag over the seconds that `loads` report; at least one."""
    return LoopLag(
        p50_ms=statistics.median(load.loop_lag_p50_ms for load in loads),
        p99_ms=statistics.median(load.loop_lag_p99_ms for load in loads),
        worst_ms=max(load.loop_lag_p99_ms for load in loads),
    )


@dataclass(slots=True)
class Figures:
    """What was seen of one way of carrying calls, over all rounds."""

    cpu_pct_per_call: list[float] = field(default_factory=list)
    mouth_to_ear_ms: list[float] = field(default_factory=list)
    forwarding_ms: list[float] = field(default_factory=list)
    loads: list[MediaLoad] = field(default_factory=list)

    def report(self, name: str) -> dict[str, float]:
        lag = loop_lag(self.loads)
        return {
            f"{name}_cpu_pct_of_core_per_call": round(statistics.median(self.cpu_pct_per_call), 2),
            f"{name}_forwarding_delay_p50_ms": round(float(np.percentile(self.forwarding_ms, 50)), 2),
            f"{name}_forwarding_delay_p95_ms": round(float(np.percentile(self.forwarding_ms, 95)), 2),
            f"{name}_mouth_to_ear_p50_ms": round(float(np.percentile(self.mouth_to_ear_ms, 50)), 2),
            f"{name}_mouth_to_ear_p95_ms": round(float(np.percentile(self.mouth_to_ear_ms, 95)), 2),
            f"{name}_loop_lag_p50_ms": round(lag.p50_ms, 3),
            f"{name}_loop_lag_p99_ms": round(lag.p99_ms, 3),
            f"{name}_loop_lag_worst_ms": round(lag.worst_ms, 3),
        }


def write_beats(path: Path, seconds: float) -> Path:
    """A WAV file with a short burst of sound at every beat, silence between."""
    burst = 12_000 * np.sin(2 * np.pi * 1000 * np.arange(int(BURST_S * CLOCK_RATE)) / CLOCK_RATE)
    beat = np.zeros(int(BEAT_S * CLOCK_RATE))
    # Not at the start of a frame, so that no beat hides in the joint of two.
    beat[500 : 500 + len(burst)] = burst
    return write_sound(path, np.tile(beat, int(seconds / BEAT_S)))


def onsets(frames: Sequence[tuple[float, np.ndarray[tuple[int], np.dtype[np.int16]]]]) -> list[float]:
    """When each burst begins, given frames of samples with the time of their first one."""
    times: list[float] = []
    for start_s, pcm in frames:
        loud = np.flatnonzero(np.abs(pcm.astype(int)) > LOUD)
        if len(loud):
            at_s = start_s + int(loud[0]) / CLOCK_RATE
            if not times or at_s - times[-1] > BEAT_S / 2:
                times.append(at_s)
    return times


class SpokenFile(SoundFile):
    """A sound file that remembers when each of its frames was sent."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sent_s: list[float] = []

    def next_packet(self) -> bytes:
        packet = super().next_packet()
        if not self.ended:
            self.sent_s.append(time.monotonic())
        return packet


def codec_delay_s(path: Path) -> float:
    """How much later a burst begins after encoding and decoding alone."""
    encoder, decoder = OpusEncoder(), OpusDecoder()
    frames = list(itertools.islice(read_frames(path), 200))
    spoken = [(number * FRAME_S, pcm) for number, pcm in enumerate(frames)]
    decoded = [(start_s, decoder.decode(encoder.encode(pcm))) for start_s, pcm in spoken]
    delays = [heard - said for said, heard in zip(onsets(spoken), onsets(decoded), strict=False)]
    return statistics.median(delays)


def mouth_to_ear_s(path: Path, sent_s: Sequence[float], packets: Sequence[MediaPacket]) -> list[float]:
    """Delay of each burst from the mouth that spoke it to the ear that heard it."""
    spoken = onsets([(at_s - FRAME_S, pcm) for at_s, pcm in zip(sent_s, read_frames(path), strict=False)])
    decoder = OpusDecoder()
    heard = onsets([(packet.arrival_s, decoder.decode(packet.payload)) for packet in packets])
    delays: list[float] = []
    for said_s in spoken:
        later = [ear_s - said_s for ear_s in heard if 0 < ear_s - said_s < BEAT_S * 0.9]
        delays += later[:1]
    return delays


async def run_round(figures: Figures, kind: BridgeKind, speech: bool, calls: int, seconds: float, beats: Path) -> None:
    """One stretch with one bridge: start, settle, measure, stop."""
    loads: list[MediaLoad] = []

    def take(event: MediaEvent) -> None:
        if isinstance(event, MediaLoad):
            loads.append(event)

    media = MediaProcess(Settings(bridge=kind, log_level="WARNING", _env_file=None), take, SystemClock())
    await media.start()
    files = [SpokenFile(beats), SpokenFile(beats)]
    packets: list[MediaPacket] = []
    clients: list[FileClient] = []
    try:
        if len(os.sched_getaffinity(0)) < (os.cpu_count() or 1) and media.pid:
            psutil.Process(media.pid).cpu_affinity([0])
        await asyncio.sleep(SETTLE_S)
        idle_pct = statistics.median(load.cpu_pct for load in loads)
        for file in files:
            await asyncio.to_thread(file.start)
        for number in range(calls):
            await open_call(media, number, speech)
        for file, leg_id, collect in zip(files, leg_ids(0), (packets, []), strict=True):
            clients.append(
                FileClient(file, lambda offer, leg_id=leg_id: media.answer(leg_id, offer), collect.append)  # type: ignore[misc]
            )
        await asyncio.gather(*(client.connect() for client in clients))
        others = {leg_id: beats for number in range(1, calls) for leg_id in leg_ids(number)}
        if others:
            await media.play(others, CallId("others"))
        await asyncio.sleep(SETTLE_S)
        loads.clear()
        for client in clients:
            client.begin()
        await asyncio.sleep(seconds)
        delays_s = mouth_to_ear_s(beats, files[1].sent_s, packets)
        figures.cpu_pct_per_call.append((statistics.median(load.cpu_pct for load in loads) - idle_pct) / calls)
        figures.loads += loads
        figures.mouth_to_ear_ms += [1000 * delay_s for delay_s in delays_s]
        coding_s = FRAME_S + codec_delay_s(beats)
        figures.forwarding_ms += [1000 * (delay_s - coding_s) for delay_s in delays_s]
    finally:
        await asyncio.gather(*(client.close() for client in clients))
        await media.stop()


def leg_ids(number: int) -> tuple[LegId, LegId]:
    return LegId(f"{number}-left"), LegId(f"{number}-right")


async def open_call(media: MediaProcess, number: int, speech: bool) -> None:
    call_id, (left, right) = CallId(f"call-{number}"), leg_ids(number)
    for leg_id in (left, right):
        await media.open_leg(LegSpec(leg_id, call_id, ParticipantId(leg_id), speech=speech))
    await media.set_routes(call_id, {left: frozenset({right}), right: frozenset({left})})


async def measure(calls: int, seconds: float, rounds: int) -> dict[str, float]:
    """All rounds, the ways taking turns."""
    ways = {
        "forward": (BridgeKind.FORWARD, False),
        "forward_with_speech": (BridgeKind.FORWARD, True),
        "tap": (BridgeKind.TAP, False),
        "relay": (BridgeKind.RELAY, False),
    }
    figures = {name: Figures() for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        beats = write_beats(Path(folder) / "beats.wav", seconds + 60)
        for _ in range(rounds):
            for name, (kind, speech) in ways.items():
                await run_round(figures[name], kind, speech, calls, seconds, beats)
    result: dict[str, float] = {"calls": calls, "seconds_per_round": seconds, "rounds": rounds}
    for name, seen in figures.items():
        result |= seen.report(name)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.media", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=5, help="two-party calls at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a measurement")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each way gets")
    parser.add_argument("--page-seconds", type=float, default=30.0, help="length of each stage with pages; 0: none")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[1:])
    with own_namespace():
        result = uvloop.run(measure(options.calls, options.seconds, options.rounds))
    if options.page_seconds:
        os.sched_setaffinity(0, cores)
        result |= pages.measure(options.page_seconds)
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:45} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
