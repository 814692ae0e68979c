"""What is taken for invented text."""

import pytest

from core.speech.decoder import Decoding, compression_ratio, is_invented, repeats_itself


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
    assert is_invented(decoding(phrase * 30), speech_s=15.0, audio_s=15.7)


@pytest.mark.parametrize(
    "text",
    [
        "고객님 고객님 고객님 고객님",
        "감사합니다. 감사합니다. 감사합니다, 감사합니다.",
        "그건 아아아아아아아아아아아",
        "I'm sorry. I'm sorry, I'm sorry. I'm sorry.",
        "Aaaaaaaaaaaaaaaaah!",
        "여보세요? 여보세요? 여보세요? 여보세요?",
    ],
)
@pytest.mark.parametrize(
    ("log_probability", "no_speech", "speech_s", "audio_s"),
    [(-0.6, 0.1, 5.0, 5.7), (-0.15, 0.5, 5.0, 5.7), (-0.2, 0.1, 0.2, 0.9), (-0.2, 0.1, 2.0, 9.0)],
)
def test_a_loop_too_short_for_zlib_needs_evidence(
    text: str, log_probability: float, no_speech: float, speech_s: float, audio_s: float
) -> None:
    assert compression_ratio(text) < 2.4
    assert is_invented(decoding(text, log_probability, no_speech), speech_s, audio_s)


def test_a_loop_that_nobody_could_say_in_the_time_is_not_believed() -> None:
    text = "여보세요 여보세요 여보세요 여보세요"
    assert is_invented(decoding(text, -0.05, 0.0), speech_s=0.7, audio_s=1.4)
    assert not is_invented(decoding(text, -0.05, 0.0), speech_s=1.4, audio_s=2.1)


ON_A_BAD_LINE = [
    "여보세요? 여보세요? 여보세요? 여보세요?",
    "여보세요 여보세요 여보세요 여보세요, 제 말 들리세요?",
    "Hello? Hello? Hello? Hello?",
    "Yes, yes, yes, yes.",
    "아니요, 아니요, 아니요, 아니요.",
    "맞아요 맞아요 맞아요 맞아요",
]


@pytest.mark.parametrize("text", ON_A_BAD_LINE)
def test_what_people_say_again_and_again_is_believed_where_the_decoder_was_sure_of_it(text: str) -> None:
    assert not is_invented(decoding(text, -0.05, 0.0), speech_s=4.0, audio_s=4.7)


@pytest.mark.parametrize("text", ON_A_BAD_LINE)
def test_a_loop_is_decoded_again_only_where_the_decoder_was_not_sure_of_it(text: str) -> None:
    assert not repeats_itself(decoding(text, -0.05, 0.0))
    assert repeats_itself(decoding(text, -0.6, 0.0))
    assert repeats_itself(decoding(text, -0.05, 0.5))
    assert repeats_itself(decoding("감사합니다. " * 30, -0.05, 0.0)), "zlib's evidence needs no other"


@pytest.mark.parametrize(
    "text",
    [
        "네 네 네 네.",
        "아니 아니 아니 아니요, 그게 아니고요.",
        "No, no, no, no, I did not say that.",
        "감사합니다, 감사합니다.",
        "공일공 일일일일 이이이이",
        "4111 1111 1111 1111",
    ],
)
def test_what_people_do_repeat_is_believed(text: str) -> None:
    assert not is_invented(decoding(text), speech_s=3.0, audio_s=3.7)


@pytest.mark.parametrize("text", ["감사합니다.", "Thank you.", "MBC 뉴스 김성현입니다.", "시청해 주셔서 감사합니다."])
@pytest.mark.parametrize(
    ("log_probability", "no_speech", "speech_s", "audio_s"),
    [(-0.6, 0.1, 1.0, 1.7), (-0.2, 0.5, 1.0, 1.7), (-0.2, 0.1, 0.2, 0.9), (-0.2, 0.1, 0.8, 3.9)],
)
def test_what_the_model_is_known_to_invent_needs_evidence(
    text: str, log_probability: float, no_speech: float, speech_s: float, audio_s: float
) -> None:
    assert is_invented(decoding(text, log_probability, no_speech), speech_s, audio_s)
    assert not is_invented(decoding(text, -0.2, 0.1), speech_s=1.4, audio_s=2.1)


@pytest.mark.parametrize(
    "text", ["감사합니다, 그럼 내일 다시 전화할게요.", "Thank you, that helps.", "뉴스 보고 전화했어요."]
)
def test_a_sentence_with_such_words_in_it_needs_no_more_evidence_than_others(text: str) -> None:
    assert not is_invented(decoding(text, -0.7, 0.5), speech_s=2.0, audio_s=2.7)


def test_more_than_anyone_can_say_in_the_time_is_not_believed() -> None:
    text = "고객님의 소중한 의견에 감사드리며 오늘도 좋은 하루 보내시기 바랍니다"
    assert is_invented(decoding(text), speech_s=0.6, audio_s=1.3)
    assert not is_invented(decoding(text), speech_s=3.0, audio_s=3.7)


def test_a_decoder_that_guessed_is_not_believed() -> None:
    assert is_invented(decoding("I'm going to the airport.", -1.4), speech_s=2.0, audio_s=2.7)


def test_probable_silence_is_believed_only_where_the_decoder_was_sure_of_its_words() -> None:
    assert is_invented(decoding("My bill.", -1.2, no_speech=0.8), speech_s=2.0, audio_s=2.8)
    assert not is_invented(decoding("My bill.", -0.3, no_speech=0.8), speech_s=2.0, audio_s=2.8)


def test_a_moment_of_speech_is_believed_only_where_the_decoder_was_sure_of_it() -> None:
    assert is_invented(decoding("Bye.", -0.9), speech_s=0.2, audio_s=0.9)
    assert not is_invented(decoding("네.", -0.3), speech_s=0.2, audio_s=0.9)


def test_hardly_any_speech_in_much_audio_is_not_believed() -> None:
    assert is_invented(decoding("Thanks for watching."), speech_s=0.4, audio_s=6.0)


def test_confidence_is_the_tokens_mean_probability() -> None:
    assert decoding("x", 0.0).confidence == 1.0
    assert decoding("x", -0.6931).confidence == pytest.approx(0.5, abs=1e-3)
