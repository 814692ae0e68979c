import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.middleware import Middleware

from core.api.guards.cors import ApiCors, origin_pattern
from core.api.guards.rate import RateLimits, Rates, client_of
from core.api.guards.window import BoundedMemory, MovingWindows, parse_limit
from tests.api.guards.conftest import application, client, handshake
from tests.fakes.clock import ManualClock


def guarded(clock: ManualClock, *before: Middleware, pages: str = "50/minute"):
    rates = Rates(route="5/minute", pages=pages, sign_in="3/minute", samples="4/minute")
    return application(*before, Middleware(RateLimits, rates=rates, windows=MovingWindows(clock)))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_the_sixth_request_waits_until_the_first_is_a_minute_old(clock: ManualClock) -> None:
    asking = client(guarded(clock))
    for _ in range(5):
        assert (await asking.get("/api/calls")).status_code == 200
        clock.advance(2)
    refused = await asking.get("/api/calls")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "50")
    assert refused.json() == {"error": "TooManyRequests", "message": "Too many requests. Try again in 50 seconds."}
    clock.advance(49)
    assert (await asking.get("/api/calls")).headers["retry-after"] == "1"
    clock.advance(1)
    assert (await asking.get("/api/calls")).status_code == 200
    assert (await asking.get("/api/calls")).status_code == 429


async def test_another_id_is_the_same_route_and_another_route_is_not(clock: ManualClock) -> None:
    asking = client(guarded(clock))
    statuses = [(await asking.get(f"/api/calls/{n}")).status_code for n in range(6)]
    assert statuses == [200] * 5 + [429]
    assert (await asking.get("/api/calls")).status_code == 200
    assert (await asking.post("/api/calls/1/end")).status_code == 200


@pytest.mark.parametrize("paths", [["/api/none/{n}"], ["/api/{n}"], ["/api/calls/{n}/"], ["/api//calls/{n}"]])
async def test_what_no_route_answers_is_counted_together(clock: ManualClock, paths: list[str]) -> None:
    asking = client(guarded(clock))
    answers = [await asking.get(paths[0].format(n=n), follow_redirects=False) for n in range(6)]
    assert answers[-1].status_code == 429
    assert all(a.status_code != 429 for a in answers[:-1])


async def test_invented_methods_are_counted_together(clock: ManualClock) -> None:
    asking = client(guarded(clock))
    statuses = [(await asking.request(f"M{n}", "/api/calls")).status_code for n in range(6)]
    assert statuses == [405] * 5 + [429]


async def test_clients_are_counted_by_themselves(clock: ManualClock) -> None:
    app = guarded(clock)
    for _ in range(5):
        await client(app, "192.0.2.1").get("/api/calls")
    assert (await client(app, "192.0.2.1").get("/api/calls")).status_code == 429
    assert (await client(app, "192.0.2.2").get("/api/calls")).status_code == 200


async def test_a_header_cannot_claim_to_be_another_client(clock: ManualClock) -> None:
    asking = client(guarded(clock))
    answers = [await asking.get("/api/calls", headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(6)]
    assert answers[-1].status_code == 429


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_subscriber_is_one_client(first: str, second: str, is_same: bool) -> None:
    assert (client_of({"client": (first, 1)}) == client_of({"client": (second, 1)})) is is_same
    assert client_of({}) == "unknown"


async def test_pages_and_handshakes_are_counted_together(clock: ManualClock) -> None:
    app = guarded(clock, pages="4/minute")
    for path in ("/", "/static/js/a.js", "/live"):
        assert (await client(app).get(path)).status_code == 200
    assert (await handshake(app, {"host": "localhost"}))[0]["type"] == "websocket.accept"
    refused = await handshake(app, {"host": "localhost"})
    assert refused[0]["status"] == 429
    assert (b"retry-after", b"60") in refused[0]["headers"]
    page = await client(app).get("/")
    assert (page.status_code, page.headers["content-type"]) == (429, "text/plain; charset=utf-8")
    assert (await client(app).get("/api/calls")).status_code == 200


async def test_signing_in_is_limited_more_strictly(clock: ManualClock) -> None:
    asking = client(guarded(clock))
    assert [(await asking.post("/api/session")).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert (await asking.get("/api/session")).status_code == 200


async def test_what_pages_have_painted_is_limited_by_the_page_s_token(clock: ManualClock) -> None:
    app = guarded(clock)
    for token in ("one", "two"):
        paths = [f"/api/calls/{n}/paints?token={token}" for n in range(5)]
        statuses = [(await client(app).post(path)).status_code for path in paths]
        assert statuses == [200] * 4 + [429]


async def test_samples_are_limited_by_the_leg_s_token(clock: ManualClock) -> None:
    app = guarded(clock, pages="9/minute")
    for leg in ("one", "two"):
        headers = {"Authorization": f"Bearer {leg}"}
        statuses = [(await client(app).post("/api/rtc/samples", headers=headers)).status_code for _ in range(4)]
        assert statuses == [200] * 4
    again = await client(app, "192.0.2.9").post("/api/rtc/samples?token=one")
    assert again.status_code == 429


async def test_inventing_a_token_for_every_sample_does_not_help(clock: ManualClock) -> None:
    app = guarded(clock, pages="9/minute")
    statuses = [(await client(app).post(f"/api/rtc/samples?token={n}")).status_code for n in range(10)]
    assert statuses == [200] * 9 + [429]
    bare = [(await client(app).post("/api/rtc/samples")).status_code for _ in range(6)]
    assert bare == [200] * 5 + [429]


async def test_a_web_page_elsewhere_can_read_why_it_was_refused(clock: ManualClock) -> None:
    app = guarded(clock, Middleware(ApiCors, origins=origin_pattern(("https://crm.example.org",))))
    asking = client(app)
    for _ in range(6):
        answer = await asking.get("/api/calls", headers={"Origin": "https://crm.example.org"})
    assert answer.status_code == 429
    assert answer.headers["access-control-allow-origin"] == "https://crm.example.org"
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()


def test_many_invented_clients_do_not_fill_the_memory(clock: ManualClock) -> None:
    memory = BoundedMemory(clock, keys_limit=100, hits_limit=300)
    windows = MovingWindows(clock, lambda _: memory)
    limit = parse_limit("10/minute")
    for number in range(1000):
        for _ in range(number % 7):
            windows.hit(limit, f"client-{number}")
            assert len(memory) <= 100
            assert sum(memory.get(key) for key in memory) <= 300


def test_a_client_that_has_gone_is_forgotten(clock: ManualClock) -> None:
    memory = BoundedMemory(clock)
    windows = MovingWindows(clock, lambda _: memory)
    for number in range(50):
        windows.hit(parse_limit("10/minute"), f"client-{number}")
    clock.advance(61)
    windows.hit(parse_limit("10/minute"), "another")
    assert len(memory) == 1


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 8))
def test_no_minute_ever_holds_more_than_the_limit(pauses: list[float], amount: int) -> None:
    clock = ManualClock()
    windows = MovingWindows(clock)
    limit = parse_limit(f"{amount}/minute")
    allowed: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        wait = windows.hit(limit, "client")
        if wait == 0:
            allowed.append(clock.monotonic())
        else:
            assert clock.monotonic() + wait >= allowed[-amount] + 60
    for first, last in itertools.pairwise([*allowed, float("inf")]):
        assert first <= last
    for index in range(amount, len(allowed)):
        assert allowed[index] - allowed[index - amount] >= 60 - 1e-6
