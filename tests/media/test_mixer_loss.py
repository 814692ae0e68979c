"""Loss leaves no scars on a voice that is mixed: neither silence nor delay."""

import random
import statistics
from collections.abc import Callable, Collection, Sequence
from functools import cache
from itertools import islice

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.guard import Tally
from core.media.libopus import holds_former_frame
from core.media.mixer import BUFFER_SAMPLES, SETTLE_FRAMES, VoiceBuffer
from core.media.opus import OpusEncoder, Pcm, audio_frame
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.sound_file import read_frames
from core.settings import PROJECT_ROOT

SECOND = round(1 / FRAME_S)
CLEAN_S = 0.02
"""What waits after each pull when nothing is lost."""
QUIET = 400
"""RMS of 16-bit samples; the tone has 5700."""


@cache
def tone(frames: int) -> Sequence[bytes]:
    moments = np.arange(frames * FRAME_SAMPLES) / CLOCK_RATE
    encoder = OpusEncoder()
    sound = (8000 * np.sin(2 * np.pi * 440 * moments)).astype(np.int16).reshape(frames, FRAME_SAMPLES)
    return [encoder.encode(frame) for frame in sound]


@cache
def speech(frames: int) -> Sequence[bytes]:
    """A voice as a browser encodes it for a far end that reports loss: each packet holds the former one, too."""
    encoder = OpusEncoder(expected_loss_pct=20)
    return [encoder.encode(frame) for frame in islice(read_frames(PROJECT_ROOT / "demo" / "agent.ogg"), frames)]


class Listener:
    """Takes a frame of one voice every 20 ms, just after its packets were sent and (when nothing delays them) came."""

    def __init__(self, payloads: Sequence[bytes]) -> None:
        self.payloads = payloads
        self.tally = Tally()
        self.voice = VoiceBuffer(self.tally)
        self.frames: list[Pcm | None] = []
        self.waiting_s: list[float] = []

    def packet(self, number: int, pause: int = 0) -> MediaPacket:
        """A packet that is sent a number of samples later than the numbers of packets tell."""
        timestamp = (2**32 - 50_000 + number * FRAME_SAMPLES + pause) % 2**32
        return MediaPacket(1, (2**16 - 20 + number) % 2**16, timestamp, self.payloads[number], 0.0)

    def pull(self) -> None:
        self.frames.append(self.voice.pull())
        self.waiting_s.append(self.voice.waiting_s)

    def hear(self, lost: Collection[int] = (), late: Callable[[int], int] = lambda _: 0) -> None:
        """Hear all packets but the lost; `late` says by how many slots one comes after its time."""
        arrivals: dict[int, list[int]] = {}
        for number in range(len(self.payloads)):
            if number not in lost:
                arrivals.setdefault(number + late(number), []).append(number)
        for slot in range(len(self.payloads)):
            for number in arrivals.get(slot, ()):
                self.voice.push_packet(self.packet(number))
            self.pull()

    def silent(self, start: int = 1) -> list[int]:
        """The slots without sound, from the second on: the voice is primed in the first."""
        return [slot for slot, frame in enumerate(self.frames) if slot >= start and is_silent(frame)]


def is_silent(frame: Pcm | None) -> bool:
    return frame is None or bool(np.sqrt(np.mean(frame.astype(float) ** 2)) < QUIET)


@pytest.mark.parametrize("lost", [{100}, {100, 101}, {100, 101, 102}, {100, 102, 104}])
def test_lost_packets_cost_no_silent_frame_and_no_delay(lost: set[int]) -> None:
    listener = Listener(tone(250))
    listener.hear(lost)
    assert listener.silent() == []
    assert max(listener.waiting_s) <= CLEAN_S
    assert set(listener.waiting_s[106:]) == {CLEAN_S}
    assert not listener.tally.read()


@pytest.mark.parametrize("probability", [0.02, 0.05])
def test_random_loss_makes_a_voice_neither_silent_nor_late(probability: float) -> None:
    chance = random.Random(3)
    lost = {number for number in range(50, 1000) if chance.random() < probability}
    listener = Listener(tone(1000))
    listener.hear(lost)
    assert len(lost) > 10
    assert listener.silent() == []
    assert abs(statistics.mean(listener.waiting_s[50:]) - CLEAN_S) < FRAME_S
    assert max(listener.waiting_s) <= CLEAN_S + FRAME_S


