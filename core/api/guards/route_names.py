"""Which route a request is for, before it is routed: the route's template, in which every id is one name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import Scope

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Route:
    pattern: re.Pattern[str]
    template: str
    methods: frozenset[str]
    """Empty: all."""


class RouteNames:
    """Names the routes of the application that is mounted at a prefix; reads them at the first request."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._routes: tuple[_Route, ...] | None = None

    def name(self, scope: Scope) -> str:
        """Method and template, such as `GET /calls/{call_id}`. One name for everything that no route answers."""
        if self._routes is None:
            application = scope.get("app")
            self._routes = tuple(self._mounted(application.routes if application else []))
        path, method = scope["path"].removeprefix(self._prefix) or "/", scope["method"]
        for route in self._routes:
            if route.pattern.match(path) and (not route.methods or method in route.methods):
                return f"{method} {route.template}"
        return UNKNOWN

    def _mounted(self, routes: list[BaseRoute]) -> Iterator[_Route]:
        for mount in routes:
            if not isinstance(mount, Mount) or mount.path != self._prefix:
                continue
            for each in iter_route_contexts(mount.routes):
                if each.path is not None:
                    pattern, template, _ = compile_path(each.path)
                    yield _Route(pattern, template, frozenset(each.methods or ()))
