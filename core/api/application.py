"""The HTTP application that is mounted at `/api`; `/api/openapi.json` describes it."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel

from core.access.tokens import LONGEST
from core.api.calls import Id, call_routes
from core.api.doctor import doctor_routes
from core.api.errors import answer_error, answer_invalid
from core.api.imports import import_routes
from core.api.legs import leg_routes
from core.api.metrics import metrics_routes
from core.api.paints import paint_routes
from core.api.persona_log import persona_log_routes
from core.api.personas import persona_routes
from core.api.quality import quality_routes
from core.api.questions import question_routes
from core.api.rag import rag_routes
from core.api.rtc_samples import rtc_sample_routes
from core.api.server import server_routes
from core.api.session import session_routes
from core.api.shutdown import ShutdownNotice
from core.api.stream import events
from core.api.supervision import list_events
from core.api.visitors import Visitors, view_grant
from core.backend import Backend
from core.desk import Desk
from core.guest import GuestView
from core.language.catalogue import translator
from core.model.access import Right, SignInMethod
from core.model.call import CallId
from core.model.errors import AccessError, EarshotError
from core.model.health import PartState

PLOTLY_SCRIPT = str(files("plotly") / "package_data" / "plotly.min.js")


class PartReport(BaseModel):
    """One part's state."""

    name: str
    state: PartState
    needed: bool
    detail: str
    """In English, for those who may see the server; empty for others."""


class HealthReport(BaseModel):
    """The server's state: `ok` unless a needed part is down."""

    ok: bool
    parts: list[PartReport]


def create_api(backend: Callable[[], Backend], shutdown: ShutdownNotice) -> FastAPI:
    """The application. `backend` is asked for at every request, because the server opens it after this."""
    api = FastAPI(
        title="Earshot",
        version="1",
        description="What Earshot's pages and its operators ask of the server.",
        docs_url=None,
        redoc_url=None,
    )
    api.add_exception_handler(EarshotError, answer_error)
    api.add_exception_handler(RequestValidationError, answer_invalid)
    visitors = Visitors(backend)
    api.include_router(session_routes(visitors))
    api.include_router(call_routes(visitors))
    api.include_router(leg_routes(visitors))
    api.include_router(rtc_sample_routes(visitors))
    api.include_router(paint_routes(visitors))
    api.include_router(persona_routes(visitors))
    api.include_router(persona_log_routes(visitors))
    api.include_router(doctor_routes(visitors))
    api.include_router(server_routes(visitors))
    api.include_router(metrics_routes(visitors))
    api.include_router(import_routes(visitors))
    api.include_router(question_routes(backend))
    api.include_router(quality_routes(backend))
    api.include_router(rag_routes(visitors))

    @api.get("/health", responses={503: {"model": HealthReport, "description": "A needed part is down."}})
    def health(request: Request, response: Response) -> HealthReport:
        """Each part's state; 503 when a part without which no call works is down."""
        parts = backend().health()
        ok = all(part.state is not PartState.DOWN for part in parts if part.needed)
        response.status_code = 200 if ok else 503
        in_full = _may_see_server(visitors, request)
        return HealthReport(
            ok=ok,
            parts=[
                PartReport(
                    name=part.name,
                    state=part.state,
                    needed=part.needed,
                    detail=part.in_english if in_full else "",
                )
                for part in parts
            ],
        )

    @api.get(
        "/calls/{call_id}/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, 403: {"description": "Wrong or expired token."}},
    )
    def stream(
        call_id: Id,
        token: Annotated[str, Query(max_length=LONGEST)],
        locale: Annotated[str, Query(max_length=20)] = "en",
    ) -> StreamingResponse:
        """What changes in a call, as server-sent events: first everything, then the differences."""
        server = backend()
        grant = view_grant(server, token, call_id)
        if grant.person.method is SignInMethod.LINK:
            guest = GuestView(server, grant)
            snapshot, revision, parts = guest.snapshot, guest.revision, guest.parts
        else:
            desk = Desk(server, grant.person)
            snapshot, revision = partial(desk.snapshot, grant.call_id), partial(desk.revision, grant.call_id)
            parts = desk.health
        return _event_stream(
            events(
                snapshot=snapshot,
                revision=revision,
                parts=parts,
                is_over=lambda: shutdown.is_given or not server.sign_in.is_current(grant.person),
                translate=translator(locale),
                watch=partial(server.watch, CallId(call_id)),
            )
        )

    @api.get(
        "/supervision/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, 403: {"description": "Wrong or expired token."}},
    )
    def supervision_stream(
        token: Annotated[str, Query(max_length=LONGEST)],
        locale: Annotated[str, Query(max_length=20)] = "en",
    ) -> StreamingResponse:
        """All running calls, worst first, as server-sent events: first everything, then the differences."""
        server = backend()
        person = server.tokens.read_overviews_token(token)
        desk = Desk(server, person)
        desk.overviews()
        return _event_stream(
            list_events(
                overviews=desk.overviews,
                revisions=lambda: {call.id: server.revision(call.id) for call in server.calls()},
                is_over=lambda: shutdown.is_given or not server.sign_in.is_current(person),
                translate=translator(locale),
            )
        )

    @api.get("/assets/plotly.min.js", response_class=FileResponse, include_in_schema=False)
    def plotly_script() -> FileResponse:
        """The charting library that the Python package brings, for the live page."""
        return FileResponse(PLOTLY_SCRIPT, headers={"Cache-Control": "public, max-age=86400"})

    return api


def _event_stream(content: AsyncIterator[str]) -> StreamingResponse:
    # Without the second header a proxy would hold events back.
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(content, media_type="text/event-stream", headers=headers)


def _may_see_server(visitors: Visitors, request: Request) -> bool:
    try:
        return visitors.desk(request).may(Right.SEE_SERVER)
    except AccessError:
        return False
