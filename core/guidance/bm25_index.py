"""BM25 over one field of all entries. Only home of bm25s.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the variant is Lucene's.
"""

from collections.abc import Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.5
"""Entries are of similar length, so length counts for less than in web pages."""


class Bm25Index:
    """An index over lists of terms. Immutable; any thread."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._size = len(documents)
        self._vocabulary = {term: i for i, term in enumerate(sorted({t for d in documents for t in d}))}
        self._index: bm25s.BM25 | None = None
        if self._vocabulary:
            self._index = bm25s.BM25(method="lucene", k1=K1, b=B)
            numbers = [[self._vocabulary[term] for term in document] for document in documents]
            self._index.index((numbers, self._vocabulary), show_progress=False)

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """Each document's score for the terms; 0 where none occurs."""
        known = [self._vocabulary[term] for term in terms if term in self._vocabulary]
        if self._index is None or not known:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._index.get_scores_from_ids(known), dtype=np.float32)
