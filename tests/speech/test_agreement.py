"""Interim texts whose beginning stays."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.speech.agreement import AgreedText, Agreement


def shown(*decodings: str) -> list[AgreedText]:
    agreement = Agreement()
    return [agreement.push(text) for text in decodings]


def plain(text: str) -> list[str]:
    stripped = ("".join(sign for sign in word.casefold() if sign.isalnum()) for word in text.split())
    return [word for word in stripped if word]


def test_nothing_of_the_first_decoding_is_promoted() -> None:
    (first,) = shown("hello there")
    assert first == AgreedText("hello there", 0)


def test_words_on_which_two_decodings_agree_are_promoted() -> None:
    *_, last = shown("I would lie", "I would like to")
    assert last.text == "I would like to"
    assert last.promoted == "I would"


def test_case_and_punctuation_do_not_keep_words_from_being_promoted() -> None:
    *_, last = shown("hello, My name", "Hello my name is")
    assert last.promoted == "Hello my name"


def test_the_sign_after_the_last_promoted_word_may_still_change() -> None:
    first, second, third = shown("안녕하세요.", "안녕하세요. 요금", "안녕하세요, 요금이 두 번")
    assert (first.promoted, second.promoted) == ("", "안녕하세요")
    assert third.promoted == "안녕하세요"
    assert third.text == "안녕하세요. 요금이 두 번"


def test_korean_agrees_by_eojeol() -> None:
    *_, last = shown("요금이 두 번 나왔", "요금이 두 번 나왔어요", "요금이 두 번 나왔어요 확인해")
    assert last.promoted == "요금이 두 번 나왔어요"


def test_composed_and_decomposed_hangul_are_the_same() -> None:
    *_, last = shown("한글", "한글")
    assert last.promoted == "한글"


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ("please cancel my second order", "please counsel my second order"),
        ("cancel my second order", "please counsel my second order"),
        ("oh please cancel my second order", "please counsel my second order"),
        ("please", "please counsel my"),
    ],
)
def test_a_later_decoding_that_reads_the_promoted_words_differently_only_adds_to_them(
    later: str, expected: str
) -> None:
    *_, last = shown("please counsel my", "please counsel my", later)
    assert last.text == expected
    assert last.promoted == "please counsel my"


def test_an_empty_decoding_takes_nothing_back() -> None:
    *_, last = shown("one two", "one two", "")
    assert last == AgreedText("one two", len("one two"))


WORDS = st.sampled_from(["네", "네,", "no", "No.", "-", "요금", "요금이", "two", "Two!", "…"])
DECODINGS = st.lists(st.lists(WORDS, max_size=8).map(" ".join), min_size=1, max_size=8)


@given(DECODINGS)
def test_promoted_text_only_grows_and_begins_what_is_shown(decodings: list[str]) -> None:
    texts = shown(*decodings)
    for text in texts:
        assert 0 <= text.stable_chars <= len(text.text)
        assert text.text.startswith(text.promoted)
    for former, latter in itertools.pairwise(texts):
        assert latter.text.startswith(former.promoted)
        assert latter.promoted.startswith(former.promoted)


@given(DECODINGS)
def test_what_is_newly_promoted_was_in_both_decodings(decodings: list[str]) -> None:
    texts = [AgreedText("", 0), *shown(*decodings)]
    heard = ["", *decodings]
    for number in range(1, len(texts)):
        new = plain(texts[number].promoted)[len(plain(texts[number - 1].promoted)) :]
        for decoding in (heard[number - 1], heard[number]):
            words = plain(decoding)
            assert any(words[at : at + len(new)] == new for at in range(len(words) + 1))


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_a_decoding_that_comes_twice_is_promoted_whole(decoding: str) -> None:
    *_, last = shown(decoding, decoding)
    assert plain(last.promoted) == plain(decoding)
