"""The points of a stretch of a call's charts, asked for as the page asks."""

from collections.abc import Iterator
from typing import cast

import pytest
from fastapi.testclient import TestClient

from core.api.application import create_api
from core.backend import Backend
from core.model.access import Person, SignInMethod, UserRole
from tests.fakes.measured_call import measured_call, samples
from tests.fakes.page_backend import PageBackend, make_snapshot

LEGS = {"l1": "p1", "l2": "p2"}
ADDRESS = "/calls/c1/quality"


@pytest.fixture
def server() -> PageBackend:
    backend = PageBackend()
    call = measured_call("c1", 300)
    backend.put(make_snapshot(call, samples=tuple(samples(300)), legs=LEGS))
    return backend


@pytest.fixture
def client(server: PageBackend) -> Iterator[TestClient]:
    class Line:
        is_given = False

    with TestClient(create_api(lambda: cast(Backend, server), Line())) as client:  # type: ignore[arg-type]
        yield client


def test_a_stretch_has_every_second_of_every_line_and_nothing_else(client: TestClient) -> None:
    given = client.get(ADDRESS, params={"token": "view-c1", "since": 100, "until": 130})
    assert given.status_code == 200
    points = given.json()["lines"]["l2|outbound|browser|jitter_buffer_ms"]
    assert points["x"] == [float(second) for second in range(100, 131)]
    assert None not in points["y"]
    # The far end's report of second 95 holds into the stretch.
    assert given.json()["lines"]["l1|outbound|server|loss_pct"]["x"][0] == 100.0


def test_as_many_points_are_given_as_are_asked_for(client: TestClient) -> None:
    asked = {"token": "view-c1", "since": 0, "until": 300, "points": 20}
    points = client.get(ADDRESS, params=asked).json()["lines"]["l1|inbound|server|jitter_ms"]
    assert len(points["x"]) <= 22


@pytest.mark.parametrize(
    "stretch",
    [
        {"since": -1, "until": 10},
        {"since": 0, "until": "inf"},
        {"since": "nan", "until": 10},
        {"since": 0, "until": 1e9},
        {"since": 0, "until": 10, "points": 1_000_000},
        {"since": 0},
    ],
)
def test_a_stretch_that_cannot_be_is_refused(client: TestClient, stretch: dict[str, object]) -> None:
    assert client.get(ADDRESS, params={"token": "view-c1", **stretch}).status_code == 422


def test_a_stretch_that_ends_before_it_begins_is_empty(client: TestClient) -> None:
    answer = client.get(ADDRESS, params={"token": "view-c1", "since": 200, "until": 100})
    assert (answer.status_code, answer.json()["lines"]) == (200, {})


def test_the_token_of_another_call_opens_nothing(client: TestClient, server: PageBackend) -> None:
    asked = {"token": "view-c2", "since": 0, "until": 10}
    assert client.get(ADDRESS, params=asked).status_code == 403


def test_whose_sign_in_is_over_is_given_nothing(client: TestClient, server: PageBackend) -> None:
    gone = Person("gone", "Gone", UserRole.ANALYST, SignInMethod.OIDC)
    read = server.tokens.read_view_token
    server.tokens.read_view_token = lambda token: type(read(token))(read(token).call_id, gone)  # type: ignore[method-assign]
    assert client.get(ADDRESS, params={"token": "view-c1", "since": 0, "until": 10}).status_code in (401, 403)
