"""The path under which everything is reached where the public URL has one: `https://example.com/earshot`."""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

API = "/api"


def base_path(public_url: str) -> str:
    """The public URL's path as `/earshot`, empty where it has none."""
    path = urlsplit(public_url).path.strip("/")
    return f"/{path}" if path else ""


class ApiUnderBasePath:
    """Takes the base path off requests to the API, before the guards; Streamlit takes it off its own."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app = app
        self._prefix = f"{base}{API}"
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. On the server's loop."""
        path = scope.get("path", "")
        if self._base and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            scope = {**scope, "path": path.removeprefix(self._base)}
        await self._app(scope, receive, send)
