"""The retrieval contract, served: `POST /rag/assist` answers from whatever handbook is in use here."""

from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from core.access.visit import BEARER
from core.api.visitors import Visitors
from core.guidance.remote import FORWARDED_HEADER, LONGEST_SUMMARY
from core.model.errors import GuidanceLoop
from core.model.passage import MOST_DOCUMENTS, GuidanceRequest
from core.settings import Settings


class Question(BaseModel):
    """What is asked. Other fields, and values of another kind, are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    summary: Annotated[
        str, Field(max_length=LONGEST_SUMMARY, description="What the call is about, in Korean or English.")
    ]
    include_documents: Annotated[bool, Field(description="Whether the passages are wanted, or the guidance alone.")] = (
        True
    )
    max_documents: Annotated[int, Field(ge=1, le=MOST_DOCUMENTS)] = 5


class Document(BaseModel):
    """A passage of the handbook."""

    title: str
    snippet: str
    score: float
    """Higher is better; comparable within one answer only."""
    source: str


class Answer(BaseModel):
    """What was found, best first; empty where the handbook has nothing on it."""

    guidance: str
    documents: list[Document]


def rag_routes(visitors: Visitors) -> APIRouter:
    """The route. Signed-in people with the right may ask, and servers that hold `EARSHOT_GUIDANCE_TOKEN`."""
    router = APIRouter()

    @router.post("/rag/assist", responses={401: {"description": "Nobody is signed in, and no token was sent."}})
    def assist(
        question: Question,
        request: Request,
        forwarded: Annotated[str, Header(alias=FORWARDED_HEADER, max_length=20)] = "",
    ) -> Answer:
        """Ask the handbook what a call is about."""
        server = visitors.backend()
        handbook = server.guidance if holds_token(request, server.settings) else visitors.desk(request).handbook()
        if forwarded and handbook.remote_address:
            raise GuidanceLoop
        found = handbook.ask(
            GuidanceRequest(
                summary=question.summary,
                include_documents=question.include_documents,
                max_documents=question.max_documents,
            )
        )
        documents = [
            Document(title=each.title, snippet=each.snippet, score=each.score, source=each.source)
            for each in found.documents
        ]
        return Answer(guidance=found.guidance, documents=documents)

    return router


def holds_token(request: Request, settings: Settings) -> bool:
    """Whether a request brings the token for servers."""
    sent, token = request.headers.get("authorization", ""), settings.guidance_token
    if token is None or not sent.lower().startswith(BEARER):
        return False
    return compare_digest(sent[len(BEARER) :].strip().encode(), token.get_secret_value().encode())