def test_after_an_outage_of_a_second_a_voice_is_as_prompt_as_before() -> None:
    listener = Listener(tone(400))
    listener.hear(range(100, 100 + SECOND))
    assert set(listener.waiting_s[100 + 2 * SECOND :]) == {CLEAN_S}
    assert max(listener.waiting_s) <= CLEAN_S + FRAME_S
    assert listener.silent(start=102 + SECOND) == []


@pytest.mark.parametrize("alone", [115, 143])
def test_one_packet_in_the_middle_of_an_outage_spoils_nothing_after_it(alone: int) -> None:
    listener = Listener(tone(400))
    listener.hear({*range(100, 150)} - {alone})
    assert "mixer_late_packets" not in listener.tally.read()
    assert listener.silent(start=152) == []
    assert set(listener.waiting_s[152:]) == {CLEAN_S}


def test_a_second_of_packets_that_come_at_once_is_left_out_and_nothing_is_late_for_it() -> None:
    listener = Listener(tone(400))
    listener.hear(late=lambda number: max(0, 100 + SECOND - number) if number >= 100 else 0)
    assert max(listener.waiting_s) <= CLEAN_S + FRAME_S
    assert listener.silent(start=101 + SECOND) == []
    dropped = listener.tally.read()
    assert abs(dropped["mixer_late_packets"] + dropped["mixer_frames"] - SECOND) < 5


def test_a_lost_packet_is_restored_from_the_next_and_sounds_like_itself() -> None:
    payloads = speech(200)
    whole, patchy = Listener(payloads), Listener(payloads)
    lost = [number for number in range(10, 190, 7) if holds_former_frame(payloads[number + 1])]
    assert len(lost) > 10
    whole.hear()
    patchy.hear(lost)
    alike = []
    for number in lost:
        restored, former = patchy.frames[number + 1], whole.frames[number + 1]
        assert restored is not None
        assert former is not None
        alike.append(np.corrcoef(restored, former)[0, 1])
    assert np.median(alike) > 0.7


def test_a_late_packet_is_dropped_and_counted_and_what_follows_keeps_its_time() -> None:
    listener = Listener(tone(200))
    listener.hear(late=lambda number: 3 if number == 100 else 0)
    assert listener.tally.read() == {"mixer_late_packets": 1}
    assert listener.silent() == []
    assert max(listener.waiting_s) == CLEAN_S
    assert set(listener.waiting_s[101:]) == {CLEAN_S}


def test_a_packet_that_comes_twice_is_heard_once() -> None:
    listener = Listener(tone(100))
    for number in range(100):
        for _ in range(2 if number % 10 == 0 else 1):
            listener.voice.push_packet(listener.packet(number))
        listener.pull()
    assert listener.tally.read() == {"mixer_late_packets": 10}
    assert set(listener.waiting_s[1:]) == {CLEAN_S}


def test_reordered_packets_are_heard_in_order() -> None:
    straight, swapped = Listener(tone(200)), Listener(tone(200))
    straight.hear()
    swapped.hear(late=lambda number: number % 10 == 5)
    assert not swapped.tally.read()
    for one, other in zip(straight.frames, swapped.frames, strict=True):
        assert (one is None and other is None) or np.array_equal(one, other)  # type: ignore[arg-type]


def test_a_path_that_becomes_slower_costs_a_moment_and_not_every_packet() -> None:
    listener = Listener(tone(400))
    listener.hear(late=lambda number: 2 * (number >= 100))
    assert listener.tally.read()["mixer_late_packets"] < 10
    assert listener.silent(start=110) == []
    assert max(listener.waiting_s[-SETTLE_FRAMES:]) <= CLEAN_S + FRAME_S


def test_uneven_delay_is_given_more_patience_and_loses_it_when_it_is_over() -> None:
    chance = random.Random(2)
    listener = Listener(tone(900))
    listener.hear(late=lambda number: chance.randint(0, 3) if 100 <= number < 700 else 0)
    assert listener.tally.read()["mixer_late_packets"] < 30
    assert listener.silent() == []
    assert set(listener.waiting_s[700 + 3 * SETTLE_FRAMES :]) == {CLEAN_S}


@pytest.mark.parametrize("pause_s", [0.1, 1.0, 60.0, -1.0])
def test_timestamps_that_jump_while_packets_go_on_are_no_loss(pause_s: float) -> None:
    listener = Listener(tone(200))
    for number in range(200):
        listener.voice.push_packet(listener.packet(number, round(pause_s * CLOCK_RATE) if number >= 100 else 0))
        listener.pull()
    assert listener.silent() == []
    assert set(listener.waiting_s[1:]) == {CLEAN_S}
    assert not listener.tally.read()


