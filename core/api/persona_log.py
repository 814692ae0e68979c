"""The route by which the event log's page asks for what is new in a persona's session."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from core.access.tokens import LONGEST
from core.api.calls import Id
from core.api.visitors import Visitors, view_grant
from core.desk import Desk
from core.model.call import CallId, CallState
from core.model.persona import SessionEvent

LARGEST_NUMBER = 2**53


class LoggedEvent(BaseModel):
    """One event, without its sound."""

    number: int
    connection: int
    at: Annotated[float, Field(description="Seconds since the Unix epoch.")]
    direction: str
    type: str
    times: Annotated[int, Field(description="How many like it in a row it stands for (sound only).")]
    body: dict[str, Any]


class LoggedEvents(BaseModel):
    """The events from a number on, oldest first."""

    events: list[LoggedEvent]
    first: Annotated[int | None, Field(description="The number of the oldest that is kept; those before are gone.")]
    is_over: Annotated[bool, Field(description="The call has ended: nothing will come any more.")]


def persona_log_routes(visitors: Visitors) -> APIRouter:
    """The route. The token of a call's page says who asks; the desk holds the rights."""
    router = APIRouter()

    @router.get(
        "/calls/{call_id}/persona/log",
        responses={403: {"description": "Wrong or expired token, or no right."}},
    )
    def log(
        call_id: Id,
        token: Annotated[str, Query(max_length=LONGEST)],
        since: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="The first number that is wanted.")] = 0,
    ) -> LoggedEvents:
        """What a session and its provider have sent each other. The last event that was told may have grown since:
        sound after sound of one kind is one event."""
        server = visitors.backend()
        grant = view_grant(server, token, call_id)
        desk = Desk(server, grant.person)
        # Asked before the events: what a call does at its very end is then among them.
        is_over = server.call(CallId(call_id)).state is CallState.ENDED
        kept = desk.persona_events(CallId(call_id))
        return LoggedEvents(
            events=[_logged(each) for each in kept if each.number >= since],
            first=kept[0].number if kept else None,
            is_over=is_over,
        )

    return router


def _logged(event: SessionEvent) -> LoggedEvent:
    return LoggedEvent(
        number=event.number,
        connection=event.connection,
        at=round(event.at, 3),
        direction=event.direction.value,
        type=event.type,
        times=event.times,
        body=dict(event.body),
    )
