"""`python -m bench.mixer [--json]`: what a mixed ear costs, how much later it hears, and what loss does to it.

Cost: decoding, mixing and encoding 20 ms for one ear, in one thread, as a share of a core. Delay: packets arrive every
20 ms with jitter; what a voice's buffer holds when the mixing clock takes a frame is how late that frame is. The
encoder's lookahead comes on top. Loss: how much waits in a voice's buffer after each frame that the clock took, and how
many frames it took were silent, with packets lost at random and with none for a second.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Container

import numpy as np

from core.media.guard import Tally
from core.media.mixer import Mixer
from core.media.opus import OpusEncoder
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES, MediaPacket

FRAMES = 1_500
VOICES = (2, 3)
JITTER_MS = (0.0, 5.0, 15.0)
LOOKAHEAD_MS = 6.5
"""libopus, application `voip` at 48 kHz."""

LOSSES = (0.0, 0.02, 0.05)
OUTAGE = range(500, 550)
"""Packets that an outage of a second swallows."""
QUIET = 400
"""RMS of 16-bit samples; the voices' tone has 5700."""


def _packets(voice: int) -> list[MediaPacket]:
    encoder = OpusEncoder()
    moments = np.arange(FRAMES * FRAME_SAMPLES) / CLOCK_RATE
    sound = (8_000 * np.sin(2 * np.pi * (200 + 90 * voice) * moments)).astype(np.int16).reshape(FRAMES, FRAME_SAMPLES)
    return [
        MediaPacket(
            ssrc=voice,
            sequence=number & 0xFFFF,
            timestamp=number * FRAME_SAMPLES,
            payload=encoder.encode(frame),
            marker=False,
            arrival_s=number * FRAME_S,
        )
        for number, frame in enumerate(sound)
    ]


def cost(voices: int) -> dict[str, float]:
    """Microseconds of CPU of one ear's 20 ms, and their share of a core in percent."""
    mixer: Mixer[int] = Mixer(Tally())
    mixer.set_voices(range(voices))
    encoder = OpusEncoder()
    streams = [_packets(voice) for voice in range(voices)]
    began = time.process_time()
    for packets in zip(*streams, strict=True):
        for voice, packet in enumerate(packets):
            buffer = mixer.voice(voice)
            if buffer is not None:
                buffer.push_packet(packet)
        encoder.encode(mixer.mix())
    us = 1e6 * (time.process_time() - began) / FRAMES
    return {"us_a_frame": round(us, 1), "core_percent": round(us / (1e6 * FRAME_S) * 100, 2)}


def delay(jitter_ms: float, seed: int = 1) -> dict[str, float]:
    """Milliseconds from a packet's arrival to its frame's mixing, without the encoder's lookahead."""
    chance = random.Random(seed)
    mixer: Mixer[int] = Mixer(Tally())
    mixer.set_voices([0, 1])
    arrivals = [
        (packet.arrival_s + chance.uniform(0, jitter_ms / 1000), voice, packet)
        for voice in (0, 1)
        for packet in _packets(voice)
    ]
    arrivals.sort(key=lambda arrival: arrival[0])
    offset = chance.uniform(0, FRAME_S)
    waiting: list[float] = []
    late: list[float] = []
    upcoming = iter(arrivals)
    arrival = next(upcoming, None)
    for slot in range(FRAMES):
        now = slot * FRAME_S + offset
        while arrival is not None and arrival[0] <= now:
            buffer = mixer.voice(arrival[1])
            if buffer is not None:
                buffer.push_packet(arrival[2])
            if arrival[1] == 0:
                waiting.append(arrival[0])
            arrival = next(upcoming, None)
        first = mixer.voice(0)
        if first is not None and first.pull() is not None:
            late.append(1000 * (now - waiting.pop(0)))
    return {"p50_ms": round(statistics.median(late), 1), "p99_ms": round(sorted(late)[int(len(late) * 0.99)], 1)}


def heard(lost: Container[int]) -> tuple[list[float], list[bool]]:
    """For each 20 ms of a voice, from the 50th packet on: milliseconds that wait after it, and whether it was silent.

    Packets arrive evenly, each just before a slot of the mixing clock, and those in `lost` never.
    """
    mixer: Mixer[int] = Mixer(Tally())
    mixer.set_voices([0])
    waiting_ms: list[float] = []
    silent: list[bool] = []
    for packet in _packets(0):
        buffer = mixer.voice(0)
        if buffer is None:
            break
        if packet.sequence not in lost:
            buffer.push_packet(packet)
        frame = mixer.mix()
        waiting_ms.append(1000 * buffer.waiting_s)
        silent.append(bool(np.sqrt(np.mean(frame.astype(float) ** 2)) < QUIET))
    return waiting_ms[50:], silent[50:]


def loss(probability: float, seed: int = 1) -> dict[str, float]:
    """Random loss: how much waits, and how many of the frames were silent."""
    chance = random.Random(seed)
    lost = {number for number in range(50, FRAMES) if chance.random() < probability}
    waiting_ms, silent = heard(lost)
    return {
        "lost": len(lost),
        "silent_frames": sum(silent),
        "waiting_mean_ms": round(statistics.mean(waiting_ms), 1),
        "waiting_max_ms": round(max(waiting_ms), 1),
    }


def outage() -> dict[str, float]:
    """A second without packets: how much waits before, a second after, and 4 s after; silent frames of 50 lost."""
    waiting_ms, silent = heard(OUTAGE)
    end = OUTAGE.stop - 50
    return {
        "silent_frames": sum(silent),
        "waiting_before_ms": round(waiting_ms[OUTAGE.start - 100], 1),
        "after_1s_ms": round(waiting_ms[end + 50], 1),
        "after_4s_ms": round(waiting_ms[end + 200], 1),
    }


def figures() -> dict[str, dict[str, float]]:
    """All figures by what they are about."""
    costs = {f"cost, {voices} voices": cost(voices) for voices in VOICES}
    delays = {f"delay, jitter {jitter:g} ms": delay(jitter) for jitter in JITTER_MS}
    losses = {f"loss, {100 * probability:g} %": loss(probability) for probability in LOSSES}
    return {**costs, **delays, **losses, "outage of 1 s": outage(), "encoder's lookahead": {"p50_ms": LOOKAHEAD_MS}}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    wants_json = parser.parse_args().json
    found = figures()
    if wants_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, line in found.items():
        sys.stdout.write(f"{name:<22}" + "   ".join(f"{key} {value:g}" for key, value in line.items()) + "\n")


if __name__ == "__main__":
    main()
