"""An entry: one piece of the handbook."""

import re
from dataclasses import dataclass

from core.model.call import Language

_HANGUL = re.compile(r"[가-힣]")
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of the handbook."""

    title: str
    body: str
    """Plain text; list items and paragraphs on lines of their own."""
    aliases: tuple[str, ...]
    """Other words for its subject, as callers say them."""
    source: str
    """The file, and where in it."""

    @property
    def language(self) -> Language:
        """The language that most of its words are of."""
        return language_of(f"{self.title} {self.body}")


def language_of(text: str) -> Language:
    """Korean where there is more than one Hangul syllable for every four Latin letters, English otherwise."""
    return "ko" if len(_HANGUL.findall(text)) * 4 > len(_LATIN.findall(text)) else "en"


def split_aliases(text: str) -> tuple[str, ...]:
    """The aliases of a line or cell, which `,` `;` or `|` separate."""
    return tuple(alias.strip() for alias in re.split(r"[,;|]", text) if alias.strip())
