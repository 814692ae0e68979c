"""A persona's voice, slot by slot: whole, in order, without holes and without clicks."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.media.events import VoiceSent
from core.media.guard import Tally
from core.media.opus import OpusDecoder
from core.media.pacer import Pacer
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.voice import FRAME, LONGEST_S, RATE, Voice
from core.model.call import LegId
from tests.fakes.clock import ManualClock

Sound = NDArray[np.float64]
LEG = LegId("persona")
MOST_STEP = 1_500
"""Between two samples of 48 kHz: a tone of 8000 at 440 Hz has 460, one that breaks off at its peak 2900."""


def noise(seconds: float, seed: int = 1) -> bytes:
    """Sound of 300 to 1500 Hz, no part of which is like another; the codec keeps its shape."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0.0, 1.0, count))
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    shaped = np.fft.irfft(np.where((frequencies > 300) & (frequencies < 1500), spectrum, 0), count)
    return (3000 * shaped / max(1e-9, shaped.std())).clip(-32_000, 32_000).astype("<i2").tobytes()


def tone(seconds: float, peak: int = 8000) -> bytes:
    return (peak * np.cos(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype("<i2").tobytes()


class Stage:
    """A voice, what it sent, and a clock that is set to each slot."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.tally = Tally()
        self.packets: list[MediaPacket] = []
        self.sent: list[VoiceSent] = []
        self.voice = Voice(LEG, self.packets.append, self.sent.append, self.tally, self.clock.monotonic)
        self._slot = round(self.clock.monotonic() / FRAME_S)

    def tick(self, slots: int = 1) -> None:
        for _ in range(slots):
            self.clock.advance(FRAME_S)
            self._slot += 1
            self.voice.tick(self._slot)

    def sound(self) -> Sound:
        """What a listener hears."""
        decoder = OpusDecoder()
        return np.concatenate([decoder.decode(packet.payload) for packet in self.packets]).astype(float)


def likeness(heard: Sound, pcm: bytes) -> tuple[float, float]:
    """How alike what was heard is to what was given, at best 1; and how many seconds later it is."""
    given = np.interp(np.arange(len(pcm)) / 2, np.arange(len(pcm) // 2), np.frombuffer(pcm, "<i2").astype(float))
    size = len(heard) + len(given)
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(given, size)), size)
    at = int(np.argmax(match[: len(heard)]))
    part = heard[at : at + len(given)]
    return float(match[at] / np.sqrt((part @ part) * (given @ given))), at / CLOCK_RATE


def test_a_burst_comes_out_whole_and_in_real_time() -> None:
    stage, pcm = Stage(), noise(2.0)
    stage.tick(10)
    for begin in range(0, len(pcm), 4_802):
        stage.voice.speak("item", pcm[begin : begin + 4_802])
    stage.tick(110)
    alike, at_s = likeness(stage.sound(), pcm)
    assert alike > 0.95
    assert at_s == pytest.approx(0.2, abs=0.01)
    assert [each.seconds for each in stage.sent] == [FRAME_S] * 100
    assert all(b.start_s - a.start_s == pytest.approx(FRAME_S) for a, b in pairwise(stage.sent))


def test_every_slot_has_one_packet_and_silence_is_told_to_nobody() -> None:
    stage = Stage()
    stage.tick(50)
    stage.voice.speak("item", noise(0.1))
    stage.tick(50)
    assert [(b.sequence - a.sequence, b.timestamp - a.timestamp) for a, b in pairwise(stage.packets)] == [
        (1, FRAME_SAMPLES)
    ] * 99
    assert len(stage.sent) == 5
    heard = np.abs(stage.sound())
    assert heard[:48_000].max() < 20
    assert heard[58 * FRAME_SAMPLES :].max() < 20


def test_an_answer_leaves_in_the_very_next_slot() -> None:
    stage = Stage()
    stage.tick(20)
    stage.voice.speak("item", noise(1.0))
    stage.tick()
    assert stage.sent == [VoiceSent(LEG, "item", stage.clock.monotonic(), FRAME_S)]


def test_the_end_of_an_item_is_joined_with_what_follows_and_else_with_silence() -> None:
    stage = Stage()
    for item_id, samples in (("a", FRAME + 120), ("b", 2 * FRAME), ("c", 60)):
        stage.voice.speak(item_id, noise(samples / RATE))
    stage.tick(5)
    first_s = stage.packets[0].arrival_s
    told = [(each.item_id, round((each.start_s - first_s) * RATE), round(each.seconds * RATE)) for each in stage.sent]
    assert told == [
        ("a", 0, FRAME),
        ("a", FRAME, 120),
        ("b", FRAME + 120, FRAME - 120),
        ("b", 2 * FRAME, FRAME),
        ("b", 3 * FRAME, 120),
        ("c", 3 * FRAME + 120, 60),
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 3_000), st.just("tick"), st.just("hush")), max_size=40))
def test_nothing_is_lost_doubled_or_out_of_order(steps: Sequence[int | str]) -> None:
    stage, given_samples, hushed = Stage(), 0, 0
    for number, step in enumerate(steps):
        if step == "tick":
            stage.tick()
        elif step == "hush":
            stage.voice.hush()
            hushed = given_samples - sum(round(each.seconds * RATE) for each in stage.sent)
            given_samples -= hushed
        else:
            stage.voice.speak(f"{number:03}", bytes(2 * int(step)))
            given_samples += int(step)
    stage.tick(3_000 * 40 // FRAME + 1)
    assert sum(round(each.seconds * RATE) for each in stage.sent) == given_samples
    assert [each.item_id for each in stage.sent] == sorted(each.item_id for each in stage.sent)
    assert all(a.start_s + a.seconds <= b.start_s + 1e-9 for a, b in pairwise(stage.sent))


def test_after_a_hush_the_next_frame_is_silent_and_does_not_click() -> None:
    stage = Stage()
    stage.voice.speak("item", tone(10.0))
    stage.tick(20)
    stage.voice.hush()
    stage.voice.hush()
    stage.tick(10)
    assert len(stage.sent) == 20
    heard = stage.sound()
    assert np.abs(heard[: 20 * FRAME_SAMPLES]).max() > 7_000
    # Ten milliseconds to fade, and what the codec is late.
    assert np.abs(heard[21 * FRAME_SAMPLES :]).max() < 300
    assert np.abs(np.diff(heard)).max() < MOST_STEP


@pytest.mark.parametrize("samples", [328, FRAME, 1637])
def test_sound_that_ends_anywhere_does_not_click(samples: int) -> None:
    stage = Stage()
    stage.tick(5)
    stage.voice.speak("item", tone(1.0)[: 2 * samples])
    stage.tick(20)
    stage.voice.speak("item", tone(1.0)[: 2 * samples])
    stage.tick(20)
    assert np.abs(np.diff(stage.sound())).max() < MOST_STEP


def test_what_finds_no_room_is_counted() -> None:
    stage, minute = Stage(), bytes(2 * RATE * 60)
    for _ in range(round(LONGEST_S / 60)):
        stage.voice.speak("item", minute)
    assert stage.tally.read() == {}
    stage.voice.speak("item", minute)
    assert stage.tally.read() == {"voice_ms": 60_000}
    stage.tick()
    stage.voice.speak("item", minute)
    assert stage.tally.read() == {"voice_ms": 60_000 + 59_980}


def test_the_level_is_that_of_its_sound_and_silence_has_none() -> None:
    stage = Stage()
    stage.tick(50)
    assert stage.voice.take_level() is None
    stage.voice.speak("item", tone(1.0))
    stage.tick(50)
    assert stage.voice.take_level() == pytest.approx(20 * np.log10(8000 / np.sqrt(2) / 32768), abs=0.2)
    stage.voice.speak("item", bytes(2 * RATE))
    stage.tick(50)
    assert stage.voice.take_level() is None


class LateSleep:
    """A clock that moves on by sleeping, always a little too long and now and then much."""

    def __init__(self, stop: Callable[[], None], seconds: float) -> None:
        self.now_s = 1_000.0
        self._end_s = self.now_s + seconds
        self._chance = Random(7)
        self._stop = stop

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds + self._chance.expovariate(1 / 0.003)
        if self._chance.random() < 1e-3:
            self.now_s += self._chance.uniform(0.02, 0.09)
        if self.now_s > self._end_s:
            self._stop()


async def test_ten_minutes_of_speech_take_ten_minutes_however_late_each_slot_wakes() -> None:
    tally, packets, sent = Tally(), list[MediaPacket](), list[VoiceSent]()
    late = LateSleep(lambda: pacer.remove(voice), 600.0)
    pacer = Pacer(tally, late.now, late.sleep)
    voice = Voice(LEG, packets.append, sent.append, tally, late.now)
    for _ in range(10):
        voice.speak("item", bytes(2 * RATE * 60))
    pacer.add(voice)
    # That sleep never gives way to anybody else: the pacer's task runs to its end.
    await asyncio.sleep(0)
    late_s = [packet.arrival_s - packet.timestamp / CLOCK_RATE for packet in packets]
    assert len(packets) == pytest.approx(30_000, abs=5)
    assert min(late_s[-500:]) - min(late_s[:500]) == pytest.approx(0.0, abs=0.002)
    assert max(late_s) < 0.2
    assert sum(each.seconds for each in sent) == pytest.approx(600.0, abs=0.1)
    assert tally.read() == {}
