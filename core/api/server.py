"""Routes about the server itself: who did what, what is in force, how busy it is."""

from statistics import median
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from core.api.calls import Limit, Moment, Offset, Words
from core.api.visitors import Visitors
from core.desk import Desk
from core.model.audit import AuditAction, AuditEntry, AuditQuery
from core.settings.report import SettingLine


class NewToken(BaseModel):
    """A token to be made."""

    name: Annotated[str, Field(pattern=r"^[\w .-]{1,40}$", description="Tells one's tokens apart in the audit log.")]
    hours: Annotated[float, Field(gt=0, le=24 * 366)] = 8.0


class TokenReport(BaseModel):
    """A token that was made."""

    token: str


class LoadReport(BaseModel):
    """The media process over the last minute. All figures are missing until it has reported."""

    seconds: int
    legs: int | None
    cpu_pct: float | None
    """Median, in percent of one core."""
    loop_lag_p50_ms: float | None
    """Median of the seconds' medians."""
    loop_lag_p99_ms: float | None
    """Median of the seconds' 99th percentiles."""
    loop_lag_worst_ms: float | None
    dropped: dict[str, int]
    """What every bounded queue dropped and every guard caught, since the process started; and how many reports of
    browsers were turned away, since the server did."""


def server_routes(visitors: Visitors) -> APIRouter:
    """The routes. Each asks the desk of whoever sent the request, which holds the rights."""
    router = APIRouter()

    @router.get("/audit")
    def read_audit(
        desk: Annotated[Desk, Depends(visitors.desk)],
        since: Moment = None,
        until: Moment = None,
        action: AuditAction | None = None,
        person: Words = "",
        subject: Words = "",
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> list[AuditEntry]:
        """Lines of the audit log, newest first."""
        query = AuditQuery(
            since=since, until=until, action=action, person=person, subject=subject, limit=limit, offset=offset
        )
        return list(desk.audit(query))

    @router.get("/settings")
    def read_settings(desk: Annotated[Desk, Depends(visitors.desk)]) -> list[SettingLine]:
        """Every setting, its value (secrets masked) and where it came from."""
        return list(desk.settings_report())

    @router.post("/tokens", status_code=201)
    def make_token(new: NewToken, desk: Annotated[Desk, Depends(visitors.changing_desk)]) -> TokenReport:
        """A token for a program that uses this API in one's name: `Authorization: Bearer TOKEN`. It is shown once."""
        return TokenReport(token=desk.make_api_token(new.hours, new.name))

    @router.get("/load")
    def load(desk: Annotated[Desk, Depends(visitors.desk)]) -> LoadReport:
        """How busy the media process is, and whether anything was dropped."""
        loads, refused = desk.loads(), visitors.backend().browser_intake.refused
        if not loads:
            nothing = dict.fromkeys(("legs", "cpu_pct", "loop_lag_p50_ms", "loop_lag_p99_ms", "loop_lag_worst_ms"))
            return LoadReport(seconds=0, dropped=refused, **nothing)
        return LoadReport(
            seconds=len(loads),
            legs=loads[-1].legs,
            cpu_pct=median(each.cpu_pct for each in loads),
            loop_lag_p50_ms=median(each.loop_lag_p50_ms for each in loads),
            loop_lag_p99_ms=median(each.loop_lag_p99_ms for each in loads),
            loop_lag_worst_ms=max(each.loop_lag_p99_ms for each in loads),
            dropped=refused | dict(loads[-1].dropped),
        )

    return router
