"""Spoken Korean numerals as the digits that a reader expects: amounts, dates, times, shares, telephone numbers.

Most syllables that name a digit are words or parts of words, too (`이` this, `사이` between, `만약` if). A numeral is
only taken for one where it begins a word and a unit follows it, and a lone syllable only before units with which it
can hardly mean anything else. What is no single number (`이삼 일`, two or three days) stays as it is, and so do native
counts (`두 개`), but for hours, which subtitles write `3시 30분`.
"""

import re

_DIGITS = {"일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "륙": 6, "칠": 7, "팔": 8, "구": 9}
_TENS = {"십": 10, "백": 100, "천": 1_000}
_MYRIADS = {"만": 10_000, "억": 100_000_000}
_HOURS = {
    name: hour
    for hour, name in enumerate("한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 열한 열두".split(), start=1)
}  # fmt: skip
_MONTHS = {"이": 2, "유": 6, "시": 10}
"""Months whose names are none of a number before `월`, or mean something else, too (`이월`, carried over)."""
_LONGEST_FIGURE = 100_000_000
"""Amounts from here on are written with 억 and 만: nobody counts nine digits."""

_ANY = "".join((*_DIGITS, *_TENS, *_MYRIADS))
_ONES = "".join(_DIGITS)
_STEPS = "".join((*_TENS, *_MYRIADS))
_NUMBER = rf"[{_ANY}](?:(?:(?<=[{_STEPS}]) )?[{_ANY}])*"
"""One may pause behind 십, 백, 천, 만 and 억, and recognition writes a space there."""
_BEGINS = r"(?<![\w.,])"

_UNITS = (
    *("원", "개월", "년도", "년생", "년", "월", "시간", "시", "분", "초", "퍼센트", "프로", "기가바이트", "기가"),
    *("메가바이트", "메가", "킬로미터", "킬로그램", "킬로", "미터", "명", "회", "건", "층", "호", "번", "페이지"),
    *("세기", "세", "살", "인분", "박", "주", "대", "개", "배", "점", "일"),
)
_NO_COMMA = frozenset({"년", "년도", "년생", "월", "일", "시", "분", "호", "번", "층", "세기"})
_MOST = {"시": 24, "월": 12}
_AFTER_A_STEP = frozenset({"원", "개월", "년", "명", "시", "분", "초", "퍼센트", "개", "건", "시간"})
"""Units with a space before them that a lone 십, 백, 천 or 만 may be of; without it that may be a word (`만일`)."""
_AFTER_A_DIGIT = {
    **dict.fromkeys(("개월", "퍼센트", "기가", "기가바이트", "메가"), _ONES),
    **dict.fromkeys(("년", "분", "초", "층", "번"), "일삼사오육칠팔구"),
    "월": "일삼사오칠팔구",
}
"""Which lone digits a unit with a space before it may be of (`이 분` is rather this person than two minutes)."""
_AFTER_A_DIGIT_JOINED = {
    **dict.fromkeys(("개월", "퍼센트", "기가", "층"), _ONES),
    "년": "일삼사오육칠팔",
    "월": "일삼사오칠팔구",
    "분": "삼오육칠팔",
}
"""The same without the space (`구분` is a word, `이층` has but one meaning)."""
_OTHER_WORD = {"이만": frozenset({"원", "명", "개", "건"})}
"""Numbers that are adverbs, too, each with the units that it is taken for a number before (`이만 시간이 없어서`)."""

_PARTICLES = (
    *("에", "부터", "까지", "은", "는", "이", "가", "을", "를", "도", "만", "로", "으로", "쯤", "경", "정도", "간"),
    *(
        "동안",
        "나",
        "고",
        "라",
        "랑",
        "과",
        "와",
        "입",
        "예",
        "요",
        "인",
        "였",
        "째",
        "짜리",
        "씩",
        "보다",
        "밖",
        "마다",
    ),
    *("당", "전", "후", "뒤", "미만", "어치", "달", "께", "하고", "대", "말", "중", "안", "내"),
)
_ENDS = rf"(?:(?!\w)|(?={'|'.join(_PARTICLES)}))"
_OF = r"(?=의(?!\w))"

_IDIOM = re.compile(r"만원 (?:버스|지하철|전철|사례|관중|열차)|십 분 (?:이해|활용|발휘|공감|고려)")
"""Where a numeral and a unit mean something else."""
_VAGUE = re.compile(rf"(?:몇|수|여러|(?<!\w)(?<![{_ANY}] )[{_ONES}]) $")
"""What makes the number behind it no single one: `몇 천 원`, `삼 사 일`."""

_COUNTED = re.compile(rf"{_BEGINS}(?P<number>{_NUMBER})(?P<gap> ?)(?P<unit>{'|'.join(_UNITS)})(?:{_ENDS}|(?<!분){_OF})")
_DATE = re.compile(
    rf"{_BEGINS}(?:(?P<month>{_NUMBER}|유|시)|(?P<written>\d{{1,2}})) ?월 "
    rf"(?:(?P<spaced>{_NUMBER}) 일|(?P<joined>{_NUMBER})일)(?:{_ENDS}|{_OF})"
)
_LONE_MONTH = re.compile(rf"{_BEGINS}(?P<month>[이유시])월(?=(?:에|부터|까지|달|말)(?![가-힣]*[하되]))")
_LONE_YEARS = re.compile(rf"{_BEGINS}이 ?년(?=간|짜리| (?:약정|계약|이상|이내|동안|전|후|뒤){_ENDS})")
_LONE_DAYS = re.compile(
    rf"{_BEGINS}(?P<days>[삼사오육칠팔구]) 일"
    rf"(?=간|까지|이내|정도|만에| (?:이내|정도|이상|동안|만에|안에|전|후|뒤){_ENDS})"
)
_TIME = re.compile(
    rf"{_BEGINS}(?P<half>(?:오전|오후|새벽|아침|낮|저녁|밤) )?"
    rf"(?P<hour>{'|'.join(sorted(_HOURS, key=len, reverse=True))})(?P<gap> ?)시"
    rf"(?: ?(?P<minute>{_NUMBER}) ?분{_ENDS}|(?=에|부터|까지|쯤|경|정각|예|입|이[에요후전]|[.,?!]|$| (?!간)))"
)

_FIGURE = {"공": "0", "영": "0"} | {sign: str(value) for sign, value in _DIGITS.items()}
_FIGURES = "".join(_FIGURE)
_PAUSE = r"(?:,? |에 ?| ?다시 ?|의 ?|-)"
_TELEPHONE = re.compile(
    rf"{_BEGINS}(?:(?P<area>[공영]일[공영일육칠팔구]|[공영]이|[공영][삼사오육륙][일이삼사오]|[공영]칠[공영]){_PAUSE}?"
    rf"(?P<middle>[{_FIGURES}]{{3,4}}){_PAUSE}?(?P<last>[{_FIGURES}]{{4}})"
    rf"|(?P<service>일[오육륙팔][{_FIGURES}]{{2}}){_PAUSE}(?P<line>[{_FIGURES}]{{4}}))"
    r"(?=(?:번|으로|로|이|입|예|에|요|고|은|는|인|를|을)|(?!\w))"
)


def numerals_as_digits(text: str) -> str:
    """A text with its numerals as digits where a reader expects them; everything else stays. Pure; any thread."""
    text = _TELEPHONE.sub(_telephone, text)
    text = _DATE.sub(_date, text)
    text = _TIME.sub(_time, text)
    text = _COUNTED.sub(_counted, text)
    text = _LONE_MONTH.sub(lambda found: f"{_MONTHS[found['month']]}월", text)
    text = _LONE_YEARS.sub(lambda found: found[0] if _is_vague(found) else "2년", text)
    return _LONE_DAYS.sub(lambda found: found[0] if _is_vague(found) else f"{_DIGITS[found['days']]}일", text)


def value_of(numeral: str) -> int | None:
    """The number that Sino-Korean syllables name; None where they are no single number. Pure."""
    total = group = 0
    digit: int | None = None
    step, myriad = 10_000, 10**12
    for sign in numeral.replace(" ", ""):
        if sign in _DIGITS:
            if digit is not None:
                return None
            digit = _DIGITS[sign]
        elif sign in _TENS:
            if _TENS[sign] >= step:
                return None
            step = _TENS[sign]
            group += (1 if digit is None else digit) * step
            digit = None
        else:
            if _MYRIADS[sign] >= myriad:
                return None
            myriad = _MYRIADS[sign]
            total += (group + (digit or 0) or 1) * myriad
            group, digit, step = 0, None, 10_000
    return total + group + (digit or 0)


def _is_vague(found: "re.Match[str]") -> bool:
    return _VAGUE.search(found.string, 0, found.start()) is not None


def _counted(found: "re.Match[str]") -> str:
    number, unit = found["number"], found["unit"]
    if _is_vague(found) or _IDIOM.match(found.string, found.start()):
        return found[0]
    by_birthdays = "만 " if unit in ("세", "살") and number.startswith("만 ") else ""
    value = value_of(number.removeprefix(by_birthdays))
    if value is None or value > _MOST.get(unit, value) or not _is_meant(number, found["gap"], unit):
        return found[0]
    return by_birthdays + _written(value, unit)


def _is_meant(number: str, gap: str, unit: str) -> bool:
    if number in _DIGITS:
        return number in (_AFTER_A_DIGIT if gap else _AFTER_A_DIGIT_JOINED).get(unit, "")
    if number in _STEPS:
        return unit in _AFTER_A_STEP if gap else unit == "원"
    if number in _OTHER_WORD:
        return unit in _OTHER_WORD[number]
    # Ten days, or eleven of something.
    return unit != "일" or bool(gap) or number[-1] not in _STEPS


def _written(value: int, unit: str) -> str:
    if unit in _NO_COMMA:
        return f"{value}{unit}"
    if value < _LONGEST_FIGURE:
        return f"{value:,}{unit}"
    high, rest = divmod(value, 100_000_000)
    middle, low = divmod(rest, 10_000)
    parts = [f"{high:,}억", f"{middle:,}만" if middle else "", f"{low:,}" if low else ""]
    return " ".join(part for part in parts if part) + (unit if low else f" {unit}")


def _date(found: "re.Match[str]") -> str:
    month = int(found["written"] or 0) or _MONTHS.get(found["month"]) or value_of(found["month"])
    day = value_of(found["spaced"] or found["joined"])
    # "삼월 이 일은" may as well be about this matter in March.
    if month is None or day is None or month > 12 or not 1 <= day <= 31 or found["spaced"] == "이":
        return found[0]
    return f"{month}월 {day}일"


def _time(found: "re.Match[str]") -> str:
    hour, half = _HOURS[found["hour"]], found["half"] or ""
    if found["minute"] is None:
        # "한시" without more may be another word.
        return f"{half}{hour}시" if half or found["gap"] else found[0]
    minute = value_of(found["minute"])
    # "한 시 이 분이" may as well be about this person at one o'clock.
    if minute is None or minute > 59 or found["minute"] == "이":
        return found[0]
    return f"{half}{hour}시 {minute}분"


def _telephone(found: "re.Match[str]") -> str:
    parts = (found["service"], found["line"]) if found["service"] else (found["area"], found["middle"], found["last"])
    return "-".join("".join(_FIGURE[sign] for sign in part) for part in parts)
