"""The route for the points of a stretch of a call's charts, which the Quality page asks for when one zooms in."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from core.access.tokens import LONGEST
from core.api.calls import Id
from core.api.visitors import view_grant
from core.backend import Backend
from core.desk import Desk
from core.model.call import CallId
from core.quality.figures import FIELDS, with_scores
from core.quality.lines import lines

LATEST_S = 7 * 24 * 3600.0
MOST_POINTS = 2_000
BEFORE_S = 60.0
"""So much before the stretch is read with it: a report of the far end, or a round-trip time, may hold into it."""

Second = Annotated[float, Query(ge=0, le=LATEST_S, allow_inf_nan=False)]


class LinePoints(BaseModel):
    """One line's points; a `None` is a gap."""

    x: list[float]
    """Seconds on the call's clock."""
    y: list[float | None]


class WindowPoints(BaseModel):
    """The lines of a stretch, each by leg, direction, vantage and figure, parted by `|`."""

    lines: dict[str, LinePoints]
    damaged: list[str]
    """Sample files that could not be read."""


def quality_routes(backend: Callable[[], Backend]) -> APIRouter:
    """The route; a view token, as for the call's stream, says who asks."""
    router = APIRouter()

    @router.get("/calls/{call_id}/quality", responses={403: {"description": "Wrong or expired token."}})
    def window(
        call_id: Id,
        token: Annotated[str, Query(max_length=LONGEST)],
        since: Second,
        until: Second,
        points: Annotated[int, Query(ge=10, le=MOST_POINTS)] = 600,
    ) -> WindowPoints:
        """What was measured between two seconds of a call's clock, in about as many points a line, with every peak."""
        server = backend()
        grant = view_grant(server, token, call_id)
        stored = Desk(server, grant.person).quality(CallId(call_id), (max(0.0, since - BEFORE_S), until)).stored
        scored = with_scores(stored.frame)
        drawn = lines(scored[scored["at_s"] >= since], FIELDS, points)
        return WindowPoints(
            lines={line.key: LinePoints(x=list(line.at_s), y=list(line.values)) for line in drawn},
            damaged=list(stored.damaged),
        )

    return router
