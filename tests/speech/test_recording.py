"""Sound files as streams."""

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from core.model.errors import RecordingUnreadable
from core.model.message import Message
from core.speech.decoder import Decoding
from core.speech.local import LoadedModels
from core.speech.recording import ROOM_S, feed_recording, read_recording
from tests.fakes.decoder import LoudnessActivity, ScriptedDecoder, certain
from tests.speech.conftest import Heard, OpenLocal
from tests.speech.sound import loud, silent


def write_wav(path: Path, pcm: bytes, rate: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return path


def test_samples_in_the_speech_format_come_as_they_are(tmp_path: Path) -> None:
    pcm = np.arange(20_000, dtype="<i2").tobytes()
    blocks = list(read_recording(write_wav(tmp_path / "a.wav", pcm)))
    assert b"".join(blocks) == pcm
    assert {len(block) for block in blocks[:-1]} == {3_200}


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1)])
def test_other_formats_are_converted(tmp_path: Path, rate: int, channels: int) -> None:
    pcm = np.full(rate * channels * 2, 3_000, dtype="<i2").tobytes()
    converted = b"".join(read_recording(write_wav(tmp_path / "a.wav", pcm, rate, channels)))
    assert len(converted) / 32_000 == pytest.approx(2.0, abs=0.02)
    assert np.median(np.frombuffer(converted, "<i2")) == pytest.approx(3_000, abs=40)


def test_an_empty_file_of_sound_gives_nothing(tmp_path: Path) -> None:
    assert list(read_recording(write_wav(tmp_path / "a.wav", b""))) == []


def test_what_is_no_sound_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound at all")
    for path in (tmp_path / "a.wav", tmp_path / "missing.wav", tmp_path):
        with pytest.raises(RecordingUnreadable) as raised:
            list(read_recording(path))
        assert str(path) in str(raised.value)


def test_feeding_a_file_drops_nothing_however_slow_the_engine_is(open_local: OpenLocal, tmp_path: Path) -> None:
    heard, waiting_s = Heard(), list[float]()

    def say_slowly(loudness: int, is_final: bool) -> Decoding:
        waiting_s.append(session.stats.waiting_s)
        time.sleep(0.02)
        return certain("words")

    transcriber = open_local(lambda: LoadedModels(ScriptedDecoder(say_slowly), LoudnessActivity, Message("slow")))
    session = transcriber.open_session("file", "ko", heard)
    path = write_wav(tmp_path / "a.wav", (loud(8.0) + silent(1.0)) * 12)
    assert feed_recording(session, path) == pytest.approx(108.0)
    assert session.close(5.0)
    assert session.stats.dropped_s == 0
    assert len(heard.finals) == 12
    assert max(waiting_s) < ROOM_S + 16
