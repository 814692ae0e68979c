"""Requests to a small application behind guards, without a server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocket, WebSocketDisconnect

ADDRESS = "http://localhost:8501"


def small_api() -> FastAPI:
    """Routes of every kind that a guard has to tell apart."""
    api = FastAPI()
    session = APIRouter(prefix="/session")

    @api.get("/calls")
    def calls() -> list[dict[str, str]]:
        return [{"id": f"call-{n}", "language": "ko", "state": "ended"} for n in range(200)]

    @api.get("/calls/{call_id}")
    def call(call_id: str) -> dict[str, str]:
        return {"id": call_id}

    @api.post("/calls/{call_id}/end")
    def end(call_id: str) -> dict[str, str]:
        return {"ended": call_id}

    @api.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @api.post("/calls/{call_id}/paints")
    def paints(call_id: str) -> dict[str, bool]:
        return {"ok": True}

    @api.post("/rtc/samples")
    def samples() -> dict[str, bool]:
        return {"kept": True}

    @session.get("")
    def signed_in() -> dict[str, str]:
        return {"xsrf": "x" * 2000}

    @session.post("")
    def sign_in(name: Annotated[str, ""] = "") -> dict[str, str]:
        return {"name": name}

    @api.get("/crash")
    def crash() -> None:
        raise RuntimeError("nobody foresaw this")

    @api.get("/stream")
    def stream() -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            for number in range(3):
                yield f"data: {number} {'word ' * 500}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    api.include_router(session)
    return api


async def page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("a page")


async def websocket(socket: WebSocket) -> None:
    await socket.accept()
    try:
        await socket.send_text(str(len(await socket.receive_text())))
    finally:
        await socket.close()


def application(*guards: Middleware, routes: Sequence[Any] = ()) -> Starlette:
    """The small application behind some guards."""
    return Starlette(
        routes=[
            *routes,
            Mount("/api", app=small_api()),
            WebSocketRoute("/_stcore/stream", websocket),
            Route("/{path:path}", page, methods=["GET", "POST"]),
        ],
        middleware=list(guards),
    )


def client(app: ASGIApp, address: str = "127.0.0.1", base: str = ADDRESS) -> httpx.AsyncClient:
    """A client of the application, seen under an address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=base)


async def handshake(
    app: ASGIApp,
    headers: dict[str, str],
    *,
    path: str = "/_stcore/stream",
    say: str = "hello",
    can_deny: bool = True,
    client_address: str = "127.0.0.1",
) -> list[Message]:
    """What an application answers to a websocket's handshake and one message."""
    heard: list[Message] = []
    pending: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": say}]

    async def receive() -> Message:
        return pending.pop(0) if pending else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        heard.append(message)

    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (client_address, 50_000),
        "server": ("127.0.0.1", 8501),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}} if can_deny else {},
    }
    with suppress(WebSocketDisconnect):
        await app(scope, receive, send)
    return heard
