"""The sentences of an entry that answer a query best."""

import re
from collections.abc import Sequence

from core.guidance.knowledge import language_of
from core.guidance.terms import Terms
from core.language import english, korean

SNIPPET_CHARACTERS = 240


def sentences(body: str) -> tuple[str, ...]:
    """The sentences of a body. Any thread."""
    return korean.sentences(body) if language_of(body) == "ko" else english.sentences(body)


def excerpt(parts: Sequence[str], query: Sequence[str], terms: Terms, limit: int = SNIPPET_CHARACTERS) -> str:
    """The sentences of `parts` that share most with the query, in their own order, within `limit` characters."""
    wanted = set(query)
    ranked = sorted(range(len(parts)), key=lambda i: (-len(wanted & set(terms.of(parts[i]))), i))
    chosen: list[int] = []
    length = 0
    for index in ranked:
        if length + len(parts[index]) + 1 <= limit or not chosen:
            chosen.append(index)
            length += len(parts[index]) + 1
    text = " ".join(parts[index] for index in sorted(chosen))
    return text if len(text) <= limit else _cut(text, limit)


def _cut(text: str, limit: int) -> str:
    return re.sub(r"\s+\S*$", "", text[: limit - 1]) + "…"
