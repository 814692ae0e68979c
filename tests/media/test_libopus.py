"""What is asked of libopus itself."""

import ctypes.util

import pytest

from core.media import libopus
from core.media.libopus import Decoder, duration, find_library, holds_former_frame, restorable
from core.media.opus import SILENCE_PAYLOAD
from core.media.packet import CLOCK_RATE, FRAME_SAMPLES
from core.model.audio import SPEECH_FORMAT


def test_pyav_still_brings_libopus_along() -> None:
    assert "av.libs" in find_library() or ".dylibs" in find_library(), (
        "PyAV keeps libopus elsewhere than before: say in core/media/libopus.py where"
    )


def test_without_libopus_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libopus.av, "__file__", "/nowhere/av/__init__.py")
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    with pytest.raises(OSError, match="apt install libopus0"):
        find_library()


def test_a_packet_tells_its_length_and_a_damaged_one_has_none() -> None:
    assert duration(SILENCE_PAYLOAD) == FRAME_SAMPLES
    assert duration(b"") == 0
    assert duration(b"\xff\xff\xff\x00rubbish") == 0


def test_a_packet_that_cannot_be_decoded_is_silence_of_its_length() -> None:
    # The header promises 20 ms of two frames of unequal size, and the size is past the end.
    damaged = b"\x7a\xff\xff"
    decoder = Decoder(SPEECH_FORMAT.sample_rate)
    assert decoder.decode(damaged, FRAME_SAMPLES) == bytes(640)
    assert len(decoder.decode(SILENCE_PAYLOAD, FRAME_SAMPLES)) == 640


def test_silence_holds_no_former_frame() -> None:
    assert not holds_former_frame(SILENCE_PAYLOAD)
    assert not holds_former_frame(b"")
    assert restorable(SILENCE_PAYLOAD, FRAME_SAMPLES) == 0


def test_concealment_is_as_long_as_what_it_stands_for() -> None:
    assert len(Decoder(SPEECH_FORMAT.sample_rate).conceal(FRAME_SAMPLES)) == 640
    assert len(Decoder(CLOCK_RATE).conceal(FRAME_SAMPLES)) == 2 * FRAME_SAMPLES
