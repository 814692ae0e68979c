"""A defence against requests that another web site makes a browser send (XSRF, cross-site websocket hijacking).

It looks at what browsers say by themselves of where a request comes from and no site can forge: `Sec-Fetch-Site` and
`Origin`. The token that a form or a page sends along (`core.access`) is a second defence behind it.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.guards.refusal import is_api, refuse
from core.model.errors import RequestForged

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SECURE = {"ws": "http", "wss": "https"}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def plain_origin(url: str) -> str:
    """Scheme, host and port of a URL as browsers write an origin; nothing where it has none."""
    try:
        parts = urlsplit(url.lower())
    except ValueError:
        return ""
    scheme = _SECURE.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc.removesuffix(_DEFAULT_PORTS.get(scheme, ' '))}" if parts.netloc else ""


class SameOrigin:
    """Refuses with 403 what changes something, or opens a websocket, and does not come from a page of this server.

    Programs say nothing of their origin; they are let through, but not with a session cookie: a browser that has one
    always says where its request comes from. Requests with a bearer token and no session cookie carry nothing that a
    browser adds by itself, so they may come from anywhere.

    Args:
        public_url: where browsers reach this server when a proxy stands before it; may be empty.
        cors_origins: other origins that may use the API, without cookies.
        session_cookies: names under which a sign-in is kept in the browser.
    """

    def __init__(
        self, app: ASGIApp, public_url: str, cors_origins: re.Pattern[str], session_cookies: Collection[str]
    ) -> None:
        self._app = app
        self._public = plain_origin(public_url)
        self._cors_origins = cors_origins
        self._session_cookies = frozenset(session_cookies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a handshake on, or refuse it."""
        is_harmless = scope["type"] == "lifespan" or (scope["type"] == "http" and scope["method"] in SAFE_METHODS)
        if is_harmless or self._is_our_own(scope):
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, RequestForged(), 403)

    def _is_our_own(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        has_session = self._has_session(headers)
        origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
        if not origins and not sites:
            return not (has_session and is_api(scope))
        if is_api(scope) and not has_session:
            if headers.get("authorization", "").lower().startswith("bearer "):
                return True
            if origins and all(self._cors_origins.fullmatch(origin) for origin in origins):
                return True
        own = {plain_origin(f"{scope['scheme']}://{headers.get('host', '')}"), self._public} - {""}
        return all(site == "same-origin" for site in sites) and all(origin in own for origin in origins)

    def _has_session(self, headers: Headers) -> bool:
        names = {part.partition("=")[0].strip() for value in headers.getlist("cookie") for part in value.split(";")}
        return not self._session_cookies.isdisjoint(names)
