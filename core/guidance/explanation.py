"""What a query finds in the handbook, and why."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.guidance.embedded import EmbeddedRetriever, Scores
from core.guidance.hybrid import MOST_RANKED, HybridRetriever, Meaning, fused
from core.guidance.lexicon import LONGEST
from core.model.errors import GuidanceError

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text."""

    text: str
    is_match: bool
    """Whether it is one of the query's words, or means the same."""


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry that is found. The scores by words are weighted as they count, before `language_factor`."""

    source: str
    title: Pieces
    aliases: tuple[Pieces, ...]
    """Those with a word of the query."""
    snippet: Pieces
    score: float
    """By which it is ranked."""
    title_score: float
    alias_score: float
    body_score: float
    letters_score: float
    language_factor: float
    words_score: float
    """All five together."""
    words_rank: int | None
    """From 1; None where its words do not find it."""
    meaning_rank: int | None
    """From 1; None where no embedding model takes part, or the entry is far from the query."""
    similarity: float | None
    """Cosine of the vectors, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is found, best first."""

    terms: tuple[str, ...]
    """What the query was taken apart into."""
    findings: tuple[Finding, ...]
    is_hybrid: bool
    """Whether an embedding model took part."""
    failure: GuidanceError | None
    """Why the embedding model that is configured did not."""


def explain(retriever: EmbeddedRetriever | HybridRetriever, query: str, most: int) -> Explanation:
    """Ask, and say why. Any thread; blocking where an embedding model is asked."""
    hybrid = retriever if isinstance(retriever, HybridRetriever) else None
    index = retriever.index if isinstance(retriever, HybridRetriever) else retriever
    meaning = hybrid.meaning(query) if hybrid else None
    scores = index.scores(query)
    words = scores.ranked(MOST_RANKED if meaning else most)
    ranked = fused([number for number, _score in words], meaning, most) if meaning else words
    place = {number: rank for rank, (number, _score) in enumerate(words, start=1)}
    return Explanation(
        terms=tuple(term for term in scores.query if not term.startswith("=")),
        findings=tuple(_finding(index, scores, meaning, number, score, place.get(number)) for number, score in ranked),
        is_hybrid=meaning is not None,
        failure=hybrid.failure if hybrid else None,
    )


def _finding(
    index: EmbeddedRetriever, scores: Scores, meaning: Meaning | None, number: int, score: float, rank: int | None
) -> Finding:
    entry, wanted = index.entries[number], frozenset(scores.query)
    aliases = (marked(index, alias, wanted) for alias in entry.aliases)
    nearest = meaning.ranking if meaning else ()
    return Finding(
        source=entry.source,
        title=marked(index, entry.title, wanted),
        aliases=tuple(alias for alias in aliases if any(piece.is_match for piece in alias)),
        snippet=marked(index, index.snippet(number, scores.query), wanted),
        score=score,
        title_score=float(scores.title[number]),
        alias_score=float(scores.aliases[number]),
        body_score=float(scores.body[number]),
        letters_score=float(scores.letters[number]),
        language_factor=float(scores.factor[number]),
        words_score=float(scores.total[number]),
        words_rank=rank,
        meaning_rank=nearest.index(number) + 1 if number in nearest else None,
        similarity=float(meaning.similarity[number]) if meaning else None,
    )


def marked(index: EmbeddedRetriever, text: str, wanted: Collection[str]) -> Pieces:
    """A text in pieces, of which those match that give one of the wanted terms, alone or with their neighbours."""
    found = list(_WORD.finditer(text))
    matches = [not _terms(index, word[0]).isdisjoint(wanted) for word in found]
    # A phrase that means the same as one of the query; its words need not be in the query. The shortest that does.
    for size in range(2, LONGEST + 1):
        for start in range(len(found) - size + 1):
            end = start + size
            phrase = {t for t in _terms(index, text[found[start].start() : found[end - 1].end()]) if t.startswith("=")}
            if not any(matches[start:end]) and not phrase.isdisjoint(wanted):
                matches[start:end] = [True] * size
    return tuple(_pieces(text, found, matches))


def _terms(index: EmbeddedRetriever, text: str) -> frozenset[str]:
    return frozenset(index.terms_of(text))


def _pieces(text: str, found: list[re.Match[str]], matches: list[bool]) -> Iterator[Piece]:
    """Neighbours of one kind are one piece, with the space between them."""
    start, is_match = 0, bool(matches and matches[0])
    for word, own in zip(found[1:], matches[1:], strict=True):
        if own != is_match:
            # The space before a match does not belong to it.
            end = word.start() if own else found[found.index(word) - 1].end()
            yield Piece(text[start:end], is_match)
            start, is_match = end, own
    if text[start:]:
        yield Piece(text[start:], is_match)
