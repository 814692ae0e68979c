"""The route of the event log's page: what it tells, from which number on, and to whom."""

import asyncio
import json
from dataclasses import replace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from core.access.tokens import ViewGrant
from core.api.application import create_api
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, CallPersona, CallState, PersonaId
from core.model.errors import LinkInvalid
from core.model.persona import EventDirection, SessionEvent
from tests.fakes.page_backend import STARTED, FakeTokens, PageBackend, make_call, make_snapshot
from tests.support.asgi import ask

PERSONA = CallPersona(PersonaId("sarado"), "사라도령")


class Tokens(FakeTokens):
    """Knows `view-CALL` and nothing else."""

    def read_view_token(self, token: str) -> ViewGrant:
        if not token.startswith("view-"):
            raise LinkInvalid
        return super().read_view_token(token)


def event(number: int, times: int = 1) -> SessionEvent:
    sound = {"audio": "", "seconds": 0.1 * times}
    return SessionEvent(number, 1, STARTED + number, EventDirection.SENT, "input_audio_buffer.append", sound, times)


@pytest.fixture
def backend() -> PageBackend:
    backend = PageBackend()
    backend.tokens = Tokens(backend)
    for call_id, state in (("c1", CallState.LIVE), ("over", CallState.ENDED)):
        backend.put(make_snapshot(replace(make_call(call_id, state), persona=PERSONA)))
    backend.personas.told["c1"] = (event(41), event(42), event(43, times=5))
    return backend


@pytest.fixture
def api(backend: PageBackend) -> FastAPI:
    return create_api(lambda: cast(Any, backend), cast(Any, None))


def get(api: FastAPI, query: str, call_id: str = "c1") -> tuple[int, Any]:
    status, body = asyncio.run(ask(api, "GET", f"/calls/{call_id}/persona/log", query, b""))
    return status, json.loads(body)


def test_all_that_is_kept_is_told_and_where_it_begins(api: FastAPI) -> None:
    status, told = get(api, "view-c1")
    assert status == 200
    assert [each["number"] for each in told["events"]] == [41, 42, 43]
    assert (told["first"], told["is_over"]) == (41, False)
    assert told["events"][2] == {
        "number": 43,
        "connection": 1,
        "at": STARTED + 43,
        "direction": "sent",
        "type": "input_audio_buffer.append",
        "times": 5,
        "body": {"audio": "", "seconds": 0.5},
    }


def test_whoever_knows_some_is_told_the_last_of_them_again_for_it_may_have_grown(api: FastAPI) -> None:
    assert [each["number"] for each in get(api, "view-c1&since=43")[1]["events"]] == [43]


def test_an_ended_call_says_that_nothing_will_come(api: FastAPI) -> None:
    assert get(api, "view-over", "over")[1] == {"events": [], "first": None, "is_over": True}


def test_a_token_of_another_call_or_none_is_refused(api: FastAPI) -> None:
    assert get(api, "view-over")[0] == 403
    assert get(api, "nonsense")[0] == 403


def test_whoever_may_not_see_all_calls_is_refused(backend: PageBackend, api: FastAPI) -> None:
    backend.sign_in.person = Person("user:a", "민지", UserRole.AGENT, SignInMethod.PASSWORD, "s")
    assert get(api, "view-c1")[0] == 403


def test_a_guest_who_may_watch_the_call_may_not_read_its_events(backend: PageBackend, api: FastAPI) -> None:
    backend.sign_in.person = Person("p2", "지영", UserRole.CUSTOMER, SignInMethod.LINK)
    assert get(api, "view-c1")[0] == 403


def test_an_unknown_call_is_not_found(api: FastAPI) -> None:
    assert get(api, f"view-{CallId('nope')}", "nope")[0] == 404
