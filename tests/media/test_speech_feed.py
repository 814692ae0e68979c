"""The PCM that speech recognition gets."""

from itertools import islice, pairwise

import numpy as np
import pytest

from core.media.guard import Tally
from core.media.level import SILENCE_DBFS
from core.media.libopus import holds_former_frame
from core.media.opus import SILENCE_PAYLOAD, OpusEncoder
from core.media.packet import CLOCK_RATE, FRAME_S, FRAME_SAMPLES, MediaPacket
from core.media.sound_file import read_frames
from core.media.spare_turns import Later, Piece, at_once
from core.media.speech_feed import CHUNK_S, SpeechFeed
from core.model.audio import SPEECH_FORMAT, PcmChunk
from core.model.call import LegId
from core.settings import PROJECT_ROOT


class Speaker:
    """A browser that sends a tone into a feed."""

    def __init__(self, chunk_s: float = CHUNK_S, later: Later = at_once) -> None:
        self.chunks: list[PcmChunk] = []
        self.tally = Tally()
        self.feed = SpeechFeed(LegId("leg"), self.chunks.append, self.tally, chunk_s, later)
        self.encoder = OpusEncoder()

    def packet(self, number: int, delay_s: float = 0.01, first: int = 0, ssrc: int = 1) -> MediaPacket:
        moments = (np.arange(FRAME_SAMPLES) + number * FRAME_SAMPLES) / CLOCK_RATE
        pcm = (8000 * np.sin(2 * np.pi * 440 * moments)).astype(np.int16)
        return MediaPacket(
            ssrc=ssrc,
            sequence=(first + number) % 2**16,
            timestamp=(first + number * FRAME_SAMPLES) % 2**32,
            payload=self.encoder.encode(pcm),
            arrival_s=500.0 + (number + 1) * FRAME_S + delay_s,
        )

    def ends_s(self) -> list[float]:
        return [chunk.start_s + SPEECH_FORMAT.seconds(chunk.pcm) for chunk in self.chunks]

    def samples(self) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        return np.frombuffer(b"".join(chunk.pcm for chunk in self.chunks), np.int16)


def test_an_unbroken_stream_gives_contiguous_chunks_of_a_tenth_of_a_second() -> None:
    speaker = Speaker()
    for number in range(100):
        speaker.feed.push(speaker.packet(number, delay_s=0.01 + 0.005 * (number % 3), first=2**32 - 20_000))
    assert len(speaker.chunks) == 20
    assert all(SPEECH_FORMAT.seconds(chunk.pcm) == pytest.approx(0.1, abs=0.002) for chunk in speaker.chunks)
    assert [after.start_s for after in speaker.chunks[1:]] == pytest.approx(speaker.ends_s()[:-1])
    assert speaker.chunks[0].start_s == pytest.approx(500.01, abs=0.01)


def test_a_chunk_that_has_to_wait_takes_along_what_comes_meanwhile_and_asks_once() -> None:
    waiting: list[Piece] = []
    speaker = Speaker(later=waiting.append)
    for number in range(7):
        speaker.feed.push(speaker.packet(number))
    assert not speaker.chunks
    (piece,) = waiting
    piece()
    assert [SPEECH_FORMAT.seconds(chunk.pcm) for chunk in speaker.chunks] == pytest.approx([0.14])
    for number in range(7, 12):
        speaker.feed.push(speaker.packet(number))
    assert len(waiting) == 2
    waiting[1]()
    assert speaker.chunks[1].start_s == pytest.approx(speaker.ends_s()[0])


def test_a_chunk_that_was_handed_out_before_its_turn_is_not_handed_out_twice() -> None:
    waiting: list[Piece] = []
    speaker = Speaker(later=waiting.append)
    for number in range(5):
        speaker.feed.push(speaker.packet(number))
    speaker.feed.mute()
    for number in range(50, 53):
        speaker.feed.push(speaker.packet(number))
    waiting[0]()
    assert [SPEECH_FORMAT.seconds(chunk.pcm) for chunk in speaker.chunks] == pytest.approx([0.1])
    speaker.feed.flush()
    assert [SPEECH_FORMAT.seconds(chunk.pcm) for chunk in speaker.chunks] == pytest.approx([0.1, 0.06])


