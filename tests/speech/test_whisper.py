"""The real model: what it understands, and what it must not invent."""

import numpy as np
import pytest

from bench.accuracy import KOREAN_RECORDING, character_error_rate, joined, korean_text, recognise
from core.model.clock import SystemClock
from core.model.errors import ModelFileCorrupt
from core.model.health import PartState
from core.settings import Settings
from core.speech.engine import open_transcriber
from core.speech.model_files import ensure_model
from core.speech.transcriber import Transcriber
from core.speech.voice_activity import SileroModel
from core.speech.whisper import WhisperDecoder
from tests.speech.conftest import Heard
from tests.speech.sound import feed_in_chunks, silent
from tests.support.waiting import wait_for

pytestmark = pytest.mark.model


@pytest.mark.skipif(not KOREAN_RECORDING.exists(), reason=f"the Korean recording {KOREAN_RECORDING} is not here")
def test_korean_is_understood(whisper: Transcriber) -> None:
    recognitions = recognise(whisper, KOREAN_RECORDING, "ko")
    assert character_error_rate(korean_text(), joined(recognitions)) < 0.10
    assert all(r.confidence is not None and 0.3 < r.confidence <= 1 for r in recognitions)
    assert {(r.engine, r.model) for r in recognitions} == {("whisper", "base")}


def test_silence_and_noise_are_not_made_into_words(whisper: Transcriber, heard: Heard) -> None:
    random = np.random.default_rng(7)
    hiss = (random.normal(0, 600, 16_000 * 6)).astype("<i2").tobytes()
    hum = (4_000 * np.sin(2 * np.pi * 100 * np.arange(16_000 * 4) / 16_000)).astype("<i2").tobytes()
    clicks = np.zeros(16_000 * 4, dtype="<i2")
    clicks[::4_000] = 30_000
    session = whisper.open_session("noise", "ko", heard)
    feed_in_chunks(session, silent(3.0) + hiss + hum + clicks.tobytes() + silent(1.0))
    assert session.close(30.0)
    assert heard.all == []


def test_the_streaming_detector_agrees_with_itself_however_the_frames_are_cut() -> None:
    model = SileroModel()
    frames = np.random.default_rng(1).integers(-8_000, 8_000, (40, 512)).astype(np.int16)
    whole = model.open_stream().probabilities(frames)
    stream = model.open_stream()
    pieces = np.concatenate([stream.probabilities(piece) for piece in np.array_split(frames, 13)])
    assert pieces == pytest.approx(whole, abs=1e-5)
    stream.reset()
    assert stream.probabilities(frames) == pytest.approx(whole, abs=1e-5)


def test_a_corrupt_model_is_refused_and_shown(
    whisper_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = ensure_model(whisper_settings)
    settings = whisper_settings.model_copy(update={"data_dir": tmp_path_factory.mktemp("data")})
    folder = settings.data_dir / "models" / "whisper-base"
    folder.mkdir(parents=True)
    for file in source.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "model.bin").unlink()
    (folder / "model.bin").write_bytes((source / "model.bin").read_bytes()[:1_000_000])
    transcriber = open_transcriber(settings, SystemClock())
    try:
        assert wait_for(lambda: transcriber.health.state is PartState.DOWN)
        assert str(folder / "model.bin") in transcriber.health.in_english
        assert "damaged" in transcriber.health.in_english
    finally:
        transcriber.close()
    with pytest.raises(ModelFileCorrupt):
        WhisperDecoder(folder, workers=1, beam=1)
