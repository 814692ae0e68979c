"""How a guard turns a request away: JSON under /api, a plain sentence elsewhere, and a refused handshake."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from core.model.errors import EarshotError

API = "/api"
POLICY_VIOLATION = 1008
"""Close code of RFC 6455, section 7.4.1."""
DENIAL = "websocket.http.response"
"""ASGI extension by which a handshake is answered with an HTTP response."""


def is_api(scope: Scope) -> bool:
    """Whether a request is for the HTTP application, and not for a page or a page's file."""
    path: str = scope["path"]
    return path == API or path.startswith(f"{API}/")


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    error: EarshotError,
    status: int,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a request or a handshake with an error instead of passing it on. On the server's loop."""
    if scope["type"] == "websocket" and DENIAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": type(error).__name__})
        return
    answer: Response
    if is_api(scope):
        answer = JSONResponse({"error": type(error).__name__, "message": str(error)}, status, headers)
    else:
        answer = PlainTextResponse(f"{error}\n", status, headers)
    await answer(scope, receive, send)
