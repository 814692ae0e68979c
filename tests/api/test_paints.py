"""The route by which pages acknowledge what they have painted: whom it believes, and what it lets through."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, cast

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from core.access.tokens import ViewGrant
from core.api.application import create_api
from core.api.paints import LONGEST_AGO_MS, MOST_PAINTS
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, CallState
from core.model.errors import LinkInvalid
from core.model.turn_trace import Step
from tests.fakes.page_backend import FakeTokens, PageBackend, make_call, make_snapshot
from tests.support.asgi import ask

ONE = {"what": "text", "utterance": "p1-0", "ago_ms": 12.5}


class Tokens(FakeTokens):
    """Knows `view-CALL` and nothing else."""

    def read_view_token(self, token: str) -> ViewGrant:
        if not token.startswith("view-"):
            raise LinkInvalid
        return super().read_view_token(token)


@dataclass(frozen=True, slots=True)
class Served:
    """The application on a backend of its own."""

    backend: PageBackend
    api: FastAPI


def served(backend: PageBackend) -> Served:
    return Served(backend, create_api(lambda: cast(Any, backend), cast(Any, None)))


@pytest.fixture(scope="module")
def server() -> Served:
    backend = PageBackend()
    backend.tokens = Tokens(backend)
    backend.put(make_snapshot(make_call("c1")))
    backend.put(make_snapshot(make_call("over", CallState.ENDED)))
    return served(backend)


def post(server: Served, body: object, call_id: str = "c1", token: str = "view-c1") -> int:
    """Ask the application itself, as a server would; the answer's status."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asyncio.run(ask(server.api, "POST", f"/calls/{call_id}/paints", token, content))[0]


def test_what_was_painted_reaches_the_call(server: Served) -> None:
    summary = {"what": "summary", "utterance": "p1-0", "ago_ms": 3}
    passages = {"what": "passages", "utterance": "p1-0", "ago_ms": 0}
    assert post(server, {"painted": [ONE, summary, passages]}) == 202
    steps = (Step.TEXT_PAINTED, Step.SUMMARY_PAINTED, Step.PASSAGES_PAINTED)
    assert server.backend.done[-1] == ("painted", "c1", *((step, "p1-0") for step in steps))


@pytest.mark.parametrize(
    ("call_id", "token", "status"),
    [
        ("c1", "", 403),
        ("c1", "nonsense", 403),
        ("c1", "view-over", 403),
        ("unknown", "view-unknown", 404),
        ("over", "view-over", 409),
        ("c1", "v" * 5_000, 422),
    ],
)
def test_only_a_running_calls_own_view_token_is_believed(server: Served, call_id: str, token: str, status: int) -> None:
    before = list(server.backend.done)
    assert post(server, {"painted": [ONE]}, call_id, token) == status
    assert server.backend.done == before


def test_a_sign_in_that_has_ended_takes_its_tokens_along(server: Served) -> None:
    person = Person("user:gone", "gone", UserRole.AGENT, SignInMethod.PASSWORD, "over")

    class Stale(Tokens):
        def read_view_token(self, token: str) -> ViewGrant:
            return ViewGrant(CallId("c1"), person)

    backend = PageBackend()
    backend.tokens = Stale(backend)
    assert post(served(backend), {"painted": [ONE]}) == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"painted": []},
        {"painted": [ONE] * (MOST_PAINTS + 1)},
        {"painted": [{**ONE, "what": "advertisement"}]},
        {"painted": [{**ONE, "utterance": ""}]},
        {"painted": [{**ONE, "utterance": "x" * 97}]},
        {"painted": [{**ONE, "utterance": "../../etc"}]},
        {"painted": [{**ONE, "ago_ms": -1}]},
        {"painted": [{**ONE, "ago_ms": LONGEST_AGO_MS + 1}]},
        {"painted": [{**ONE, "ago_ms": "soon"}]},
        b'{"painted": [{"what": "text", "utterance": "p1-0", "ago_ms": NaN}]}',
        b'{"painted": [{"what": "text", "utterance": "p1-0", "ago_ms": 1e999}]}',
        b"\xff\xfe{",
        b"",
    ],
)
def test_nonsense_is_refused_and_nothing_is_taken_down(server: Served, body: object) -> None:
    before = list(server.backend.done)
    assert post(server, body) in (400, 422)
    assert server.backend.done == before


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(painted=json_values)
def test_no_report_breaks_the_server(server: Served, painted: object) -> None:
    assert post(server, {"painted": painted}) == 422
