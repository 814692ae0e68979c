"""What is taken for invented text."""

import pytest

from core.speech.decoder import Decoding, compression_ratio, is_invented


def decoding(text: str, log_probability: float = -0.3, no_speech: float = 0.1) -> Decoding:
    return Decoding(text, log_probability, no_speech)


@pytest.mark.parametrize("text", ["요금이 두 번 청구됐어요.", "My bill is wrong.", "네.", "3721"])
def test_what_was_understood_is_believed(text: str) -> None:
    assert not is_invented(decoding(text), speech_s=2.0, audio_s=2.8)


@pytest.mark.parametrize("text", ["", " ...", "♪♪", "?!"])
def test_text_without_a_word_is_not_believed(text: str) -> None:
    assert is_invented(decoding(text), speech_s=2.0, audio_s=2.8)


@pytest.mark.parametrize("phrase", ["감사합니다. ", "Thank you. ", "the "])
def test_text_that_repeats_itself_is_not_believed(phrase: str) -> None:
    assert compression_ratio(phrase * 30) > 2.4
    assert is_invented(decoding(phrase * 30), speech_s=5.0, audio_s=6.0)


def test_probable_silence_is_believed_only_where_the_decoder_was_sure_of_its_words() -> None:
    assert is_invented(decoding("Thank you.", -1.2, no_speech=0.8), speech_s=2.0, audio_s=2.8)
    assert not is_invented(decoding("Thank you.", -0.3, no_speech=0.8), speech_s=2.0, audio_s=2.8)


def test_a_moment_of_speech_is_believed_only_where_the_decoder_was_sure_of_it() -> None:
    assert is_invented(decoding("Bye.", -0.9), speech_s=0.2, audio_s=0.9)
    assert not is_invented(decoding("네.", -0.3), speech_s=0.2, audio_s=0.9)


def test_hardly_any_speech_in_much_audio_is_not_believed() -> None:
    assert is_invented(decoding("Thanks for watching."), speech_s=0.4, audio_s=6.0)


def test_confidence_is_the_tokens_mean_probability() -> None:
    assert decoding("x", 0.0).confidence == 1.0
    assert decoding("x", -0.6931).confidence == pytest.approx(0.5, abs=1e-3)
