"""Words are found whatever their endings, and not inside of other words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assist.said_words import Reading


def found(text: str, words: str) -> str | None:
    return Reading.of(text).find(Reading.of(words))


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("환불을 해 주세요", "환불", "환불"),
        ("환불이 안 되나요", "환불", "환불"),
        ("환불을 요청했어요", "환불 요청", "환불을 요청"),
        ("환불요청이요", "환불 요청", "환불요청"),
        ("이제 그만둘게요", "그만두다", "그만둘"),
        ("통신사를 옮길 거예요", "통신사 옮기다", "통신사를 옮길"),
        ("돈 돌려주세요", "돈 돌려주다", "돈 돌려주"),
        ("정말 화가 나네요", "화가 나다", "화가 나"),
        ("소비자원에 신고하겠습니다", "소비자원", "소비자원"),
        ("I am CANCELLING it", "cancel", "CANCELLING"),
        ("Let me speak to a Manager, now!", "speak to a manager", "speak to a Manager"),
        ("I want my money back.", "money back", "money back"),
        ("cancel 해 주세요", "Cancel", "cancel"),
        ("5만 원이나 더 나왔어요", "5만 원", "5만 원"),
    ],
)
def test_words_are_found_with_whatever_ending(text: str, words: str, shown: str) -> None:
    assert found(text, words) == shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("두 사람이 화해지만 아쉬워요", "해지"),
        ("we scan cellars", "cancel"),
        ("a cancer clinic", "cancel"),
        ("a scan", "can"),
        ("수신 고객님", "신고"),
        ("", "환불"),
        ("환불", ""),
        ("money comes back", "money back"),
    ],
)
def test_words_are_not_found_inside_of_others(text: str, words: str) -> None:
    assert found(text, words) is None


@given(st.text(max_size=60), st.text(max_size=10))
def test_any_text_can_be_read_and_what_is_found_stands_in_it(text: str, words: str) -> None:
    reading = Reading.of(text)
    shown = reading.find(Reading.of(words))
    assert shown is None or (shown and shown in reading.text)