def test_whoever_waits_for_an_answer_is_handed_out_packet_by_packet_and_placed_as_well() -> None:
    prompt, usual = Speaker(0.02), Speaker()
    for number in range(100):
        # The very first packet of a connection is a late one.
        delay_s = 0.07 if number == 0 else 0.01
        for speaker in (prompt, usual):
            speaker.feed.push(speaker.packet(number, delay_s))
    assert [SPEECH_FORMAT.seconds(chunk.pcm) for chunk in prompt.chunks] == pytest.approx([0.1] + [FRAME_S] * 95)
    assert [after.start_s for after in prompt.chunks[1:]] == pytest.approx(prompt.ends_s()[:-1])
    assert prompt.chunks[0].start_s == pytest.approx(usual.chunks[0].start_s)
    assert (prompt.samples() == usual.samples()).all()


def test_the_tone_survives_at_sixteen_kilohertz() -> None:
    speaker = Speaker()
    for number in range(100):
        speaker.feed.push(speaker.packet(number))
    pcm = speaker.samples()[8000:24000].astype(float)
    spectrum = np.abs(np.fft.rfft(pcm))
    assert np.argmax(spectrum) == 440
    assert speaker.feed.take_level() == pytest.approx(20 * np.log10(8000 / 32768 / np.sqrt(2)), abs=0.5)


def test_a_lost_packet_is_a_gap_of_its_own_length() -> None:
    speaker = Speaker()
    for number in range(60):
        if number not in (30, 31):
            speaker.feed.push(speaker.packet(number))
    speaker.feed.flush()
    gaps = [after.start_s - end for end, after in zip(speaker.ends_s(), speaker.chunks[1:], strict=False)]
    jumps = [gap for gap in gaps if gap > 0.001]
    assert jumps == pytest.approx([2 * FRAME_S], abs=0.002)
    assert len(speaker.samples()) / 16000 == pytest.approx(58 * FRAME_S, abs=0.003)


def spoken(seconds: float) -> list[bytes]:
    """A voice as a browser encodes it for a far end that reports loss: each packet holds the former one, too."""
    encoder = OpusEncoder(expected_loss_pct=20)
    frames = islice(read_frames(PROJECT_ROOT / "demo" / "agent.ogg"), round(seconds / FRAME_S))
    return [encoder.encode(frame) for frame in frames]


def test_a_lost_packet_is_taken_from_the_one_that_follows_it() -> None:
    speaker, whole = Speaker(), Speaker()
    packets = [
        MediaPacket(1, number, number * FRAME_SAMPLES, payload, 500.0 + number * FRAME_S)
        for number, payload in enumerate(spoken(4.0))
    ]
    lost = [number for number in range(10, 190, 7) if holds_former_frame(packets[number + 1].payload)]
    assert len(lost) > 10
    for packet in packets:
        whole.feed.push(packet)
        if packet.sequence not in lost:
            speaker.feed.push(packet)
    speaker.feed.flush()
    whole.feed.flush()
    assert len(speaker.samples()) == len(whole.samples())
    assert [after.start_s for after in speaker.chunks[1:]] == pytest.approx(speaker.ends_s()[:-1])
    alike = [
        np.corrcoef(speaker.samples()[slice(*place)], whole.samples()[slice(*place)])[0, 1]
        for place in ((number * 320, number * 320 + 320) for number in lost)
    ]
    assert np.median(alike) > 0.7


def test_a_pause_of_the_sender_is_not_filled_from_the_packet_that_ends_it() -> None:
    speaker = Speaker()
    payloads = spoken(4.0)
    after = next(number for number in range(50, 190) if holds_former_frame(payloads[number]))
    for number in (*range(50), *range(after, 200)):
        sequence = number if number < 50 else number - after + 50
        arrival_s = 500.0 + (number + 100 * (number >= after)) * FRAME_S
        timestamp = (number + 100 * (number >= after)) * FRAME_SAMPLES
        speaker.feed.push(MediaPacket(1, sequence, timestamp, payloads[number], arrival_s))
    speaker.feed.flush()
    assert len(speaker.samples()) == (200 - after + 50) * 320


