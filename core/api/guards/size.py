"""How much of a request is read: the address, the headers, the body, and a websocket's messages."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.guards.refusal import refuse
from core.model.errors import AddressTooLong, HeadersTooLarge, RequestTooLarge

ADDRESS_LIMIT = 8 * 1024
"""Bytes of path and query together."""
HEADERS_LIMIT = 12 * 1024
"""Bytes of all header names and values. The server itself cuts a connection off at 16 KiB of request line and headers,
without a word; this is before that, so that the reader is told."""
HEADERS_COUNT = 100
LARGE_ROUTES: Mapping[tuple[str, str], int] = {("POST", "/api/imports"): 201 * 1024}
"""Routes that take larger bodies, in KiB: they look at who asks before they read, and let nothing pile up."""
MESSAGE_TOO_BIG = 1009
"""Close code of RFC 6455, section 7.4.1."""


class SizeLimits:
    """Refuses what is too large: 414 for the address, 431 for headers, 413 for a body, declared or found to be so.

    `limit_kb` is for bodies and for a websocket's single messages, in KiB.
    """

    def __init__(self, app: ASGIApp, limit_kb: int) -> None:
        self._app = app
        self._limit_kb = limit_kb
        self._limit = limit_kb * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a handshake on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > ADDRESS_LIMIT:
            await refuse(scope, receive, send, AddressTooLong(limit=ADDRESS_LIMIT), 414)
        elif len(headers) > HEADERS_COUNT or sum(len(name) + len(value) for name, value in headers) > HEADERS_LIMIT:
            await refuse(scope, receive, send, HeadersTooLarge(limit=HEADERS_LIMIT), 431)
        elif scope["type"] == "websocket":
            await self._pass_messages(scope, receive, send)
        else:
            limit_kb = max(self._limit_kb, LARGE_ROUTES.get((scope["method"], scope["path"]), 0))
            if self._declares_too_much(scope, limit_kb):
                await refuse(scope, receive, send, RequestTooLarge(limit_kb=limit_kb), 413)
            else:
                await self._pass_on(scope, receive, send, limit_kb)

    @staticmethod
    def _declares_too_much(scope: Scope, limit_kb: int) -> bool:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        return not declared.isdigit() or int(declared) > limit_kb * 1024

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, limit_kb: int) -> None:
        """Count what arrives. At the limit the client is answered, and the application told that it has gone."""
        read = 0
        started = is_over = False

        async def receiving() -> Message:
            nonlocal read, is_over
            if is_over:
                return {"type": "http.disconnect"}
            message = await receive()
            read += len(message.get("body", b""))
            if read <= limit_kb * 1024:
                return message
            is_over = True
            if not started:
                await refuse(scope, receive, send, RequestTooLarge(limit_kb=limit_kb), 413, {"Connection": "close"})
            return {"type": "http.disconnect"}

        async def sending(message: Message) -> None:
            nonlocal started
            if is_over and not started:
                return
            started = True
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except Exception:
            # An application that was told of a client that has gone may end in an error of its own about it.
            if not is_over or started:
                raise

    async def _pass_messages(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_over = False

        async def receiving() -> Message:
            nonlocal is_over
            message = {} if is_over else await receive()
            text, content = message.get("text"), message.get("bytes")
            if not is_over and max(len(content or b""), len((text or "").encode())) > self._limit:
                is_over = True
                await send({"type": "websocket.close", "code": MESSAGE_TOO_BIG, "reason": "message too big"})
            return {"type": "websocket.disconnect", "code": MESSAGE_TOO_BIG} if is_over else message

        async def sending(message: Message) -> None:
            if not is_over:
                await send(message)

        await self._app(scope, receiving, sending)
