"""What the SDK meets on the way to a server, in our own words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from core.model.errors import (
    PersonaConnectionLost,
    PersonaError,
    PersonaKeyRefused,
    PersonaRateLimited,
    PersonaRequestRefused,
    PersonaServerFailed,
    PersonaServerForeign,
    PersonaSessionExpired,
    PersonaUnreachable,
)
from core.persona.realtime import OpenAIRealtime
from core.settings import Settings

MODEL = "gpt-realtime-2.1-mini"


def realtime(port: int, **more: object) -> OpenAIRealtime:
    return OpenAIRealtime(Settings(_env_file=None, realtime_base_url=f"http://127.0.0.1:{port}/v1", **more))  # type: ignore[arg-type, call-arg]


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that answers every request with the same bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def http(status: str, body: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http("401 Unauthorized"), PersonaKeyRefused),
        (http("429 Too Many Requests"), PersonaRateLimited),
        (http("400 Bad Request", '{"error": {"code": "odd", "message": "what was said"}}'), PersonaRequestRefused),
        (http("502 Bad Gateway", "<html>"), PersonaServerFailed),
        (http("200 OK", "hello"), PersonaServerForeign),
        (http("101 Switching Protocols"), PersonaServerForeign),
        (b"SSH-2.0-OpenSSH\r\n", PersonaServerForeign),
        (b"", PersonaServerForeign),
    ],
)
async def test_every_answer_that_is_no_connection_has_its_error(answer: bytes, error: type[PersonaError]) -> None:
    async with answering(answer) as port:
        server = realtime(port)
        with pytest.raises(error) as refused:
            await server.connect(MODEL)
        assert "what was said" not in str(refused.value)
        await server.close()


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with answering(b"") as port:
        pass
    server = realtime(port)
    with pytest.raises(PersonaUnreachable, match=rf"127.0.0.1:{port} cannot be reached \(Connection refused"):
        await server.connect(MODEL)
    await server.close()


@asynccontextmanager
async def talking(talk: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[int]:
    async with serve(talk, "127.0.0.1", 0) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (1001, "Your session hit the maximum duration of 60 minutes.", PersonaSessionExpired),
        (1000, "", PersonaConnectionLost),
        (1011, "keepalive ping timeout", PersonaConnectionLost),
        (3000, "invalid_request_error.invalid_api_key", PersonaKeyRefused),
        (0, "", PersonaConnectionLost),
    ],
)
async def test_every_end_of_a_connection_has_its_error(code: int, reason: str, error: type[PersonaError]) -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send('{"type": "session.created"}')
        await (connection.close(code, reason) if code else asyncio.sleep(0))
        connection.transport.abort()

    async with talking(talk) as port:
        server = realtime(port)
        connection = await server.connect(MODEL)
        first = await connection.receive()
        assert first is not None
        assert first.type == "session.created"
        with pytest.raises(error):
            await connection.receive()
        with pytest.raises(error):
            await connection.send({"type": "response.create"})
        await connection.close()
        await connection.close()
        await server.close()


async def test_what_is_no_event_is_passed_over() -> None:
    async def talk(connection: ServerConnection) -> None:
        for message in ("{", "[]", '"a"', '{"type": 3}', b"\xff\x00", "[" * 100_000, '{"type": "good", "x": 1}'):
            await connection.send(message)
        await connection.wait_closed()

    async with talking(talk) as port:
        server = realtime(port)
        connection = await server.connect(MODEL)
        events = [await connection.receive() for _ in range(7)]
        assert events[:6] == [None] * 6
        assert events[6] is not None
        assert events[6].number("x") == 1.0
        await connection.close()
        await server.close()


async def test_the_key_goes_to_the_address_that_it_was_given_for_and_nowhere_else() -> None:
    seen: list[str | None] = []

    async def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers.get("Authorization"))
        await connection.wait_closed()

    async with talking(talk) as port:
        elsewhere = {"openai_api_key": "sk-of-openai"}
        for keys in (elsewhere, {**elsewhere, "realtime_api_key": "own"}):
            server = realtime(port, **keys)
            await (await server.connect(MODEL)).close()
            await server.close()
    assert seen == ["Bearer none", "Bearer own"]
    both = Settings(_env_file=None, openai_api_key="sk-of-openai")  # type: ignore[call-arg, arg-type]
    assert both.effective_realtime_key is not None
