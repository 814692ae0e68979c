"""The route for questions about a call so far."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.access.tokens import LONGEST
from core.api.calls import Id
from core.api.visitors import view_grant
from core.backend import Backend
from core.calls.questions import LONGEST_QUESTION
from core.desk import Desk
from core.model.call import CallId


class NewQuestion(BaseModel):
    """Something that a reader of a call wants to know of it."""

    question: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]


class Evidence(BaseModel):
    """An utterance that an answer rests on."""

    utterance_id: str
    speaker: str
    text: str
    start_s: float
    """On the call's clock."""


class AnswerGiven(BaseModel):
    """An answer. Without text it is what was found without a language model."""

    text: str
    evidence: list[Evidence]
    engine: str
    """`extractive`, or the vendor of the language model."""
    model: str
    took_s: float
    stands_in_for: str
    """Why no model answered, as an error's code; empty where none was asked or one did."""


def question_routes(backend: Callable[[], Backend]) -> APIRouter:
    """The route; a view token, as for the call's stream, says who asks."""
    router = APIRouter()

    @router.post("/calls/{call_id}/questions", responses={403: {"description": "Wrong or expired token."}})
    def ask(call_id: Id, new: NewQuestion, token: Annotated[str, Query(max_length=LONGEST)]) -> AnswerGiven:
        """Answer a question about a call from what was said in it so far. Nothing of it is kept."""
        server = backend()
        grant = view_grant(server, token, call_id)
        report = Desk(server, grant.person).ask(CallId(call_id), new.question)
        return AnswerGiven(
            text=report.answer.text,
            evidence=[
                Evidence(utterance_id=said.id, speaker=said.speaker, text=said.text, start_s=said.start_s)
                for said in report.answer.evidence
            ],
            engine=report.engine,
            model=report.model,
            took_s=report.took_s,
            stands_in_for=report.stands_in_for,
        )

    return router
