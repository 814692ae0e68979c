"""A token is as long as its person's id makes it; every route that takes one reads it up to the same length."""

import asyncio
import json
from hashlib import sha256
from typing import Any, cast

import pytest
from fastapi import FastAPI

from core.access.tokens import LONGEST, Tokens
from core.api.application import create_api
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId
from tests.fakes.page_backend import PageBackend, make_call, make_snapshot
from tests.support.asgi import ask

LONG_ID = "oidc:" + "".join(sha256(str(n).encode()).hexdigest() for n in range(24))
"""Nothing that compresses: some providers' subjects are encrypted."""
ROUTES = [
    ("GET", "/calls/c1/stream", {}),
    ("GET", "/supervision/stream", {}),
    ("POST", "/calls/c1/questions", {"question": "무슨 일인가요?"}),
    ("POST", "/calls/c1/paints", {"painted": [{"what": "text", "utterance": "p1-0", "ago_ms": 1}]}),
]


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens("a key of the test's", 60, 3600, lambda: 1_700_000_000.0)


@pytest.fixture(scope="module")
def api(tokens: Tokens) -> FastAPI:
    backend = PageBackend()
    backend.tokens = cast(Any, tokens)
    backend.put(make_snapshot(make_call("c1")))
    return create_api(lambda: cast(Any, backend), cast(Any, None))


def status_of(api: FastAPI, method: str, path: str, token: str, body: object) -> int:
    return asyncio.run(ask(api, method, path, token, json.dumps(body).encode()))[0]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=[path for _method, path, _body in ROUTES])
def test_a_person_with_a_long_id_is_read_by_every_route(
    api: FastAPI, tokens: Tokens, method: str, path: str, body: object
) -> None:
    person = Person(LONG_ID, "Ada", UserRole.SUPERVISOR, SignInMethod.OIDC, "s")
    # Of another kind, so that it is understood, found not to allow this, and no stream begins.
    token = tokens.session_token(person)
    assert 1024 < len(tokens.view_token(CallId("c1"), person)) <= LONGEST
    assert status_of(api, method, path, token, body) == 403
    assert status_of(api, method, path, "x" * LONGEST, body) == 403
    assert status_of(api, method, path, "x" * (LONGEST + 1), body) == 422
