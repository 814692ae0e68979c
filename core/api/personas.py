"""Routes for those who talk with a persona, and for those who look at its session."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from core.access.tokens import LONGEST
from core.api.calls import Id
from core.api.visitors import Visitors, client_address, view_grant
from core.calls.personas import LONGEST_TEXT
from core.desk import Desk
from core.guest import Guest
from core.model.call import CallId
from core.model.errors import LinkExpired, LinkInvalid

MessageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Token = Annotated[str, Query(max_length=LONGEST, description="A page's view token, or a join link's.")]


class TypedText(BaseModel):
    """Something said to a persona in writing."""

    text: Annotated[str, Field(min_length=1, max_length=4 * LONGEST_TEXT)]
    id: Annotated[
        MessageId | None, Field(description="Chosen by the sender: the same one again is not said twice.")
    ] = None


def persona_routes(visitors: Visitors) -> APIRouter:
    """The routes. A page's view token or a join link says who asks; without one it is whoever is signed in."""
    router = APIRouter(responses={403: {"description": "Wrong or expired token, or no right."}})

    def talker(call_id: Id, request: Request, token: Token = "") -> Desk | Guest:
        server = visitors.backend()
        if not token:
            return visitors.changing_desk(request)
        try:
            grant = view_grant(server, token, call_id)
        except LinkExpired:
            raise
        except LinkInvalid:
            guest = Guest(server, token, client_address(request))
            if guest.call_id != call_id:
                raise
            return guest
        return Desk(server, grant.person, client_address(request))

    Talking = Annotated[Desk | Guest, Depends(talker)]

    @router.post("/calls/{call_id}/persona/text", status_code=202)
    def write(call_id: Id, typed: TypedText, who: Talking) -> None:
        """Say something to the persona in writing."""
        who.type_to_persona(CallId(call_id), typed.text, typed.id or "")

    @router.post("/calls/{call_id}/persona/interrupt", status_code=202)
    def interrupt(call_id: Id, who: Talking) -> None:
        """Let the persona be quiet."""
        who.interrupt_persona(CallId(call_id))

    @router.get("/calls/{call_id}/persona/events", response_class=Response)
    def events(call_id: Id, desk: Annotated[Desk, Depends(visitors.desk)]) -> Response:
        """The last events of the persona's session in both directions, without sound, one JSON object a line."""
        export = desk.export_persona_events(CallId(call_id))
        return Response(
            export.content,
            media_type=export.media_type,
            headers={"Content-Disposition": f'attachment; filename="{export.name}"'},
        )

    return router
