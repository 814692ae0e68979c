"""The embedded index: the handbook of this machine, asked without any server."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.guidance.bm25_index import Bm25Index
from core.guidance.excerpt import excerpt, sentences
from core.guidance.knowledge import Entry, Knowledge, language_of, read_knowledge
from core.guidance.terms import Terms
from core.model.health import PartHealth, PartState
from core.model.passage import GuidanceAnswer, GuidanceRequest, Passage

TITLE_WEIGHT = 2.0
ALIAS_WEIGHT = 2.0
BODY_WEIGHT = 1.0
OTHER_LANGUAGE = 0.5
"""What a score is worth where the entry's language is not the query's."""
LEAST_SHARE = 0.15
"""Passages with less than this share of the best one's score are left out: they would only distract."""
GUIDANCE_CHARACTERS = 160


class EmbeddedRetriever:
    """Implements `core.guidance.retriever.Retriever` over the entries of a folder. Immutable; any thread."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._entries = knowledge.entries
        self._terms = Terms(knowledge.synonyms)
        self._fields = (
            (TITLE_WEIGHT, Bm25Index([self._terms.of(e.title) for e in self._entries])),
            (ALIAS_WEIGHT, Bm25Index([self._terms.of(", ".join(e.aliases)) for e in self._entries])),
            (BODY_WEIGHT, Bm25Index([self._terms.of(e.body) for e in self._entries])),
        )
        self._is_korean = np.array([e.language == "ko" for e in self._entries])

    @classmethod
    def load(cls, directory: Path) -> "EmbeddedRetriever":
        """Read and index a folder; seconds for thousands of entries. Raises KnowledgeMissing."""
        return cls(read_knowledge(directory))

    @property
    def health(self) -> PartHealth:
        """How many entries there are, and which files were left out."""
        left_out = self._knowledge.left_out
        return PartHealth(
            name="guidance",
            state=PartState.DEGRADED if left_out else PartState.UP,
            needed=False,
            detail=" ".join([f"{len(self._entries)} entries of the handbook.", *map(str, left_out)]),
        )

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """The passages for a summary, best first; none where no word of it is known. Any thread; milliseconds."""
        query = self._terms.of(request.summary)
        best = self._best(query, request)
        passages = tuple(
            Passage(entry.title, excerpt(sentences(entry.body), query, self._terms), round(score, 3), entry.source)
            for entry, score in best
        )
        guidance = ""
        if best:
            guidance = excerpt(sentences(best[0][0].body), query, self._terms, GUIDANCE_CHARACTERS)
        return GuidanceAnswer(guidance, passages if request.include_documents else ())

    def _best(self, query: Sequence[str], request: GuidanceRequest) -> list[tuple[Entry, float]]:
        if not query:
            return []
        unique = list(dict.fromkeys(query))
        scores = sum(weight * index.scores(unique) for weight, index in self._fields)
        is_korean = language_of(request.summary) == "ko"
        scores = np.asarray(scores) * np.where(self._is_korean == is_korean, 1.0, OTHER_LANGUAGE)
        order = np.argsort(-scores, kind="stable")[: max(1, request.max_documents)]
        least = max(1e-9, LEAST_SHARE * float(scores[order[0]]))
        return [(self._entries[i], float(scores[i])) for i in order if scores[i] >= least]
