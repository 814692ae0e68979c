"""Sound files as packets."""

from pathlib import Path

import pytest

from core.media.opus import SILENCE_PAYLOAD, OpusDecoder
from core.media.packet import FRAME_SAMPLES
from core.media.sound_file import SoundFile, read_frames
from core.model.errors import AudioFileUnreadable


def test_a_file_is_twenty_millisecond_frames_at_forty_eight_kilohertz(tones: dict[int, Path]) -> None:
    frames = list(read_frames(tones[440]))
    assert len(frames) == 50
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}


def test_silence_follows_the_end(tones: dict[int, Path]) -> None:
    file = SoundFile(tones[440])
    file.start()
    try:
        packets: list[bytes] = []
        while not file.ended:
            packets.append(file.next_packet())
        assert len([packet for packet in packets if packet != SILENCE_PAYLOAD]) == 50
        assert file.next_packet() == SILENCE_PAYLOAD
    finally:
        file.close()


def test_a_loop_never_ends(tones: dict[int, Path]) -> None:
    file = SoundFile(tones[440], loop=True)
    file.start()
    try:
        heard = 0
        while heard < 130:
            heard += file.next_packet() != SILENCE_PAYLOAD
        assert not file.ended
    finally:
        file.close()


def test_silence_is_silence_for_a_decoder() -> None:
    decoder = OpusDecoder()
    assert len(decoder.decode(SILENCE_PAYLOAD)) == FRAME_SAMPLES
    assert not decoder.decode(SILENCE_PAYLOAD).any()


@pytest.mark.parametrize("content", [None, b"", b"RIFF\x00\x00\x00\x00WAVEnonsense", "말소리가 아닙니다".encode()])
def test_what_cannot_be_played_is_named_with_a_reason(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "통화.wav"
    if content is not None:
        path.write_bytes(content)
    file = SoundFile(path)
    with pytest.raises(AudioFileUnreadable, match=r"통화\.wav cannot be played: \w"):
        file.start()
    file.close()


def test_a_folder_cannot_be_played(tmp_path: Path) -> None:
    with pytest.raises(AudioFileUnreadable):
        list(read_frames(tmp_path))
