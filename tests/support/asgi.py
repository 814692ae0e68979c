"""Asks an application itself, as a server would: no socket, and no guard in between."""

from collections.abc import MutableMapping
from typing import Any, cast

from fastapi import FastAPI


async def ask(api: FastAPI, method: str, path: str, token: str, content: bytes) -> tuple[int, bytes]:
    """The status, and the first piece of the answer's body."""
    sent: list[MutableMapping[str, Any]] = []
    received = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(received, {"type": "http.disconnect"})

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": b"",
        "root_path": "",
        "query_string": f"token={token}".encode(),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    await api(cast(Any, scope), cast(Any, receive), cast(Any, send))
    return int(sent[0]["status"]), bytes(sent[1]["body"])
