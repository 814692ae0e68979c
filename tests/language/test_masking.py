from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language.masking import Masker, MaskingRules
from core.model.errors import MaskingRulesInvalid
from core.settings import Settings

RULES = MaskingRules.load(Settings(_env_file=None).masking_rules)

HIDDEN = {
    "ko": [
        "카드 번호는 4111 1111 1111 1111입니다",
        "4111-1111-1111-1111이에요",
        "카드번호 4111111111111111",
        "5500005555555559로 결제했어요",
        "사일일일 일일일일 일일일일 일일일일입니다",
        "사 일 일 일 일 일 일 일 일 일 일 일 일 일 일 일",
        "사일일일 다시 일일일일 다시 일일일일 다시 일일일일",
        "주민번호는 900101-1234567이에요",
        "9001011234567",
        "공공일이삼일 삼이삼사오육칠입니다",
        "000229 3123456",
        "850315-5123456 외국인등록번호예요",
        "제 번호는 010-1234-5678이에요",
        "01012345678로 전화 주세요",
        "공일공 일이삼사 오육칠팔이요",
        "공일공에 일이삼사에 오육칠팔",
        "공 일 공 일 이 삼 사 오 육 칠 팔",
        "영일영 일이삼사 오륙칠팔",
        "02-345-6789로 걸어 주세요",
        "031 123 4567",
        "070-1234-5678",
        "1588-1234로 했어요",
        "010 일이삼사 5678",
        "010-0000-3721",
        "+82 10-1234-5678",
        "계좌는 110-123-456789입니다",
        "계좌 번호 일일공 일이삼 사오육칠팔구",
        "통장 1002 345 678901로 넣어 주세요",
        "연락처는 공일일 구팔칠 육오사삼입니다",
        "카드 번호 끝자리 1111이요",
        "카드 번호가 사일일일이에요",
    ],
    "en": [
        "my card number is 4111 1111 1111 1111",
        "it's 4111-1111-1111-1111 thanks",
        "four one one one one one one one one one one one one one one one",
        "four triple one double one double one four one one one one one one one one and the card number ends 1111",
        "five five zero zero, zero zero five five, five five five five, five five five nine",
        "378282246310005",
        "call me back at 202-555-0143",
        "(202) 555-0143",
        "two oh two five five five oh one four three",
        "my phone number is 415 268 9999",
        "my account number is 0012345678",
        "bank account 12 3456 7890 12",
        "the card number starts with 4111",
        "my resident registration is 900101-2234567",
        "plus 1 415-268-9999",
    ],
}
KEPT = {
    "ko": [
        "이 일은 사실 제가 오늘 처음 겪어요",
        "삼만 오천 원이 나왔어요",
        "12,345원이 두 번 결제됐어요",
        "2026년 11월 23일 오후 3시 15분에요",
        "주문 번호는 20261123이에요",
        "네, 이십사 시간 안에 처리됩니다",
        "오이 두 개랑 구이 팔 인분",
        "14일 안에 신청하면 됩니다",
        "사이즈는 95예요",
        "일이 많아서 이제야 전화해요",
        "요금은 1,234,567,890원입니다",
        "구구단 이단부터요",
        "영수증 번호 482913",
    ],
    "en": [
        "one of the two charges is from last week",
        "it was $1,234.56 on November 23, 2026",
        "order 20261123 has not arrived",
        "I waited 45 minutes, then 10 more",
        "the plan is 29,000 won for 4 GB",
        "oh, I have one or two questions",
        "my ticket is 482913",
        "it has been 365 days",
        "1,234,567,890 people",
    ],
}
CASES = [
    (language, text, hidden)
    for hidden, table in ((True, HIDDEN), (False, KEPT))
    for language in table
    for text in table[language]
]


@pytest.mark.parametrize(("language", "text", "hidden"), CASES)
def test_numbers_that_identify_are_hidden_and_others_are_not(language: str, text: str, hidden: bool) -> None:
    masked = RULES.mask_text(text, language)
    assert (masked != text) == hidden, masked
    assert "[" in masked or not hidden


def test_a_number_in_several_breaths_is_hidden_from_the_first_piece_on() -> None:
    masker = Masker(RULES, "ko")
    assert masker.mask("카드 번호를 불러 주시겠어요?", 10.0) == "카드 번호를 불러 주시겠어요?"
    assert masker.mask("사일일일", 14.0) == "[카드 번호]"
    assert masker.mask("1111이요", 17.0) == "[카드 번호]이요"
    assert masker.mask("30,000원 결제한 카드예요", 18.0) == "30,000원 결제한 카드예요"
    assert masker.mask("1111", 90.0) == "1111"


def test_the_label_is_in_the_language_of_the_call() -> None:
    assert RULES.mask_text("4111 1111 1111 1111", "ko") == "[카드 번호]"
    assert RULES.mask_text("4111 1111 1111 1111", "en") == "[card number]"
    assert RULES.mask_text("4111 1111 1111 1111", "fr") == "[card number]"


@given(st.text(max_size=200), st.sampled_from(["ko", "en"]))
def test_whatever_is_said_it_is_masked_once_and_for_all(text: str, language: str) -> None:
    masked = RULES.mask_text(text, language)
    assert RULES.mask_text(masked, language) == masked


@given(st.text("가나다라마바하네요 abcxyz?!", max_size=100))
def test_what_holds_no_digits_stays_as_it_is(text: str) -> None:
    assert RULES.mask_text(text, "ko") == text


@given(st.lists(st.sampled_from(["4111111111111111", "9001011234567", "01012345678"]), min_size=1, max_size=3))
def test_no_hidden_digit_is_left(numbers: list[str]) -> None:
    masked = RULES.mask_text(" 그리고 ".join(numbers), "ko")
    assert not any(sign.isdigit() for sign in masked)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "'rule' is missing"),
        ("rule = []", "it has no rule"),
        ("[[rule]]\nname = 'a'\nlabel = {en = 'x'}", "'digits' is missing"),
        ("[[rule]]\nname = 'a'\ndigits = '('\nlabel = {en = 'x'}", "unterminated"),
        ("[[rule]]\nname = 'a'\ndigits = '1'\ncheck = 'moon'\nlabel = {en = 'x'}", "'moon' is missing or unknown"),
        ("[[rule]]\nname = 'a'\ndigits = '1'\nlabel = {ko = 'x'}", "label.en"),
        ("[[rule]\n", "line 1"),
    ],
)
def test_broken_rules_are_refused_with_what_is_wrong(content: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(content)
    with pytest.raises(MaskingRulesInvalid) as refused:
        MaskingRules.load(path)
    assert named in str(refused.value)