@pytest.mark.parametrize("slots", [2, 10, 100])
def test_a_pause_of_the_sender_ends_where_it_began_and_nothing_is_restored(
    slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored: list[int] = []
    monkeypatch.setattr("core.media.jitter_buffer.restorable", lambda _, missing: restored.append(missing) or 0)
    listener = Listener(speech(200))
    for slot in range(200 + slots):
        number = slot if slot < 100 else slot - slots
        if slot < 100 or number >= 100:
            pause = slots * FRAME_SAMPLES if number >= 100 else 0
            listener.voice.push_packet(listener.packet(number, pause))
        listener.pull()
    assert not restored
    assert set(listener.waiting_s[102 + slots :]) == {CLEAN_S}
    assert not listener.tally.read()


def test_comfort_noise_of_a_pause_does_not_wait_until_there_is_enough_of_it() -> None:
    listener = Listener(tone(100))
    for number in range(20):
        listener.voice.push_packet(listener.packet(number, number * 20 * FRAME_SAMPLES))
        for _ in range(21):
            listener.pull()
    for number in range(20, 60):
        listener.voice.push_packet(listener.packet(number, 20 * 20 * FRAME_SAMPLES))
        listener.pull()
    assert all(frame is None for frame in listener.frames[: 20 * 21])
    assert set(listener.waiting_s[-39:]) == {CLEAN_S}


def test_another_stream_begins_anew() -> None:
    listener = Listener(tone(200))
    for number in range(200):
        packet = listener.packet(number)
        if number >= 100:
            packet = MediaPacket(2, number, number * FRAME_SAMPLES, packet.payload, 0.0)
        listener.voice.push_packet(packet)
        listener.pull()
    assert listener.silent() == []
    assert set(listener.waiting_s[1:]) == {CLEAN_S}
    assert not listener.tally.read()


def test_packets_of_sixty_milliseconds_are_heard_without_a_hole() -> None:
    moments = np.arange(100 * 3 * FRAME_SAMPLES) / CLOCK_RATE
    sound = (8000 * np.sin(2 * np.pi * 440 * moments)).astype(np.int16).reshape(100, 3 * FRAME_SAMPLES)
    codec = av.CodecContext.create("libopus", "w")
    codec.format, codec.layout, codec.sample_rate = "s16", "mono", CLOCK_RATE
    codec.options = {"application": "voip", "frame_duration": "60"}
    listener = Listener([])
    for number, frame in enumerate(sound):
        payload = b"".join(bytes(packet) for packet in codec.encode(audio_frame(frame, number * 3 * FRAME_SAMPLES)))
        packet = MediaPacket(1, number, number * 3 * FRAME_SAMPLES, payload, 0.0)
        if number != 50:
            listener.voice.push_packet(packet)
        for _ in range(3):
            listener.pull()
    assert listener.silent(start=6) == []
    assert max(listener.waiting_s) <= 4 * FRAME_S


def test_damaged_packets_are_as_good_as_lost() -> None:
    listener = Listener(tone(200))
    for number in range(200):
        packet = listener.packet(number)
        if number % 50 == 49:
            payload = b"" if number == 99 else b"\xff\xff\xff\x00rubbish"
            packet = MediaPacket(1, packet.sequence, packet.timestamp, payload, 0.0)
        listener.voice.push_packet(packet)
        listener.pull()
    assert listener.silent() == []


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 2), st.integers(0, 400), st.integers(0, 2**32 - 1) | st.integers(0, 20_000)),
        max_size=200,
    ),
    st.sets(st.integers(0, 200)),
)
def test_whatever_a_sender_sends_little_of_it_waits(packets: list[tuple[int, int, int]], pulls: set[int]) -> None:
    voice = VoiceBuffer(Tally())
    for number, (ssrc, sequence, timestamp) in enumerate(packets):
        voice.push_packet(MediaPacket(ssrc, sequence, timestamp, tone(1)[0], 0.0))
        assert voice.waiting_s <= BUFFER_SAMPLES / CLOCK_RATE
        if number in pulls:
            frame = voice.pull()
            assert frame is None or len(frame) == FRAME_SAMPLES
