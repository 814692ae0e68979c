from collections.abc import AsyncIterator

import pytest
from starlette.middleware import Middleware

from core.api.guards.size import ADDRESS_LIMIT, HEADERS_LIMIT, SizeLimits
from tests.api.guards.conftest import application, client, handshake

KB = 1024


@pytest.fixture
def app():
    return application(Middleware(SizeLimits, limit_kb=4))


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 512):
        yield b"x" * 512


async def test_a_body_up_to_the_limit_is_read(app) -> None:
    assert (await client(app).post("/api/echo", content=b"x" * 4 * KB)).json() == {"bytes": 4 * KB}
    assert (await client(app).post("/api/echo", content=in_pieces(4 * KB))).json() == {"bytes": 4 * KB}


async def test_a_body_that_declares_too_much_is_refused_unread(app) -> None:
    answer = await client(app).post("/api/echo", content=b"x" * (4 * KB + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "RequestTooLarge")
    assert "4 KiB" in answer.json()["message"]


async def test_a_body_that_turns_out_too_large_is_refused(app) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100 * KB:
            read += 512
            yield b"x" * 512

    answer = await client(app).post("/api/echo", content=endless())
    assert (answer.status_code, answer.json()["error"]) == (413, "RequestTooLarge")


@pytest.mark.parametrize("declared", ["-1", "4e9", "0x10", "99999999999999999999", "10, 10"])
async def test_a_length_that_is_none_is_refused(app, declared: str) -> None:
    answer = await client(app).post("/api/echo", content=in_pieces(512), headers={"Content-Length": declared})
    assert answer.status_code == 413


async def test_a_long_address_is_refused(app) -> None:
    fits = await client(app).get("/api/calls/" + "x" * (ADDRESS_LIMIT - 20))
    assert fits.status_code == 200
    answer = await client(app).get("/api/calls/1?" + "x" * ADDRESS_LIMIT)
    assert (answer.status_code, answer.json()["error"]) == (414, "AddressTooLong")
    assert (await client(app).get("/" + "x" * ADDRESS_LIMIT)).status_code == 414


async def test_long_or_many_headers_are_refused(app) -> None:
    assert (await client(app).get("/", headers={"Cookie": "x" * (HEADERS_LIMIT - 500)})).status_code == 200
    assert (await client(app).get("/", headers={"Cookie": "x" * HEADERS_LIMIT})).status_code == 431
    assert (await client(app).get("/", headers=[(f"x-{n}", "1") for n in range(120)])).status_code == 431


async def test_a_websocket_is_closed_on_a_message_that_is_too_large(app) -> None:
    headers = {"host": "localhost"}
    fits = await handshake(app, headers, say="x" * 4 * KB)
    assert fits[1]["text"] == str(4 * KB)
    closed = await handshake(app, headers, say="가" * 2 * KB)  # Three bytes each.
    assert [(m["type"], m.get("code")) for m in closed[1:]] == [("websocket.close", 1009)]
