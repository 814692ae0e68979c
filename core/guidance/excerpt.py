"""The sentences of an entry that answer a query best."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.guidance.entry import language_of
from core.guidance.terms import Terms
from core.language import english, korean

SNIPPET_CHARACTERS = 240
LONG_SENTENCE = 120
"""Characters from which a Korean sentence may be two that no full stop parts."""
_SENTENCE_END = re.compile(r"(?<=[.!?。])\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an entry, with its search terms."""

    text: str
    terms: tuple[str, ...]


def sentences(body: str, terms: Terms) -> tuple[Sentence, ...]:
    """The sentences of a body. Any thread."""
    return tuple(Sentence(text, terms.of(text)) for line in body.splitlines() for text in _split(line.strip()) if text)


def _split(line: str) -> Iterator[str]:
    if language_of(line) != "ko":
        yield from english.sentences(line)
        return
    for part in _SENTENCE_END.split(line):
        # Kiwi parts sentences without full stops too, at the price of reading them once more.
        yield from korean.sentences(part) if len(part) > LONG_SENTENCE else (part,)


def excerpt(parts: Sequence[Sentence], weights: Mapping[str, float], limit: int = SNIPPET_CHARACTERS) -> str:
    """The sentences whose terms weigh most, in the entry's order, within `limit` characters."""

    def weight(index: int) -> float:
        return sum(weights.get(term, 0.0) for term in set(parts[index].terms))

    chosen: list[int] = []
    length = 0
    for index in sorted(range(len(parts)), key=lambda i: (-weight(i), i)):
        if not chosen or length + 1 + len(parts[index].text) <= limit:
            length += len(parts[index].text) + bool(chosen)
            chosen.append(index)
    text = " ".join(parts[index].text for index in sorted(chosen))
    return text if len(text) <= limit else re.sub(r"\s+\S*$", "", text[: limit - 1]) + "…"
