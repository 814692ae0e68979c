"""From text to search terms: Korean morphemes, English stems, and a caller's words brought to the handbook's."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from core.language.english import STOP_WORDS, stems
from core.language.korean import Morpheme, morphemes

_SCRIPTS = re.compile(r"[가-힣][가-힣0-9\s]*|[A-Za-z0-9][A-Za-z0-9'’\-\s]*")
_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "SN"})
_STEMS = frozenset({"VV", "VA"})
_EMPTY = frozenset(
    "하 되 있 없 받 이 것 거 수 때 때문 제 저 저희 나 우리 님 분 고객 상담사 문의 요청 예정 완료 안내 말 드리 주 보 같 "
    "그러 어떻 그렇 알 싶 오 가 나오 들 좀 경우 이번 지금 오늘 어제".split()
)
"""Words of every call, which tell no entry from another."""


class Terms:
    """Turns text into terms. Any thread.

    `synonyms` maps a spoken word or several (`와이 파이`) to the handbook's. Compounds give their parts and the
    whole, so that `요금제변경`, `요금제 변경` and `변경` find the same entry however they are spaced.
    """

    def __init__(self, synonyms: Mapping[str, str]) -> None:
        self._synonyms = dict(synonyms)
        longest_first = sorted(self._synonyms, key=len, reverse=True)
        pattern = "|".join(_spoken(word) for word in longest_first)
        self._spoken = re.compile(pattern, re.IGNORECASE) if pattern else None
        self._by_letters = {_letters(word): handbook for word, handbook in self._synonyms.items()}

    def of(self, text: str) -> tuple[str, ...]:
        """The terms of a text, in order, repeated as often as they occur."""
        plain = self._spoken.sub(self._handbook_word, text) if self._spoken else text
        found: list[str] = []
        for run in _SCRIPTS.findall(plain.lower()):
            found.extend(_korean(run) if "가" <= run[0] <= "힣" else stems(run))
        return tuple(found)

    def _handbook_word(self, match: re.Match[str]) -> str:
        return f" {self._by_letters[_letters(match.group())]} "


def _spoken(word: str) -> str:
    """A pattern for a word, however it is spaced; a Latin word must stand by itself."""
    pattern = r"\s*".join(re.escape(letter) for letter in _letters(word))
    return rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])" if word.isascii() else pattern


def _letters(word: str) -> str:
    return re.sub(r"\s+", "", word.lower())


def _korean(text: str) -> Iterable[str]:
    run: list[Morpheme] = []
    for token in (*morphemes(text), None):
        if token is not None and token.tag in (*_NOUNS, "XSN", "XPN"):
            run.append(token)
            continue
        yield from _compound(run)
        run = []
        if token is not None and token.tag in _STEMS and token.form not in _EMPTY:
            yield f"{token.form}다"


def _compound(run: list[Morpheme]) -> Iterable[str]:
    """The nouns of a run, and each two neighbours as one word."""
    words: list[str] = []
    for token in run:
        if token.tag == "XSN" and words:
            words[-1] += token.form
        else:
            words.append(token.form)
    words = [word for word in words if word not in _EMPTY and word not in STOP_WORDS]
    yield from words
    yield from (first + second for first, second in pairwise(words))
