"""The clock of mixed and silent ears, the outgoing queue, and the figures of sending."""

import asyncio
import time
from pathlib import Path

import pytest
from aiortc.mediastreams import MediaStreamError

from bench.media import BEAT_S, codec_delay_s, mouth_to_ear_s, write_beats
from core.media.guard import Guard, Tally
from core.media.opus import OpusEncoder, opus_packet
from core.media.pacer import Pacer
from core.media.packet import FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.sound_file import read_frames
from core.media.track import QUEUE_LIMIT, OutgoingTrack
from tests.fakes.clock import ManualClock


class Counter:
    def __init__(self, fault: bool = False) -> None:
        self.slots: list[int] = []
        self.fault = fault

    def tick(self, slot: int) -> None:
        self.slots.append(slot)
        if self.fault:
            raise RuntimeError("a fault in one ear")


async def test_every_slot_comes_once_and_one_faulty_ear_disturbs_no_other() -> None:
    tally = Tally()
    pacer = Pacer(tally)
    sound, faulty = Counter(), Counter(fault=True)
    pacer.add(faulty)
    pacer.add(sound)
    began_s = time.monotonic()
    await asyncio.sleep(0.3)
    pacer.remove(sound)
    slots = (time.monotonic() - began_s) / FRAME_S
    count = len(sound.slots)
    await asyncio.sleep(0.05)
    await pacer.close()
    await pacer.close()
    assert count == pytest.approx(slots, abs=3)
    assert len(sound.slots) == count
    assert sound.slots == list(range(sound.slots[0], sound.slots[0] + count))
    assert tally.read()["pacer_errors"] == len(faulty.slots)


async def test_what_a_long_stall_missed_is_skipped_and_counted() -> None:
    tally = Tally()
    pacer = Pacer(tally)
    ear = Counter()
    pacer.add(ear)
    await asyncio.sleep(0.05)
    began_s = time.monotonic()
    time.sleep(0.4)  # noqa: ASYNC251 - the stall is what is tested
    stalled_s = time.monotonic() - began_s
    await asyncio.sleep(0.05)
    await pacer.close()
    assert tally.read()["pacer_slots"] == pytest.approx(stalled_s / FRAME_S, abs=4)
    assert abs(ear.slots[-1] * FRAME_S - time.monotonic()) < 0.3, "it is as far behind as it was stalled"


async def test_the_pacer_starts_again_after_it_was_idle() -> None:
    pacer = Pacer(Tally())
    ear = Counter()
    for _ in range(2):
        pacer.add(ear)
        await asyncio.sleep(0.05)
        pacer.remove(ear)
        await asyncio.sleep(0.05)
    pacer.add(ear)
    pacer.remove(ear)
    pacer.add(ear)
    count = len(ear.slots)
    began_s = time.monotonic()
    await asyncio.sleep(0.1)
    slots = (time.monotonic() - began_s) / FRAME_S
    await pacer.close()
    assert len(ear.slots) == pytest.approx(count + slots, abs=2)


async def test_a_sender_that_has_not_begun_gets_nothing_stale_and_a_stalled_one_the_newest() -> None:
    tally = Tally()
    track = OutgoingTrack(tally)
    track.put(opus_packet(b"stale", 0))
    taking = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    for number in range(QUEUE_LIMIT + 4):
        track.put(opus_packet(b"%d" % number, number * FRAME_SAMPLES))
    assert bytes(await taking) == b"4"
    assert tally.read() == {"outgoing_packets": 4}
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_send_deviation_of_what_is_made_here_is_the_distance_from_the_slots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    monkeypatch.setattr("core.media.track.time", clock)
    track = OutgoingTrack(Tally())
    track.started = True
    assert track.take_deviation() is None
    for number in range(20):
        track.put(opus_packet(b"x", number * FRAME_SAMPLES))
        await track.recv()
        # Every 5 ms one of 20 ms: each is 15 ms earlier than the last.
        clock.advance(0.005)
    figures = track.take_deviation()
    assert figures is not None
    assert figures[0] == pytest.approx(15 * 5)
    assert figures[1] == pytest.approx(15 * 10)
    assert track.take_deviation() is None


def test_a_guard_lets_cancellation_through() -> None:
    with pytest.raises(asyncio.CancelledError), Guard("guard", Tally()):
        raise asyncio.CancelledError


def test_the_benchmark_measures_a_known_delay(tmp_path: Path) -> None:
    beats = write_beats(tmp_path / "beats.wav", 4)
    encoder = OpusEncoder()
    sent_s = [1000 + number * FRAME_S for number in range(190)]
    packets = [
        MediaPacket(1, number, number * FRAME_SAMPLES, encoder.encode(pcm), at_s + 0.1)
        for number, (at_s, pcm) in enumerate(zip(sent_s, read_frames(beats), strict=False))
    ]
    delays = mouth_to_ear_s(beats, sent_s, packets)
    assert len(delays) == int(190 * FRAME_S / BEAT_S) + 1
    assert delays == pytest.approx([0.1 + FRAME_S + codec_delay_s(beats)] * len(delays), abs=0.003)