def test_reordered_packets_are_no_gap() -> None:
    speaker = Speaker()
    packets = [speaker.packet(number) for number in range(50)]
    packets[20], packets[21] = packets[21], packets[20]
    for packet in packets:
        speaker.feed.push(packet)
    assert [after.start_s for after in speaker.chunks[1:]] == pytest.approx(speaker.ends_s()[:-1])


def test_silence_suppression_is_a_gap_and_the_next_words_lie_right() -> None:
    speaker = Speaker()
    for number in (*range(20), *range(120, 140)):
        packet = speaker.packet(number)
        sequence = number if number < 20 else number - 100
        speaker.feed.push(MediaPacket(1, sequence, packet.timestamp, packet.payload, packet.arrival_s))
    second = next(chunk for chunk in speaker.chunks if chunk.start_s > 501)
    assert second.start_s == pytest.approx(500.01 + 120 * FRAME_S, abs=0.005)


def test_chunks_never_overlap_when_the_first_packets_came_late() -> None:
    speaker = Speaker()
    for number in range(100):
        if number % 25 != 24:
            speaker.feed.push(speaker.packet(number, delay_s=0.4 if number < 10 else 0.01))
    assert all(after.start_s >= end - 1e-9 for end, after in zip(speaker.ends_s(), speaker.chunks[1:], strict=False))


def test_a_drifting_sender_is_placed_anew_before_it_is_far_off() -> None:
    speaker = Speaker()
    for number in range(1500):
        speaker.feed.push(speaker.packet(number, delay_s=0.01 + number * 0.0005))
    true_start = 500.0 + 1490 * FRAME_S + 1490 * 0.0005
    assert speaker.chunks[-1].start_s == pytest.approx(true_start, abs=0.35)
    assert all(after.start_s >= before.start_s for before, after in pairwise(speaker.chunks))


def test_muting_hands_out_what_is_there_and_begins_anew() -> None:
    speaker = Speaker()
    for number in range(8):
        speaker.feed.push(speaker.packet(number))
    speaker.feed.mute()
    assert len(speaker.samples()) / 16000 == pytest.approx(8 * FRAME_S, abs=0.001)
    for number in range(300, 310):
        speaker.feed.push(speaker.packet(number))
    assert speaker.chunks[-1].start_s > 505.9


def test_another_stream_begins_anew() -> None:
    speaker = Speaker()
    for number in range(10):
        speaker.feed.push(speaker.packet(number))
    for number in range(10, 30):
        speaker.feed.push(speaker.packet(number, first=77_777, ssrc=2))
    assert speaker.chunks[-1].start_s == pytest.approx(500.01 + 25 * FRAME_S, abs=0.03)


def test_late_packets_are_counted_and_damaged_ones_do_no_harm() -> None:
    speaker = Speaker()
    packets = [speaker.packet(number) for number in range(20)]
    for packet in (*packets[:5], *packets[6:20], packets[5]):
        speaker.feed.push(packet)
    assert speaker.tally.read() == {"speech_late_packets": 1}
    speaker.feed.push(MediaPacket(1, 20, 20 * FRAME_SAMPLES, b"\xff\xff\xff\x00rubbish", 501.0))
    speaker.feed.push(MediaPacket(1, 21, 21 * FRAME_SAMPLES, b"", 501.02))


def test_digital_silence_has_the_lowest_level_and_nothing_has_none() -> None:
    speaker = Speaker()
    assert speaker.feed.take_level() is None
    for number in range(10):
        speaker.feed.push(MediaPacket(1, number, number * FRAME_SAMPLES, SILENCE_PAYLOAD, 500 + number * FRAME_S))
    assert speaker.feed.take_level() == SILENCE_DBFS
