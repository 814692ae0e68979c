"""A server that speaks OpenAI's embeddings protocol; texts that share a meaning it was told of get near vectors."""

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from tests.support.served import served

DIMENSIONS = 32


@dataclass
class EmbeddingsServer:
    """`meanings` maps words to a meaning: a text's vector is the sum of those it holds, and a little of its own.

    The same text always has the same vector.
    """

    meanings: Mapping[str, str]
    base: str = ""
    key: str = ""
    dimensions: int = DIMENSIONS
    status: int = 200
    silence: threading.Event = field(default_factory=threading.Event)
    """Cleared, nothing is answered until it is set."""
    answer: Callable[[], Response] | None = None
    """What is answered instead, where there is one."""
    asked: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.silence.set()

    def vector(self, text: str) -> list[float]:
        """A text's vector, of no particular length."""
        parts = [(0.05, text)] + [(1.0, meaning) for word, meaning in self.meanings.items() if word in text]
        rows = [[weight * number for number in _numbers(seed, self.dimensions)] for weight, seed in parts]
        return [sum(column) for column in zip(*rows, strict=True)]

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/embeddings")
        def embed(body: dict[str, Any], request: Request) -> Response:
            texts = body["input"]
            self.asked.append(texts)
            self.silence.wait(10)
            if self.answer is not None:
                return self.answer()
            if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
                return JSONResponse(
                    {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, 401
                )
            if body.get("encoding_format") != "float" or self.status != 200:
                return JSONResponse({"error": {"message": "something is wrong"}}, max(self.status, 400))
            data = [{"object": "embedding", "index": i, "embedding": self.vector(text)} for i, text in enumerate(texts)]
            # The protocol gives each vector its number; it does not promise their order.
            return JSONResponse({"object": "list", "model": body["model"], "data": data[::-1]})

        return app


def _numbers(seed: str, count: int) -> list[float]:
    chance = random.Random(hashlib.sha256(seed.encode()).hexdigest())
    return [chance.gauss(0, 1) for _ in range(count)]


@contextmanager
def running_embeddings_server(meanings: Mapping[str, str], key: str = "") -> Iterator[EmbeddingsServer]:
    """The server on a free port, until the block ends. `base` is the API's base."""
    server = EmbeddingsServer(meanings, key=key)
    with served(server.app()) as address:
        server.base = f"{address}/v1"
        yield server
        server.silence.set()
