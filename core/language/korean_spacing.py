"""Spaces that a recognised Korean text lacks.

A whole text is not spaced anew: that would part words that belong together (`지난달`, `상담사`) as often as it helps.
Only a word that is too long to be one, or that holds one of the few joints where a space may never be left out, is
looked at, and parted there alone. Spaces that are there stay.
"""

import re
from itertools import pairwise

from core.language.korean import Morpheme, morphemes

LONGEST_WORD = 7
"""Syllables from which on a word is looked at for being several."""

_WORD = re.compile(r"(?<!\S)[가-힣]{3,}(?=[.,?!…]*(?!\S))")
_JOINT = re.compile(r"(?:수(?:[있없도가는]|밖)|거[예에야라나]|것|줄[은을도알]|때)")
_BOUND_NOUNS = frozenset({"수", "거", "것", "줄", "때"})
_WORD_BEGINS = frozenset({"NNG", "NNP", "NP", "NR", "MM", "MAG", "MAJ", "VV", "VA", "IC"})
_PARTICLES = frozenset({"을", "를", "은", "는", "에서", "에게", "한테", "부터", "까지", "으로", "에"})
_CONNECTIVES = frozenset(
    {
        "고",
        "도록",
        "면",
        "으면",
        "어서",
        "아서",
        "지만",
        "는데",
        "ᆫ데",
        "은데",
        "니까",
        "으니까",
        "려고",
        "으려고",
        "면서",
        "거나",
    }
)
_COUNTS = re.compile(
    r"(?<!\S)(두|세|네|다섯|여섯|일곱|여덟|아홉)(개월|개|번째|번|명|달|시간|가지|군데)"
    r"(?=(?:이|가|를|을|은|는|만|도|로|의|나|요|씩|에|랑|까지|정도|예요|입니다|이요)?(?![가-힣]))"
)


def spaced(text: str) -> str:
    """A text with the spaces that it lacks for certain. Pure; any thread; loads the analyser when first needed."""
    return _WORD.sub(lambda found: _parted(found[0]), _COUNTS.sub(r"\1 \2", text))


def needs_analysis(text: str) -> bool:
    """Whether `spaced` will ask the analyser, which takes a moment. Pure; any thread."""
    return any(_is_doubtful(found[0]) for found in _WORD.finditer(text))


def _is_doubtful(word: str) -> bool:
    return len(word) >= LONGEST_WORD or _JOINT.search(word) is not None


def _parted(word: str) -> str:
    if not _is_doubtful(word):
        return word
    parts = morphemes(word)
    is_long = len(word) >= LONGEST_WORD
    for before, after in pairwise(parts):
        if 0 < after.start < len(word) and before.end <= after.start and _are_words(before, after, is_long):
            # Each piece is looked at anew, as it would be the next time: nothing is left for a second time.
            return f"{_parted(word[: after.start])} {_parted(word[after.start :])}"
    return word


def _are_words(before: Morpheme, after: Morpheme, is_long: bool) -> bool:
    if before.tag == "ETM":
        return after.tag in ("NNB", "NNG") and after.form in _BOUND_NOUNS
    if before.form == "수" and before.tag == "NNB":
        return after.form in ("있", "없")
    if not is_long:
        return False
    if before.tag == "EC" and before.form in _CONNECTIVES:
        return after.tag in _WORD_BEGINS or after.tag == "VX"
    if before.tag == "EF":
        return after.tag in _WORD_BEGINS
    return before.tag.startswith("J") and before.form in _PARTICLES and after.tag in _WORD_BEGINS
