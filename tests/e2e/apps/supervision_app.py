"""The Supervisor page on fifty calls of a fake backend, which the test changes with POST /act/STEP."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from core import backend
from core.api.application import create_api
from core.model.access import Person
from core.model.call import CallId, CallState, EndReason, LegState, Role
from core.model.text_alert import AlertLevel
from tests.fakes.page_backend import STARTED, FakeTokens, PageBackend, text_alert
from tests.fakes.running_calls import at_trouble, many_calls, saying

ROOT = Path(__file__).resolve().parents[3]
FIRST, LAST = CallId("call-01"), CallId("call-50")
server = PageBackend()


class CountedTokens(FakeTokens):
    """Counts the runs of the page that shows a call: each asks once."""

    runs = 0

    def view_token(self, call_id: CallId, person: Person) -> str:
        self.runs += 1
        return super().view_token(call_id, person)


server.tokens = tokens = CountedTokens(server)


class Line:
    """Whether streams reach the browser; has what the API asks of a `ShutdownNotice`."""

    is_given = False


line = Line()


def reset() -> None:
    """Fifty calls, some of them in trouble."""
    server.snapshots.clear()
    for snapshot in many_calls(50, time.time()):
        server.put(snapshot)
    line.is_given = False


reset()


def worsen() -> None:
    """The call at the list's end loses its sound."""
    server.change(LAST, quality=at_trouble(server.snapshots[LAST].call).quality)


def speak() -> None:
    """The first call's customer says something."""
    server.change(FIRST, utterances=(saying(server.snapshots[FIRST].call, "한 번 더 확인해 주세요. <b>꼭</b>이요."),))


def speak_all() -> None:
    """Somebody says something in every call."""
    for snapshot in tuple(server.snapshots.values()):
        text = f"{snapshot.revision + 1}번째로 한 말입니다."
        server.change(snapshot.call.id, utterances=(saying(snapshot.call, text),))


def alarm() -> None:
    """Rules find something critical in the call at the list's end, and less in the one before it."""
    server.change(LAST, text_alerts=(text_alert("cancel", AlertLevel.CRITICAL, notify=True),))
    server.change(CallId("call-49"), text_alerts=(text_alert("refund", AlertLevel.WARNING),))


def lose() -> None:
    """The customer of the call at the list's end loses the connection."""
    call = server.snapshots[LAST].call
    people = tuple(replace(p, leg_state=LegState.LOST) if p.role is Role.CUSTOMER else p for p in call.participants)
    server.change(LAST, call=replace(call, participants=people))


def end() -> None:
    """The first call is over."""
    call = server.snapshots[FIRST].call
    over = replace(call, state=CallState.ENDED, ended_at=STARTED + 80, end_reason=EndReason.HUNG_UP)
    server.change(FIRST, call=over)


def cut(is_cut: bool) -> None:
    """Break every stream, and the ones that are tried from now on; or mend that."""
    line.is_given = is_cut


STEPS: dict[str, Callable[[], None]] = {
    "reset": reset,
    "none": server.snapshots.clear,
    "worsen": worsen,
    "alarm": alarm,
    "speak": speak,
    "speak_all": speak_all,
    "lose": lose,
    "end": end,
    "cut": lambda: cut(True),
    "mend": lambda: cut(False),
}


async def act(request: Request) -> Response:
    """Take one step."""
    STEPS[request.path_params["step"]]()
    return Response(status_code=204)


async def runs(_: Request) -> Response:
    """How often the page has run so far while it showed a call."""
    return Response(str(tokens.runs))


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Put the backend in the server's place."""
    backend.install(cast(Any, server))
    yield
    backend.install(None)


app = st.App(
    str(ROOT / "pages" / "main.py"),
    routes=[
        Route("/act/{step}", act, methods=["POST"]),
        Route("/runs", runs),
        Mount("/api", app=create_api(backend.current, cast(Any, line))),
    ],
    lifespan=lifespan,
)
