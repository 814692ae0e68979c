"""Loss leaves no scars: what is lost is missing, and nothing else is late, neither for the ear nor for recognition."""

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.media.opus import OpusDecoder
from core.media.packet import CLOCK_RATE, FRAME_S, MediaPacket, signed_difference
from core.model.audio import SPEECH_FORMAT, PcmChunk
from tests.media.rig import Rig, media_rig, write_beats
from tests.support.namespace import namespace_marks
from tests.support.outage import loss, outage

Tones = dict[int, Path]
Sound = NDArray[np.int16]
pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

CALM_S = 3.0
ROUGH_S = 6.0
CALM_PACKETS = 200
BEAT_S = 0.5
LOUD = 2000
"""RMS of 16-bit samples; the metronome's tone has 5700."""
LATER_S = 0.1
"""aiortc's jitter buffer makes everything 200 ms late once a packet was lost."""


def transits_ms(packets: Sequence[MediaPacket]) -> list[float]:
    """How late each packet came for its timestamp, in ms above the quickest."""
    first = packets[0]
    transits = [
        packet.arrival_s - first.arrival_s - signed_difference(packet.timestamp, first.timestamp, 32) / CLOCK_RATE
        for packet in packets
    ]
    return [1000 * (transit - min(transits)) for transit in transits]


async def two(rig: Rig, voice: Path, tones: Tones):
    """A voice that is recognised, and an ear that hears it."""
    await rig.connect("voice", voice, speech=True)
    ear = await rig.connect("ear", tones[1000])
    await rig.route(ear=["voice"])
    await ear.until_packets(50)
    await asyncio.sleep(1.0)
    return ear


@pytest.mark.parametrize("probability", [0.02, 0.05])
async def test_random_loss_makes_nothing_late(probability: float, speech_file: Path, tones: Tones) -> None:
    async with media_rig() as rig:
        ear = await two(rig, speech_file, tones)
        before = len(ear.packets)
        await asyncio.sleep(CALM_S)
        calm = ear.packets[before:]
        with loss(probability):
            start = len(ear.packets)
            await asyncio.sleep(ROUGH_S)
            rough = ear.packets[start:]
        expected = signed_difference(rough[-1].sequence, rough[0].sequence, 16) + 1
        assert 0.2 * probability < 1 - len(rough) / expected < 6 * probability, "the loss is not in the numbers"
        late = statistics.median(transits_ms(calm + rough)[len(calm) :])
        assert late < statistics.median(transits_ms(calm + rough)[: len(calm)]) + 15


async def test_after_an_outage_packets_come_as_promptly_as_before(speech_file: Path, tones: Tones) -> None:
    async with media_rig() as rig:
        ear = await two(rig, speech_file, tones)
        before = len(ear.packets)
        await asyncio.sleep(CALM_S)
        with outage():
            await asyncio.sleep(1.0)
        over = len(ear.packets)
        await asyncio.sleep(CALM_S)
        packets = ear.packets[before:]
        transits = transits_ms(packets)
        calm = statistics.median(transits[: over - before])
        assert statistics.median(transits[over - before + 50 :]) < calm + 15, "a second after the outage it is late"
        missing = signed_difference(packets[-1].sequence, packets[0].sequence, 16) + 1 - len(packets)
        assert 35 <= missing <= 120


def holes_s(chunks: Sequence[PcmChunk]) -> list[float]:
    """What is missing between chunks, in seconds; negative where they overlap."""
    return [after.start_s - end_s(before) for before, after in pairwise(chunks)]


def end_s(chunk: PcmChunk) -> float:
    return chunk.start_s + SPEECH_FORMAT.seconds(chunk.pcm)


def lateness_s(rig: Rig, since_s: float, until_s: float) -> float:
    """How long after its last sample recognition got the usual chunk of those that came in this time."""
    late = [
        arrival_s - end_s(event)
        for arrival_s, event in zip(rig.arrivals_s, rig.events, strict=True)
        if isinstance(event, PcmChunk) and since_s <= arrival_s < until_s
    ]
    assert len(late) > 10
    return statistics.median(late)


def beats_s(windows: Iterable[tuple[float, Sound]]) -> list[float]:
    """When each beat of the metronome begins, given when each window of sound does."""
    beats: list[float] = []
    for start_s, pcm in windows:
        # In the middle of a beat a lost packet is no silence.
        if np.sqrt(np.mean(pcm.astype(float) ** 2)) > LOUD and (not beats or start_s - beats[-1] > BEAT_S / 2):
            beats.append(start_s)
    return beats


def beats_heard_s(packets: Sequence[MediaPacket]) -> list[float]:
    """When the packet came with which each beat begins."""
    decoder = OpusDecoder()
    return beats_s((packet.arrival_s, decoder.decode(packet.payload)) for packet in packets)


def beats_recognised_s(chunks: Sequence[PcmChunk]) -> list[float]:
    """Where each beat begins by what recognition is told."""
    window = round(SPEECH_FORMAT.sample_rate * FRAME_S / 4)
    return beats_s(
        (chunk.start_s + number * FRAME_S / 4, np.frombuffer(chunk.pcm, np.int16)[number * window :][:window])
        for chunk in chunks
        for number in range(len(chunk.pcm) // 2 // window)
    )


def misplaced_s(rig: Rig, heard_s: Sequence[float], since_s: float, until_s: float) -> float:
    """How much later than the ear got them recognition is told that the usual beat of this time was."""
    recognised_s = beats_recognised_s(rig.of(PcmChunk))
    apart = [
        min((told_s - beat_s for told_s in recognised_s), key=abs) for beat_s in heard_s if since_s <= beat_s < until_s
    ]
    assert len(apart) > 2
    return statistics.median(apart)


async def test_recognition_gets_its_sound_in_time_and_knows_when_it_was_through_loss_and_outage(
    tones: Tones, tmp_path: Path
) -> None:
    metronome = write_beats(tmp_path / "metronome.wav", 440, tone_s=0.2, period_s=BEAT_S)
    async with media_rig() as rig:
        ear = await two(rig, metronome, tones)
        marks: list[float] = []

        async def calm() -> None:
            """Packets flow as they should, for as long as it takes to judge that."""
            marks.append(time.monotonic())
            await rig.listen(ear, CALM_PACKETS)
            marks.append(time.monotonic())

        await calm()
        with loss(0.05):
            await asyncio.sleep(ROUGH_S)
        await calm()
        with outage():
            await asyncio.sleep(1.0)
        await rig.listen(ear, 50)
        await calm()
    heard_s = beats_heard_s(ear.packets)
    before, *after = [
        (lateness_s(rig, *period), misplaced_s(rig, heard_s, *period))
        for period in zip(marks[::2], marks[1::2], strict=True)
    ]
    print(f"recognition, late and misplaced: {before} before, {after} after")
    for late_s, apart_s in after:
        assert abs(late_s - before[0]) < LATER_S, "its sound comes late"
        assert abs(apart_s - before[1]) < LATER_S, "it is told the wrong time"
    assert abs(before[1]) < LATER_S, "it is told the wrong time from the beginning"

    chunks = rig.of(PcmChunk)
    holes = holes_s(chunks)
    assert min(holes) > -1e-6, "chunks overlap"
    assert 0.8 < max(holes) < 2.5, "the outage is not a hole of its own length"
    covered = sum(SPEECH_FORMAT.seconds(chunk.pcm) for chunk in chunks)
    assert end_s(chunks[-1]) - chunks[0].start_s - covered < max(holes) + 0.05 * ROUGH_S * 3
