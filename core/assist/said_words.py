"""Words that are looked for in what was said, whatever their endings: `환불` is in `환불을`, `cancel` in `cancelling`.

A Korean text is read as its morphemes without particles and endings, an English one as the stems of its words. What is
looked for is there where the same stand one after the other, from the beginning of one to the end of one: `해지` is not
in `화해지만`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.language import english
from core.language.korean import morphemes

_RUNS = re.compile(r"[가-힣]+(?:\s+[가-힣]+)*|[A-Za-z]+(?:['’][A-Za-z]+)?|\d+")
_LEFT_OUT = ("J", "E", "VCP", "SF", "SP", "SS", "SE", "SO", "SW")
"""Beginnings of the tags of particles, endings, the copula and signs."""
_END = "\x1f"
"""After each word that is none of Korean morphemes, which join."""


@dataclass(frozen=True, slots=True)
class _Unit:
    form: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text taken apart, to look for words in."""

    text: str
    units: tuple[_Unit, ...]

    @classmethod
    def of(cls, text: str) -> "Reading":
        """Take a text apart. Any thread; about a millisecond for a Korean sentence; the first loads the analyser."""
        shown = unicodedata.normalize("NFKC", text)
        plain = shown.lower()
        return cls(shown if len(shown) == len(plain) else plain, tuple(_units(plain)))

    def find(self, words: "Reading") -> str | None:
        """Where other words are in this text, as it is written here; None where they are not. Pure."""
        if not words.units:
            return None
        # The analyser may part one word in two ways (`돌려주`, `돌리` + `어` + `주`): then the letters tell.
        ways = ((self._forms, words._forms), (self._letters, words._letters))
        for joined, wanted in ((mine(), theirs()) for mine, theirs in ways):
            if (span := joined.find(wanted.text)) is not None:
                return self.text[span[0] : span[1]]
        return None

    def _forms(self) -> "_Joined":
        return _Joined.of((unit.form, unit.start, unit.end) for unit in self.units)

    def _letters(self) -> "_Joined":
        """From the beginning of each morpheme to that of the next, without spaces."""
        ends = [unit.start for unit in self.units[1:]] + [self.units[-1].end] if self.units else []
        return _Joined.of(
            ("".join(self.text[unit.start : end].lower().split()), unit.start, unit.end)
            for unit, end in zip(self.units, ends, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Joined:
    """Pieces of a text put together, with the places where each begins and ends in it."""

    text: str
    starts: Mapping[int, int]
    ends: Mapping[int, int]

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, int, int]]) -> "_Joined":
        starts, ends, joined = {}, {}, ""
        for piece, start, end in pieces:
            starts[len(joined)] = start
            joined += piece
            ends[len(joined)] = end
        return cls(joined, starts, ends)

    def find(self, wanted: str) -> tuple[int, int] | None:
        """Where a text is, from the beginning of a piece to the end of one."""
        found = self.text.find(wanted) if wanted else -1
        while found >= 0:
            if found in self.starts and found + len(wanted) in self.ends:
                return self.starts[found], self.ends[found + len(wanted)]
            found = self.text.find(wanted, found + 1)
        return None


def _units(plain: str) -> list[_Unit]:
    units: list[_Unit] = []
    for run in _RUNS.finditer(plain):
        if "가" <= run[0][0] <= "힣":
            units.extend(
                _Unit(part.form, run.start() + part.start, run.start() + part.end)
                for part in morphemes(run[0])
                if not part.tag.startswith(_LEFT_OUT)
            )
        else:
            units.append(_Unit(_stem(run[0].replace("’", "'")) + _END, run.start(), run.end()))
    return units


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return next(iter(english.stems(word)), word)
