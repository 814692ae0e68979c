"""How recognised Korean is shown: which numerals become digits and which stay words, and where a space is missing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language.korean_display import display_of
from core.language.korean_numerals import numerals_as_digits, value_of

SHOWN = {
    "이천이십육 년 삼월 십오 일에 결제했어요": "2026년 3월 15일에 결제했어요",
    "이천이십육년 삼월 십오일": "2026년 3월 15일",
    "이천 이십육 년에는 삼천이백 명이었어요": "2026년에는 3,200명이었어요",
    "천구백팔십오 년생입니다": "1985년생입니다",
    "유월 삼일부터 시월 이십일 일까지": "6월 3일부터 10월 21일까지",
    "삼월 십일에 개통했고요": "3월 10일에 개통했고요",
    "3월 십오일이요": "3월 15일이요",
    "이월에 나갔어요": "2월에 나갔어요",
    "십오 일이나 이십 일쯤": "15일이나 20일쯤",
    "공일공 일이삼사 오육칠팔이에요": "010-1234-5678이에요",
    "공일공에 일이삼사에 오육칠팔": "010-1234-5678",
    "공일공, 일이삼사, 오육칠팔이요": "010-1234-5678이요",
    "공일공일이삼사오육칠팔입니다": "010-1234-5678입니다",
    "공이 삼사오육 칠팔구공으로요": "02-3456-7890으로요",
    "일오팔팔 공공공공으로 전화하세요": "1588-0000으로 전화하세요",
    "만 오천 원이요": "15,000원이요",
    "삼만오천이백 원이 나왔어요": "35,200원이 나왔어요",
    "천원만 깎아 주세요": "1,000원만 깎아 주세요",
    "백만 원 넘게 나왔어요": "1,000,000원 넘게 나왔어요",
    "삼억 오천만 원": "3억 5,000만 원",
    "세 시 삼십 분에 갈게요": "3시 30분에 갈게요",
    "다섯시 오분 전": "5시 5분 전",
    "오후 두 시까지요": "오후 2시까지요",
    "이십사 시간 안에 처리됩니다": "24시간 안에 처리됩니다",
    "삼십 분이면 됩니다": "30분이면 됩니다",
    "부가세 십 퍼센트": "부가세 10퍼센트",
    "오 기가 요금제요": "5기가 요금제요",
    "이십사 개월 약정": "24개월 약정",
    "이 년 약정인데요": "2년 약정인데요",
    "칠 일 이내에 환불됩니다": "7일 이내에 환불됩니다",
    "만 이십 세 이상": "만 20세 이상",
    "일 번을 눌러 주세요": "1번을 눌러 주세요",
    "백이십 번 상담사입니다": "120번 상담사입니다",
    "구십 년대 노래": "90년대 노래",
    "이백일 호예요": "201호예요",
}
KEPT = [
    "이사 가려고요",
    "사이에 끼었어요",
    "일요일에 갈게요",
    "오이 두 개랑 구두 한 켤레요",
    "만약에 안 되면요",
    "만일 그렇다면",
    "만 일 그렇다면",
    "천천히 말씀해 주세요",
    "조금만 기다려 주세요",
    "이 일은 사실 제가 처음 겪어요",
    "이 분께서 말씀하셨어요",
    "이 층 말고요",
    "구분이 안 돼요",
    "사원 번호가 뭐예요",
    "이삼일 걸려요",
    "이 삼 일 걸려요",
    "오 육 일 정도요",
    "일이 년 전에요",
    "삼사십 분 기다렸어요",
    "몇 천 원 차이예요",
    "수만 원이 나왔어요",
    "네 시간 걸려요",
    "한시가 급해요",
    "한 시름 놓았어요",
    "한 시 이 분이 오셨어요",
    "만원 버스를 탔어요",
    "십분 이해합니다",
    "이만 시간이 없어서 끊을게요",
    "천만에요",
    "백일잔치예요",
    "삼분의 일만 썼어요",
    "이월된 포인트가 있어요",
    "삼일절에도 하나요",
    "이천시에 살아요",
    "이 년 전화번호부",
    "오 일 안내 문자",
    "십년감수했어요",
    "두 번 결제됐어요",
    "스무 살이에요",
    "육이오 때",
    "구구단 이단부터요",
    "일일 한도가 있나요",
    "오십견이 왔어요",
    "이만 끊겠습니다",
    "2026년 3월 15일 오후 3시 15분에 15,000원이요",
    "I paid 15,000 won at 3:30, 오케이",
]
SPACED = {
    "할수있는데 안되나요": "할 수 있는데 안되나요",
    "가입하실때 받을수있다고 했어요": "가입하실 때 받을 수 있다고 했어요",
    "내일 연락할거예요": "내일 연락할 거예요",
    "두번째로 세개를 샀어요": "두 번째로 세 개를 샀어요",
    "안내해드리도록하겠습니다": "안내해드리도록 하겠습니다",
    "안녕하세요상담사김민수입니다무엇을도와드릴까요": "안녕하세요 상담사김민수입니다 무엇을 도와드릴까요",
    "제번호는공일공일이삼사오육칠팔입니다": "제번호는 010-1234-5678입니다",
}
WHOLE = [
    "지난달 요금이 할인됐는데요",
    "확인해드리겠습니다",
    "상담사 연결 부탁드립니다",
    "두개골이 아파요",
    "수도권은 됩니다",
    "아무것도 모르겠어요",
    "그때 말씀드렸었는데요",
    "고객센터에서는 안 된다고 하셨습니다",
]


@pytest.mark.parametrize(("raw", "shown"), (SHOWN | SPACED).items())
def test_numerals_and_spaces_are_as_a_reader_expects_them(raw: str, shown: str) -> None:
    assert display_of(raw) == shown
    assert display_of(shown) == shown


@pytest.mark.parametrize("raw", KEPT + WHOLE)
def test_what_is_no_number_or_is_one_word_stays(raw: str) -> None:
    assert display_of(raw) == raw


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("십", 10), ("이천이십육", 2026), ("만 오천", 15_000), ("삼억오천만", 350_000_000), ("이삼", None), ("십백", None),
     ("만억", None), ("구천구백구십구만 구천구백구십구", 99_999_999)],
)  # fmt: skip
def test_a_numeral_has_one_value_or_none(numeral: str, value: int | None) -> None:
    assert value_of(numeral) == value


def spoken(value: int) -> str:
    """A number as it is said."""
    said = ""
    for myriad in ("", "만", "억"):
        value, group = divmod(value, 10_000)
        digits = "".join(
            ("" if digit == "1" and step else "영일이삼사오육칠팔구"[int(digit)]) + step
            for digit, step in zip(f"{group:04d}", ("천", "백", "십", ""), strict=True)
            if digit != "0"
        )
        if digits:
            said = ("" if (digits, myriad) == ("일", "만") else digits) + myriad + said
    return said


@given(st.integers(2, 99_999_999_999))
def test_every_number_is_read_as_it_is_said(value: int) -> None:
    assert value_of(spoken(value)) == value


@given(st.integers(11, 99_999_999))
def test_every_amount_is_shown_in_digits(value: int) -> None:
    assert display_of(f"요금은 {spoken(value)} 원이에요") == f"요금은 {value:,}원이에요"


PIECES = st.sampled_from(
    "일 이 삼 사 오 육 칠 팔 구 십 백 천 만 억 공 영 한 두 세 네 열 원 년 월 일 시 분 초 개월 번 층 호 에 의 은 이요 "
    "까지 전 오후 반 몇 수 할수 있는데 거예요 때 요금 상담사 확인 하고 3 15 2026 15,000 010-1234-5678 . , ? ! - [카드 "
    "KT".split()
)
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from(["", " "])), max_size=14).map(
    lambda pieces: "".join(piece + gap for piece, gap in pieces)
)


@given(TEXTS)
def test_showing_it_again_changes_nothing(raw: str) -> None:
    shown = display_of(raw)
    assert display_of(shown) == shown


@given(TEXTS)
def test_digits_that_are_there_stay_in_their_order(raw: str) -> None:
    shown = display_of(raw)
    at = 0
    for figure in re.findall(r"\d[\d,.-]*", raw):
        at = shown.index(figure, at) + len(figure)


@given(st.text(st.sampled_from("가나다라마바하고는데요거예있수때줄 .,?!ab12"), max_size=40))
def test_a_text_without_numerals_keeps_its_words_and_its_spaces(raw: str) -> None:
    shown = display_of(raw)
    assert shown.replace(" ", "") == raw.replace(" ", "")
    assert shown.count(" ") >= raw.count(" ")


@given(st.text(st.characters(max_codepoint=0x24F), max_size=60))
def test_a_text_without_korean_stays_as_it_is(raw: str) -> None:
    assert display_of(raw) == raw


def test_a_long_run_of_numerals_is_read_at_once() -> None:
    assert numerals_as_digits("일이삼사오육칠팔구십백천만억" * 2_000 + " 원") is not None
