"""The embedded index: the handbook of this machine, asked without any server."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.guidance.bm25_index import Bm25Index
from core.guidance.entry import Entry, language_of
from core.guidance.excerpt import excerpt, sentences
from core.guidance.knowledge import Knowledge, read_knowledge
from core.guidance.lexicon import everyday_groups
from core.guidance.terms import Terms, bigrams
from core.model.errors import KnowledgeMissing
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest, Passage

TITLE_WEIGHT = 2.0
ALIAS_WEIGHT = 2.0
BODY_WEIGHT = 1.0
LETTERS_WEIGHT = 0.2
"""Enough to find a word that is spelt or spaced in another way, too little to outweigh one that is not."""
OTHER_LANGUAGE = 0.3
"""What a score is worth where the entry's language is not the query's."""
LEAST_SHARE = 0.15
"""Passages with less than this share of the best one's score are left out: they would only distract."""
GUIDANCE_CHARACTERS = 160

Weights = NDArray[np.float32]
"""A number for each entry."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How well every entry fits a query: what each of its fields gives, and what comes of it."""

    query: tuple[str, ...]
    """The query's terms."""
    title: Weights
    aliases: Weights
    body: Weights
    letters: Weights
    """By neighbouring letters of Korean words, whatever their spelling."""
    factor: Weights
    """What the sum is multiplied by; less than 1 where the entry's language is not the query's."""
    total: Weights

    def ranked(self, most: int) -> list[tuple[int, float]]:
        """The best entries and their scores, best first; in the files' order where they are equal."""
        order = np.argsort(-self.total, kind="stable")[:most]
        least = LEAST_SHARE * float(self.total[order[0]])
        return [(int(i), float(self.total[i])) for i in order if self.total[i] > 0 and self.total[i] >= least]


class EmbeddedRetriever:
    """Implements `core.guidance.retriever.Retriever` over the entries of a folder. Immutable; any thread."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._left_out = knowledge.left_out
        self._entries = knowledge.entries
        self._terms = Terms((*everyday_groups(), *knowledge.synonyms))
        titles = [self._terms.of(e.title) for e in self._entries]
        aliases = [self._all_terms(e.aliases) for e in self._entries]
        self._sentences = [sentences(e.body, self._terms) for e in self._entries]
        bodies = [tuple(term for sentence in body for term in sentence.terms) for body in self._sentences]
        self._fields = (
            (TITLE_WEIGHT, Bm25Index(titles)),
            (ALIAS_WEIGHT, Bm25Index(aliases)),
            (BODY_WEIGHT, Bm25Index(bodies)),
        )
        self._letters = Bm25Index([bigrams((*t, *a, *b)) for t, a, b in zip(titles, aliases, bodies, strict=True)])
        self._rarity = _rarity(bodies)
        self._is_korean = np.array([e.language == "ko" for e in self._entries])

    @classmethod
    def load(cls, directory: Path) -> "EmbeddedRetriever":
        """Read and index a folder; about two seconds of a core for a thousand entries. Raises KnowledgeMissing."""
        knowledge = read_knowledge(directory)
        if not knowledge.entries:
            raise KnowledgeMissing(path=str(directory))
        return cls(knowledge)

    @property
    def health(self) -> PartHealth:
        """How many entries there are, and which files were left out."""
        entries = Message("{count} entries of the handbook.", {"count": len(self._entries)})
        return PartHealth(
            name="guidance",
            state=PartState.DEGRADED if self._left_out else PartState.UP,
            needed=False,
            detail=(entries, *self._left_out),
        )

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is searched, in the files' order."""
        return self._entries

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """The passages for a summary, best first; none where no word of it is known. Any thread; milliseconds."""
        scores = self.scores(request.summary)
        return self.answer(request, scores.ranked(request.max_documents), scores.query)

    def answer(
        self, request: GuidanceRequest, ranked: Sequence[tuple[int, float]], query: Sequence[str]
    ) -> GuidanceAnswer:
        """The answer that consists of these entries (number and score, best first), as far as the request wants it."""
        if not ranked:
            return GuidanceAnswer("", ())
        weights = self._weights(query)
        guidance = excerpt(self._sentences[ranked[0][0]], weights, GUIDANCE_CHARACTERS)
        if not request.include_documents:
            return GuidanceAnswer(guidance, ())
        passages = tuple(
            Passage(self._entries[i].title, self.snippet(i, query), round(score, 3), self._entries[i].source)
            for i, score in ranked
        )
        return GuidanceAnswer(guidance, passages)

    def snippet(self, number: int, query: Sequence[str]) -> str:
        """The sentences of an entry that fit a query best."""
        return excerpt(self._sentences[number], self._weights(query))

    def terms_of(self, text: str) -> tuple[str, ...]:
        """A text's terms, by which it is searched and found."""
        return self._terms.of(text)

    def scores(self, summary: str) -> "Scores":
        """How well each entry's words fit a summary, field by field."""
        summary = unicodedata.normalize("NFC", summary)
        query = tuple(dict.fromkeys(self._terms.of(summary)))
        title, aliases, body = (weight * index.scores(query) for weight, index in self._fields)
        letters = LETTERS_WEIGHT * self._letters.scores(tuple(dict.fromkeys(bigrams(query))))
        same = self._is_korean == (language_of(summary) == "ko")
        factor = np.where(same, np.float32(1), np.float32(OTHER_LANGUAGE))
        return Scores(query, title, aliases, body, letters, factor, (letters + title + aliases + body) * factor)

    def _weights(self, query: Sequence[str]) -> dict[str, float]:
        return {term: self._rarity.get(term, 0.0) for term in query}

    def _all_terms(self, phrases: Iterable[str]) -> tuple[str, ...]:
        return tuple(term for phrase in phrases for term in self._terms.of(phrase))


def _rarity(bodies: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much a term tells about a sentence: BM25's inverse document frequency over the bodies."""
    holding = Counter(term for body in bodies for term in set(body))
    return {term: math.log(1 + (len(bodies) - n + 0.5) / (n + 0.5)) for term, n in holding.items()}
