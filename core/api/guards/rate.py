"""How often a client may ask: by route of the API, for all files of the pages together, and for signing in."""

import hashlib
import ipaddress
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.guards.hosts import plain_address
from core.api.guards.refusal import API, is_api, refuse
from core.api.guards.route_names import RouteNames
from core.api.guards.window import Limit, MovingWindows, parse_limit
from core.model.errors import TooManyRequests

SIGN_IN_ROUTES = frozenset({"POST /session"})
SIGN_IN_LIMIT = "10/minute"
REPORT_ROUTES = frozenset({"POST /rtc/samples", "POST /calls/{call_id}/paints"})
SAMPLES_LIMIT = "120/minute"
"""A leg, and a page, sends one report a second, and may send late ones in a burst."""
TOKEN_PARAMETERS = ("token", "t")
_IPV6_SUBSCRIBER = 64
"""Prefix length that one IPv6 subscriber is given (RFC 6177); every address below it is the same client."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits in force, written like `100/minute`."""

    route: str
    """Of each route of the API."""
    pages: str
    """Of everything else together, handshakes of websockets included."""
    sign_in: str = SIGN_IN_LIMIT
    samples: str = SAMPLES_LIMIT
    """Of what one leg's or page's browser reports by itself: RTP samples, what it has painted."""


def client_of(scope: Scope) -> str:
    """Whom a request is counted to: the client's address, which the server has already made out behind a proxy."""
    host = plain_address((scope.get("client") or ("unknown",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.ip_network((address, _IPV6_SUBSCRIBER), strict=False).network_address)


class RateLimits:
    """Answers 429 with Retry-After once a client has asked too often. On the server's loop."""

    def __init__(self, app: ASGIApp, rates: Rates, windows: MovingWindows) -> None:
        self._app = app
        self._windows = windows
        self._names = RouteNames(API)
        self._route = parse_limit(rates.route)
        self._pages = parse_limit(rates.pages)
        self._sign_in = parse_limit(rates.sign_in)
        self._samples = parse_limit(rates.samples)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request or a handshake, and pass it on or refuse it."""
        seconds = 0 if scope["type"] == "lifespan" else self._count(scope)
        if not seconds:
            await self._app(scope, receive, send)
            return
        await refuse(scope, receive, send, TooManyRequests(seconds=seconds), 429, {"Retry-After": str(seconds)})

    def _count(self, scope: Scope) -> int:
        for limit, *key in self._windows_of(scope):
            if seconds := self._windows.hit(limit, *key):
                return seconds
        return 0

    def _windows_of(self, scope: Scope) -> list[tuple[Limit, str, str]]:
        client = client_of(scope)
        if not is_api(scope) or scope["type"] == "websocket":
            return [(self._pages, "pages", client)]
        route = self._names.name(scope)
        if route in SIGN_IN_ROUTES:
            return [(self._sign_in, route, client)]
        if route in REPORT_ROUTES and (token := _token(scope)):
            # An office behind one address may hold many legs and pages; but whoever invents a token for every request
            # is still counted by address.
            digest = hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
            return [(self._pages, route, client), (self._samples, route, digest)]
        return [(self._route, route, client)]


def _token(scope: Scope) -> str:
    """The token that a request carries, in its Authorization header or its query."""
    scheme, _, value = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return next((query[name][0] for name in TOKEN_PARAMETERS if name in query), "")
