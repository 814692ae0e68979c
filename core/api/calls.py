"""Routes about calls: what the pages can do, for programs."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from core.api.visitors import Visitors
from core.calls.export import ExportFormat
from core.desk import Desk
from core.model.archive import CallPage, CallQuery
from core.model.call import Call, CallId, CallState
from core.model.insight import Summary
from core.model.utterance import Utterance

LARGEST_MOMENT = 4e9
"""Seconds since the Unix epoch that a date may be at most: in the next century."""
LARGEST_OFFSET = 10_000_000

Moment = Annotated[float | None, Query(ge=0, le=LARGEST_MOMENT, description="Seconds since the Unix epoch.")]
Words = Annotated[str, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
UtteranceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,96}$")]


class NewCall(BaseModel):
    """A call to be begun."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class NewText(BaseModel):
    """What an utterance shall read."""

    text: Annotated[str, Field(min_length=1, max_length=4_000)]


@dataclass(frozen=True, slots=True)
class CallReport:
    """A call with what was said and what it was about."""

    call: Call
    utterances: tuple[Utterance, ...]
    summaries: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class JoinLink:
    """A link with which a customer joins."""

    path: str
    """Below this server's address."""


def call_routes(visitors: Visitors) -> APIRouter:
    """The routes. Each asks the desk of whoever sent the request, which holds the rights."""
    router = APIRouter()

    @router.get("/calls")
    def find_calls(
        desk: Annotated[Desk, Depends(visitors.desk)],
        since: Moment = None,
        until: Moment = None,
        participant: Words = "",
        language: Words = "",
        state: CallState | None = None,
        text: Words = "",
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> CallPage:
        """The calls that fit, newest first."""
        return desk.search(
            CallQuery(
                since=since,
                until=until,
                participant=participant,
                language=language,
                state=state,
                text=text,
                limit=limit,
                offset=offset,
            )
        )

    @router.post("/calls", status_code=201)
    def begin_call(new: NewCall, desk: Annotated[Desk, Depends(visitors.changing_desk)]) -> Call:
        """Begin a call between people."""
        return desk.start_call(new.language)

    @router.get("/calls/{call_id}")
    def read_call(call_id: Id, desk: Annotated[Desk, Depends(visitors.desk)]) -> CallReport:
        """One call, running or ended."""
        picture = desk.snapshot(CallId(call_id))
        return CallReport(call=picture.call, utterances=picture.utterances, summaries=picture.summaries)

    @router.get("/calls/{call_id}/export", response_class=Response)
    def export_call(
        call_id: Id,
        desk: Annotated[Desk, Depends(visitors.desk)],
        format: ExportFormat = ExportFormat.JSON,
        locale: Annotated[str, Query(pattern=r"^(ko|en)$", description="Language of a report.")] = "en",
    ) -> Response:
        """One call as a file: JSON, CSV, WebVTT or an HTML report; its RTP figures as Parquet or CSV."""
        export = desk.export(CallId(call_id), format, locale)
        return Response(
            export.content,
            media_type=export.media_type,
            headers={"Content-Disposition": f'attachment; filename="{export.name}"'},
        )

    @router.post("/calls/{call_id}/end", status_code=202)
    def end_call(call_id: Id, desk: Annotated[Desk, Depends(visitors.changing_desk)]) -> None:
        """End a call for everybody in it."""
        desk.end_call(CallId(call_id))

    @router.post("/calls/{call_id}/links", status_code=201)
    def make_link(call_id: Id, desk: Annotated[Desk, Depends(visitors.changing_desk)]) -> JoinLink:
        """A link for a customer."""
        return JoinLink(path=f"/join?t={desk.join_token(CallId(call_id))}")

    @router.patch("/calls/{call_id}/utterances/{utterance_id}")
    def correct(
        call_id: Id, utterance_id: UtteranceId, new: NewText, desk: Annotated[Desk, Depends(visitors.changing_desk)]
    ) -> Utterance:
        """Let an utterance read differently; the original is kept."""
        return desk.correct(CallId(call_id), utterance_id, new.text)

    @router.delete("/calls/{call_id}", status_code=204)
    def delete_call(call_id: Id, desk: Annotated[Desk, Depends(visitors.changing_desk)]) -> None:
        """Delete everything that is kept of a call that has ended."""
        desk.delete_call(CallId(call_id))

    return router
