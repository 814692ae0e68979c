"""Which other web origins may use the API from a browser. None by default; cookies never travel that way."""

import re
from collections.abc import Iterable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.guards.refusal import is_api
from core.model.errors import SettingInvalid

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PATTERN = re.compile(rf"(https?://)(\*\.|\*(?=$))?((?:{_LABEL}\.)*{_LABEL})?(:[0-9]{{1,5}})?")


def origin_pattern(origins: Iterable[str]) -> re.Pattern[str]:
    """One expression for all origins that the setting names; to be matched in full.

    `https://*.example.com` is every host below example.com, one label or more; `https://*` every host, and `*` every
    origin. It matches nothing where no origin is named.

    Raises:
        SettingInvalid: one of them is no origin.
    """
    expressions = [_expression(origin) for origin in origins]
    return re.compile("|".join(expressions) if expressions else r"(?!)")


def _expression(origin: str) -> str:
    if origin == "*":
        return r"https?://[^/?#@\s]+"
    found = _PATTERN.fullmatch(origin.lower().rstrip("/"))
    if not found or not (found[2] or found[3]) or (found[2] == "*." and not found[3]):
        raise SettingInvalid(key="EARSHOT_CORS_ORIGINS", reason=f"{origin} is not an origin like https://example.com")
    scheme, wildcard, name, port = found.groups("")
    below = rf"(?:{_LABEL}\.)+" if wildcard == "*." else rf"(?:{_LABEL}\.)*{_LABEL}(?::[0-9]+)?" if wildcard else ""
    return re.escape(scheme) + below + re.escape(name) + re.escape(port)


class ApiCors:
    """The CORS protocol (Fetch standard, section 3.3) for what is under /api, without cookies."""

    def __init__(self, app: ASGIApp, origins: re.Pattern[str]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origin_regex=origins.pattern,
            allow_methods=METHODS,
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
            allow_credentials=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; allow the origin to read an answer; or leave it to the browser to refuse."""
        is_for_api = scope["type"] == "http" and is_api(scope)
        await (self._cors if is_for_api else self._app)(scope, receive, send)
