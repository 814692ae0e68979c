"""Routes for the browser's side of a leg."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from core.access.tokens import LONGEST
from core.api.visitors import Visitors
from core.model.errors import CallEnded, CallNotFound


class Leave(BaseModel):
    """A tab says good-bye while it is being closed."""

    token: Annotated[str, Field(max_length=LONGEST, description="The leg's own, which only its page was told.")]


def leg_routes(visitors: Visitors) -> APIRouter:
    """The routes. A leg's token is all the right that they ask for: it ends that leg and nothing else."""
    router = APIRouter()

    @router.post("/legs/leave", status_code=202, responses={403: {"description": "Wrong or expired token."}})
    def leave(going: Leave) -> None:
        """End a leg on purpose; one that has ended already, or was replaced, stays as it is."""
        server = visitors.backend()
        grant = server.tokens.read_leg_token(going.token)
        # A call that is over, or deleted, has no leg to end.
        with suppress(CallNotFound, CallEnded):
            server.leave_leg(grant)

    return router
