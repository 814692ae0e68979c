"""Puts the security headers on everything that leaves the server: pages, files, answers, refusals, crashes."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.guards.refusal import is_api

_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})


class SecurityHeaders:
    """Sets headers, in place of any that the application may have set; what the API answers is not to be kept by
    anybody unless it says so itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self._names = frozenset(name for name, _ in self._raw)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; dress its answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] in _STARTS:
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in self._names]
                message = {**message, "headers": kept + self._raw}
                if is_api(scope):
                    MutableHeaders(raw=message["headers"]).setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, sending)
