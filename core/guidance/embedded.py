"""The embedded index: the handbook of this machine, asked without any server."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """The passages for a summary, best first; none where no word of it is known. Any thread; milliseconds."""
        summary = unicodedata.normalize("NFC", request.summary)
        query = tuple(dict.fromkeys(self._terms.of(summary)))
        scores = self._scores(query, summary)
        best = _best(scores, request.max_documents)
        if not best:
            return GuidanceAnswer("", ())
        weights = {term: self._rarity.get(term, 0.0) for term in query}
        guidance = excerpt(self._sentences[best[0]], weights, GUIDANCE_CHARACTERS)
        if not request.include_documents:
            return GuidanceAnswer(guidance, ())
        return GuidanceAnswer(guidance, tuple(self._passage(i, float(scores[i]), weights) for i in best))

    def _passage(self, index: int, score: float, weights: Mapping[str, float]) -> Passage:
        entry: Entry = self._entries[index]
        return Passage(entry.title, excerpt(self._sentences[index], weights), round(score, 3), entry.source)

    def _scores(self, query: Sequence[str], summary: str) -> NDArray[np.float32]:
        scores = LETTERS_WEIGHT * self._letters.scores(tuple(dict.fromkeys(bigrams(query))))
        for weight, index in self._fields:
            scores = scores + weight * index.scores(query)
        same = self._is_korean == (language_of(summary) == "ko")
        return np.where(same, scores, scores * np.float32(OTHER_LANGUAGE))

    def _all_terms(self, phrases: Iterable[str]) -> tuple[str, ...]:
        return tuple(term for phrase in phrases for term in self._terms.of(phrase))


def _best(scores: NDArray[np.float32], most: int) -> list[int]:
    """The entries with the highest scores, best first; those in the file's order where scores are equal."""
    order = np.argsort(-scores, kind="stable")[:most]
    least = LEAST_SHARE * float(scores[order[0]])
    return [int(i) for i in order if scores[i] > 0 and scores[i] >= least]


def _rarity(bodies: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much a term tells about a sentence: BM25's inverse document frequency over the bodies."""
    holding = Counter(term for body in bodies for term in set(body))
    return {term: math.log(1 + (len(bodies) - n + 0.5) / (n + 0.5)) for term, n in holding.items()}
