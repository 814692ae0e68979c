"""From text to search terms: Korean morphemes, English stems, and what the lexicon knows about them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from core.guidance.lexicon import Group, Lexicon
from core.language import english
from core.language.korean import Morpheme, morphemes

_RUNS = re.compile(r"[가-힣][가-힣0-9\s]*|[A-Za-z0-9][A-Za-z0-9'’\-\s]*")
_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "SN"})
_NUMBERS = frozenset({"MM", "NR", "SN"})
_VERBS = frozenset({"VV", "VA"})
_OTHERS = frozenset({"MAG", "NP"})
_MODIFIERS = frozenset({"다른", "딴", "새", "옛"})
_PLURAL = frozenset({"들", "님"})
_EMPTY_KOREAN = """
    하다 되다 있다 없다 받다 드리다 주다 보다 같다 그러다 어떻다 그렇다 알다 싶다 오다 가다 나오다 들다
    이 것 거 수 때 때문 제 저 저희 나 우리 님 분 고객 상담사 문의 요청 예정 완료 안내 말 좀 경우 이번 지금 오늘 어제
    안 못 어디 누구 언제 뭐 다 더 잘 너무 계속 자꾸 다시 또 바로 먼저 아직 그냥 이제 빨리 다른 딴 새 옛
"""
_EMPTY_ENGLISH = """
    want need please help thing keep tell say said know think look seem happen customer agent caller ask question
    something someone somebody give make use like one
"""
_EMPTY = frozenset(_EMPTY_KOREAN.split()) | frozenset(english.stems(_EMPTY_ENGLISH)) | english.STOP_WORDS
"""Words of every call, which tell no entry from another; a phrase of the lexicon may hold them."""


class Terms:
    """Turns text into terms. Any thread.

    Words of one group of the lexicon share a term besides their own. Compounds give their parts and the whole, so that
    `환불요청`, `환불 요청` and `환불을 요청` find the same entry however they are spaced.
    """

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self._lexicon = Lexicon(groups, _phrase)

    def of(self, text: str) -> tuple[str, ...]:
        """The terms of a text, repeated as often as they occur."""
        reading = _read(unicodedata.normalize("NFKC", text).lower())
        kept = (word for word in (*reading.words, *reading.parts) if word not in _EMPTY)
        return (*kept, *self._lexicon.concepts(reading.words, reading.parts))


def bigrams(terms: Iterable[str]) -> tuple[str, ...]:
    """Each two neighbouring letters of Korean terms: what is left in common where spelling or spacing differ."""
    found: list[str] = []
    for term in terms:
        if "가" <= term[0] <= "힣":
            found.extend(first + second for first, second in pairwise(term.removesuffix("다")))
    return tuple(found)


def _phrase(phrase: str) -> tuple[str, ...]:
    """The words of a phrase of the lexicon, where verbs stand in their dictionary form."""
    front, _, last = phrase.rpartition(" ")
    if "가" <= last[0] <= "힣" and last.endswith("다") and len(last) > 1:
        return (*_read(front).words, last)
    found = _read(phrase).words
    if not front and "가" <= last[-1] <= "힣" and "".join(found) != last:
        # Alone, a short noun may read like an ending (`명의`); before an object particle it is a noun.
        found = _read(last + ("를" if (ord(last[-1]) - ord("가")) % 28 == 0 else "을")).words
    return tuple(found)


@dataclass(slots=True)
class _Reading:
    """A text taken apart."""

    words: list[str] = field(default_factory=list)
    """In order; verbs in their dictionary form."""
    parts: list[str] = field(default_factory=list)
    """What is inside of the words, and what neighbouring nouns are together."""


def _read(plain: str) -> _Reading:
    """Takes a text apart that is normalised and in lower case."""
    reading = _Reading()
    for run in _RUNS.findall(plain):
        if "가" <= run[0] <= "힣":
            _read_korean(morphemes(run), reading)
        else:
            reading.words.extend(map(_stem, english.words(run)))
    return reading


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """The stem of an English word; a stop word stays as it is."""
    return next(iter(english.stems(word)), word)


def _read_korean(tokens: Sequence[Morpheme], reading: _Reading) -> None:
    nouns: list[str] = []
    prefix = number = ""
    for token in tokens:
        if token.tag == "NNB" and number:
            reading.words.append(number + token.form)
        elif token.tag == "XSN" and nouns:
            if token.form not in _PLURAL:
                reading.parts.append(nouns[-1])
                nouns[-1] += token.form
                reading.words[-1] = nouns[-1]
        elif token.tag in _NOUNS:
            if prefix:
                reading.parts.append(token.form)
            nouns.append(prefix + token.form)
            reading.words.append(nouns[-1])
        elif token.tag in _VERBS:
            reading.words.append(f"{token.form}다")
            if len(token.form) > 2 and token.form.endswith("하"):
                reading.parts.append(token.form[:-1])
        elif token.tag in _OTHERS or token.form in _MODIFIERS:
            reading.words.append(token.form)
        if token.tag not in _NOUNS and token.tag not in ("XSN", "XPN"):
            reading.parts.extend(first + second for first, second in pairwise(nouns))
            nouns = []
        number = token.form if token.tag in _NUMBERS else ""
        prefix = token.form if token.tag == "XPN" else ""
    reading.parts.extend(first + second for first, second in pairwise(nouns))
