"""A retrieval server of somebody else's: strict about its schema, as FastAPI is, and unwell in every way when told."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StrictStr

from tests.support.served import served

DOCUMENTS = [
    {"title": "환불 절차", "snippet": "사흘 안에 환불한다.", "score": 3.5, "source": "refund.md#1"},
    {"title": "Refunds", "snippet": "Within three days.", "score": 1, "source": "refund.md#2"},
]


class RagAssistRequest(BaseModel):
    """The request as the first report's server had it; anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    summary: StrictStr
    include_documents: StrictBool
    max_documents: StrictInt


@dataclass
class RetrievalServer:
    """`answer`, where there is one, is what the next questions get instead of passages."""

    address: str = ""
    key: str = ""
    answer: Callable[[], Response] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        # Not in a worker thread: a slow answer is streamed.
        @app.post("/api/rag/assist")
        async def assist(question: RagAssistRequest, request: Request) -> Response:
            self.asked.append(question.model_dump())
            self.headers.append(dict(request.headers))
            if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
                return JSONResponse({"detail": "Invalid token"}, 401)
            if self.answer is not None:
                return self.answer()
            documents = DOCUMENTS[: question.max_documents] if question.include_documents else []
            return JSONResponse({"guidance": "사흘 안에 환불한다.", "documents": documents})

        return app


def dripping(seconds: float) -> Response:
    """An answer that goes on arriving, a byte at a time, and is never whole."""

    def bytes_of() -> Iterator[bytes]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            yield b" "
            time.sleep(0.02)

    return StreamingResponse(bytes_of(), media_type="application/json")


def redirecting() -> Response:
    """Somewhere else."""
    return RedirectResponse("http://127.0.0.1:9/api/rag/assist", 307)


@contextmanager
def running_retrieval_server(key: str = "") -> Iterator[RetrievalServer]:
    """The server on a free port, until the block ends."""
    server = RetrievalServer(key=key)
    with served(server.app()) as base:
        server.address = f"{base}/api/rag/assist"
        yield server
