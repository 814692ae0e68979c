"""Texts as vectors, from any server that speaks OpenAI's `POST /v1/embeddings`.

Protocol: `{"model", "input": [text, ...], "encoding_format": "float"}` gives `{"data": [{"index", "embedding"}, ...]}`
(OpenAI API reference, "Create embeddings").
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.guidance.json_server import JsonServer, ServerAddress
from core.model.message import Message

Vectors = NDArray[np.float32]
"""A row a text, each of length 1, so that the product of two rows is their cosine."""

LARGEST_ANSWER_MB = 32.0
MOST_DIMENSIONS = 16_384
_WRONG_COUNT = Message("it does not hold one vector for each text")
_NO_VECTORS = Message("it holds something other than vectors of numbers")


class Embedder(Protocol):
    """Turns texts into vectors that are near where their meanings are."""

    model: str

    def embed(self, texts: Sequence[str], timeout_s: float) -> Vectors:
        """A row for each text. Blocking, for about the time limit at the most. Raises GuidanceError."""

    def close(self) -> None:
        """Let go of what it holds; idempotent."""


class EmbeddingServer:
    """Implements `Embedder`. Any thread, several at once."""

    def __init__(self, url: str, model: str, key: str) -> None:
        """`url` is the API's base, such as `https://api.openai.com/v1`."""
        settings = "EARSHOT_EMBEDDING_URL, EARSHOT_EMBEDDING_MODEL"
        address = ServerAddress(f"{url.rstrip('/')}/embeddings", key, settings, "EARSHOT_EMBEDDING_KEY")
        self.model = model
        self._server = JsonServer(address)

    def embed(self, texts: Sequence[str], timeout_s: float) -> Vectors:
        """A row for each text. Blocking. Raises GuidanceError, each failure by its name."""
        # A browser may have sent half of a surrogate pair, which no server takes.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        question = {"model": self.model, "input": clean, "encoding_format": "float"}
        body = self._server.ask(question, timeout_s, LARGEST_ANSWER_MB)
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, list) or len(data) != len(clean):
            raise self._server.unusable(_WRONG_COUNT)
        rows: dict[int, list[Any]] = {}
        for place, each in enumerate(data):
            index, row = (each.get("index", place), each.get("embedding")) if isinstance(each, dict) else (None, None)
            if not isinstance(index, int) or not isinstance(row, list):
                raise self._server.unusable(_NO_VECTORS)
            rows[index] = row
        if set(rows) != set(range(len(clean))):
            raise self._server.unusable(_WRONG_COUNT)
        return self._unit([rows[place] for place in range(len(clean))])

    def close(self) -> None:
        """End its connections; idempotent."""
        self._server.close()

    def _unit(self, rows: list[list[Any]]) -> Vectors:
        try:
            vectors = np.asarray(rows, dtype=np.float32)
        except (ValueError, TypeError, OverflowError) as error:
            raise self._server.unusable(_NO_VECTORS) from error
        if vectors.ndim != 2 or not 0 < vectors.shape[1] <= MOST_DIMENSIONS or not np.isfinite(vectors).all():
            raise self._server.unusable(_NO_VECTORS)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
