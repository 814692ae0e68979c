"""The routes to a call's persona: who may write and interrupt, and what is taken."""

import asyncio
import json
from dataclasses import replace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from core.access.tokens import ViewGrant
from core.api.application import create_api
from core.calls.personas import LONGEST_TEXT
from core.model.access import Person, SignInMethod, UserRole
from core.model.audit import AuditAction
from core.model.call import CallId, CallPersona, PersonaId, Role
from core.model.errors import CallWithoutPersona, LinkInvalid, PersonaTextInvalid
from core.model.message import Message
from core.model.persona import EventDirection, SessionEvent
from tests.fakes.page_backend import FakeTokens, PageBackend, make_call, make_snapshot
from tests.support.asgi import ask


class Tokens(FakeTokens):
    """Knows `view-CALL` and the join links that were made."""

    def read_view_token(self, token: str) -> ViewGrant:
        if not token.startswith("view-"):
            raise LinkInvalid
        return super().read_view_token(token)


@pytest.fixture
def backend() -> PageBackend:
    backend = PageBackend()
    backend.tokens = Tokens(backend)
    persona = CallPersona(PersonaId("sarado"), "사라도령")
    for call_id in ("c1", "c2"):
        backend.put(make_snapshot(replace(make_call(call_id), persona=persona, created_by="development")))
    backend.tokens.join_token(CallId("c1"), Role.CUSTOMER)
    return backend


def served(backend: PageBackend) -> FastAPI:
    return create_api(lambda: cast(Any, backend), cast(Any, None))


def post(backend: PageBackend, body: object, token: str, call_id: str = "c1", what: str = "text") -> int:
    path = f"/calls/{call_id}/persona/{what}"
    return asyncio.run(ask(served(backend), "POST", path, token, json.dumps(body).encode()))[0]


@pytest.mark.parametrize("token", ["view-c1", "join-c1"])
def test_whoever_talks_writes_and_interrupts_with_the_pages_token_or_the_link(backend: PageBackend, token: str) -> None:
    assert post(backend, {"text": "혼저옵서예", "id": "m-1"}, token) == 202
    assert post(backend, {"text": "괜찮주게"}, token) == 202
    assert post(backend, {}, token, what="interrupt") == 202
    assert backend.personas.texts == {("c1", "m-1"): "혼저옵서예", ("c1", ""): "괜찮주게"}
    assert ("interrupt", "c1") in backend.done


@pytest.mark.parametrize("token", ["view-c1", "join-c1", "none"])
def test_a_token_is_for_its_own_call(backend: PageBackend, token: str) -> None:
    assert post(backend, {"text": "Hello"}, token, call_id="c2") == 403
    assert post(backend, {}, token, call_id="c2", what="interrupt") == 403
    assert backend.personas.texts == {}


def test_a_link_for_another_role_writes_nothing(backend: PageBackend) -> None:
    backend.tokens.join_token(CallId("c1"), Role.AGENT)
    assert post(backend, {"text": "Hello"}, "join-c1") == 404
    assert post(backend, {}, "join-c1", what="interrupt") == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "x" * (4 * LONGEST_TEXT + 1)},
        {"text": 7},
        {"text": "Hello", "id": ""},
        {"text": "Hello", "id": "x" * 65},
        {"text": "Hello", "id": "../1"},
        [],
    ],
)
def test_what_does_not_fit_is_refused(backend: PageBackend, body: object) -> None:
    assert post(backend, body, "view-c1") == 422
    assert backend.personas.texts == {}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PersonaTextInvalid(reason=Message("it is empty")), 422),
        (CallWithoutPersona(call_id="c1"), 409),
    ],
)
def test_what_the_server_refuses_has_a_code_that_programs_read(
    backend: PageBackend, error: Exception, status: int
) -> None:
    backend.personas.error = error
    assert post(backend, {"text": "Hello"}, "view-c1") == status


def test_an_agent_writes_into_no_call_of_somebody_else(backend: PageBackend) -> None:
    backend.sign_in.person = Person("user:ann", "Ann", UserRole.AGENT, SignInMethod.PASSWORD)
    assert post(backend, {"text": "Hello"}, "view-c1") == 404
    backend.change(CallId("c1"), call=replace(backend.call(CallId("c1")), created_by="user:ann"))
    assert post(backend, {"text": "Hello"}, "view-c1") == 202


def test_a_supervisor_interrupts_anybodys_persona_but_writes_only_to_the_own(backend: PageBackend) -> None:
    backend.sign_in.person = Person("user:sue", "Sue", UserRole.SUPERVISOR, SignInMethod.PASSWORD)
    assert post(backend, {}, "view-c1", what="interrupt") == 202
    assert post(backend, {"text": "Hello"}, "view-c1") == 403


def test_the_events_are_a_file_of_lines_and_taking_it_is_written_down(backend: PageBackend) -> None:
    event = SessionEvent(1, 1, 1_790_000_000.0, EventDirection.SENT, "session.update", {"type": "session.update"})
    backend.personas.told["c1"] = (event, replace(event, number=2))
    status, body = asyncio.run(ask(served(backend), "GET", "/calls/c1/persona/events", "", b""))
    assert status == 200
    assert [json.loads(line)["number"] for line in body.splitlines()] == [1, 2]
    assert [(line.action, line.subject) for line in backend.lines] == [(AuditAction.EXPORTED, "c1")]
    backend.sign_in.person = Person("user:ann", "Ann", UserRole.AGENT, SignInMethod.PASSWORD)
    assert asyncio.run(ask(served(backend), "GET", "/calls/c1/persona/events", "", b""))[0] == 403
