"""What live pages have painted: the end of a turn's way, which only the browser knows."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.access.tokens import LONGEST
from core.api.calls import Id
from core.api.visitors import Visitors, view_grant
from core.desk import Desk
from core.model.call import CallId
from core.model.turn_trace import Paint, Step

MOST_PAINTS = 64
"""A page tells at most once a second, and no call has more to paint in one."""
LONGEST_AGO_MS = 60_000
UtteranceKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,96}$")]


class Painting(StrEnum):
    """What was painted."""

    TEXT = "text"
    SUMMARY = "summary"
    PASSAGES = "passages"


STEPS = {
    Painting.TEXT: Step.TEXT_PAINTED,
    Painting.SUMMARY: Step.SUMMARY_PAINTED,
    Painting.PASSAGES: Step.PASSAGES_PAINTED,
}


class PaintedOne(BaseModel):
    """A final text, a summary or passages that are on the screen."""

    what: Painting
    utterance: Annotated[
        UtteranceKey,
        Field(description="The utterance, or the last one that the summary, or the passages' summary, had seen."),
    ]
    ago_ms: Annotated[
        float,
        Field(ge=0, le=LONGEST_AGO_MS, description="How long ago, by the browser's own steady clock."),
    ]


class PaintReport(BaseModel):
    """What a page has painted since it last told so."""

    painted: Annotated[list[PaintedOne], Field(min_length=1, max_length=MOST_PAINTS)]


def paint_routes(visitors: Visitors) -> APIRouter:
    """The route. The token of a call's stream is all the right that it asks for."""
    router = APIRouter()

    @router.post(
        "/calls/{call_id}/paints",
        status_code=202,
        responses={403: {"description": "Wrong or expired token."}, 404: {"description": "There is no such call."}},
    )
    def painted(call_id: Id, report: PaintReport, token: Annotated[str, Query(max_length=LONGEST)]) -> None:
        """Take down what a page has painted.

        The moment is that of the request's arrival less the age that the browser measured, so no browser's wall clock
        is trusted. It is late by the request's own way to the server (some milliseconds nearby, half a round trip plus
        the wait for a free worker otherwise), never early.
        """
        server = visitors.backend()
        grant = view_grant(server, token, call_id)
        paints = [Paint(STEPS[each.what], each.utterance, each.ago_ms / 1000.0) for each in report.painted]
        Desk(server, grant.person).painted(CallId(call_id), paints)

    return router
