"""The HTTP application that is mounted at `/api`; FastAPI documents it at `/api/docs`."""

from collections.abc import Callable
from importlib.resources import files
from statistics import median
from typing import Annotated

from fastapi import FastAPI, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel

from core.api.errors import answer_error
from core.api.shutdown import ShutdownNotice
from core.api.stream import events
from core.backend import Backend
from core.model.call import CallId
from core.model.errors import EarshotError, LinkInvalid
from core.model.health import PartState

PLOTLY_SCRIPT = str(files("plotly") / "package_data" / "plotly.min.js")


class PartReport(BaseModel):
    """One part's state."""

    name: str
    state: PartState
    needed: bool
    detail: str


class HealthReport(BaseModel):
    """The server's state: `ok` unless a needed part is down."""

    ok: bool
    parts: list[PartReport]


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
    """What every bounded queue dropped and every guard caught, since the process started."""


def create_api(backend: Callable[[], Backend], shutdown: ShutdownNotice) -> FastAPI:
    """The application. `backend` is asked for at every request, because the server opens it after this."""
    api = FastAPI(title="Earshot", version="1", description="What Earshot's pages and its operators ask of the server.")
    api.add_exception_handler(EarshotError, answer_error)

    @api.get("/health", responses={503: {"model": HealthReport, "description": "A needed part is down."}})
    def health(response: Response) -> HealthReport:
        """Each part's state; 503 when a part without which no call works is down."""
        parts = backend().health()
        ok = all(part.state is not PartState.DOWN for part in parts if part.needed)
        response.status_code = 200 if ok else 503
        return HealthReport(
            ok=ok,
            parts=[PartReport(name=p.name, state=p.state, needed=p.needed, detail=p.detail) for p in parts],
        )

    @api.get("/load")
    def load() -> LoadReport:
        """How busy the media process is, and whether anything was dropped."""
        loads = backend().loads()
        if not loads:
            nothing = dict.fromkeys(("legs", "cpu_pct", "loop_lag_p50_ms", "loop_lag_p99_ms", "loop_lag_worst_ms"))
            return LoadReport(seconds=0, dropped={}, **nothing)
        return LoadReport(
            seconds=len(loads),
            legs=loads[-1].legs,
            cpu_pct=median(each.cpu_pct for each in loads),
            loop_lag_p50_ms=median(each.loop_lag_p50_ms for each in loads),
            loop_lag_p99_ms=median(each.loop_lag_p99_ms for each in loads),
            loop_lag_worst_ms=max(each.loop_lag_p99_ms for each in loads),
            dropped=dict(loads[-1].dropped),
        )

    @api.get(
        "/calls/{call_id}/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, 403: {"description": "Wrong or expired token."}},
    )
    def stream(call_id: str, token: Annotated[str, Query(max_length=512)]) -> StreamingResponse:
        """What changes in a call, as server-sent events: first everything, then the differences."""
        server = backend()
        if server.read_view_token(token) != call_id:
            raise LinkInvalid
        call = CallId(call_id)
        return StreamingResponse(
            events(
                snapshot=lambda: server.snapshot(call),
                revision=lambda: server.revision(call),
                parts=server.health,
                is_shutting_down=lambda: shutdown.is_given,
            ),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    @api.get("/assets/plotly.min.js", response_class=FileResponse, include_in_schema=False)
    def plotly_script() -> FileResponse:
        """The charting library that the Python package brings, for the live page."""
        return FileResponse(PLOTLY_SCRIPT, headers={"Cache-Control": "public, max-age=86400"})

    return api
