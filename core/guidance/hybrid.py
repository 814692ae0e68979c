"""Retrieval by words and by meaning: BM25's ranking and the embedding model's, fused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.guidance.embedded import EmbeddedRetriever
from core.guidance.embeddings import Embedder, Vectors
from core.guidance.fusion import reciprocal_rank_fusion
from core.model.clock import Clock
from core.model.errors import GuidanceAnswerInvalid, GuidanceError
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest

QUERY_TIMEOUT_S = 1.0
"""Guidance that comes late is of no use, and the words alone find most of it."""
PAUSE_S = 15.0
"""After a failure passages are found by their words alone for so long, without waiting for the model."""
MOST_RANKED = 50
"""Entries of each ranking that are fused; what stands behind would add next to nothing."""
WORDS_ALONE = Message("Meanwhile passages are found by their words alone.")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The embedding model's ranking for one query."""

    ranking: tuple[int, ...]
    """Entries, nearest first."""
    similarity: Vectors
    """Each entry's cosine with the query, -1 to 1."""


class HybridRetriever:
    """Implements `core.guidance.retriever.Retriever` over an index and its entries' vectors. Any thread."""

    def __init__(self, index: EmbeddedRetriever, vectors: Vectors, embedder: Embedder, clock: Clock) -> None:
        self.index = index
        self._vectors = vectors
        self._embedder = embedder
        self._clock = clock
        self._failure: GuidanceError | None = None
        self._paused_until = 0.0

    @property
    def health(self) -> PartHealth:
        """The index's, or that the model does not answer and passages are found by their words alone."""
        health, failure = self.index.health, self._failure
        if failure is not None:
            return PartHealth("guidance", PartState.DEGRADED, False, (*health.detail, failure, WORDS_ALONE))
        by = Message("Found by words and by meaning ({model}).", {"model": self._embedder.model})
        return PartHealth("guidance", health.state, False, (*health.detail, by))

    @property
    def failure(self) -> GuidanceError | None:
        """Why the model does not take part just now."""
        return self._failure

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """The passages for a summary, best first. Blocking, for about `QUERY_TIMEOUT_S` at the most. Any thread."""
        meaning = self.meaning(request.summary)
        if meaning is None:
            return self.index.assist(request)
        scores = self.index.scores(request.summary)
        by_words = [number for number, _score in scores.ranked(MOST_RANKED)]
        return self.index.answer(request, fused(by_words, meaning, request.max_documents), scores.query)

    def meaning(self, summary: str) -> Meaning | None:
        """What the model finds; None for an empty query, and while the model fails. Blocking."""
        if not summary.strip() or self._clock.monotonic() < self._paused_until:
            return None
        try:
            query = self._embedder.embed([summary], QUERY_TIMEOUT_S)[0]
            if len(query) != self._vectors.shape[1]:
                reason = Message("the length of its vectors changes")
                raise GuidanceAnswerInvalid(address=self._embedder.model, reason=reason)
        except GuidanceError as error:
            self._failure, self._paused_until = error, self._clock.monotonic() + PAUSE_S
            return None
        self._failure = None
        similarity = self._vectors @ query
        nearest = np.argsort(-similarity, kind="stable")[:MOST_RANKED]
        return Meaning(tuple(int(i) for i in nearest), similarity)


def fused(by_words: Sequence[int], meaning: Meaning, most: int) -> list[tuple[int, float]]:
    """The entries (number and score) of both rankings, best first."""
    return reciprocal_rank_fusion([by_words, meaning.ranking])[:most]
