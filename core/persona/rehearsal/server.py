"""The rehearsal's server: WebSockets at `/v1/realtime`, each a session of its own. The home of `websockets`' server."""

import errno
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from core.model.errors import AddressUnusable, PortTaken
from core.persona.rehearsal.faults import REFUSALS, FaultsOf, no_faults
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging

PATH = "/v1/realtime"
LARGEST_MESSAGE = 32 * 1024 * 1024
MOST_SESSIONS = 64


class RehearsalServer:
    """One server. On one loop.

    Args:
        staging: Ears, voice and answers of all sessions.
        faults: What goes wrong with which connection.
        key: Asked for where it is set.
        on_session: Told of every session that is opened.
    """

    def __init__(
        self,
        staging: Staging,
        faults: FaultsOf = no_faults,
        key: str = "",
        on_session: Callable[[RehearsalSession], None] = lambda session: None,
    ) -> None:
        self._staging = staging
        self.faults = faults
        self._key = key
        self._on_session = on_session
        self._server: Server | None = None
        self._open: set[ServerConnection] = set()
        self._numbers: WeakKeyDictionary[ServerConnection, int] = WeakKeyDictionary()
        self.connections = 0
        """Attempts to connect so far, those that were turned away among them."""
        self.port = 0

    @property
    def base_url(self) -> str:
        """Where it listens, as `EARSHOT_REALTIME_BASE_URL` takes it."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; a free port where none is named. Raises PortTaken, AddressUnusable."""
        try:
            self._server = await serve(
                self._talk,
                host,
                port,
                process_request=self._admit,
                max_size=LARGEST_MESSAGE,
                compression=None,
                close_timeout=1.0,
            )
        except OSError as error:
            raise _unusable(error, host, port) from error
        self.port = int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        """Close every connection and wait for all sessions. Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()

    def break_connections(self) -> int:
        """Break every open connection off, without a word, as a network does; returns how many there were."""
        connections = tuple(self._open)
        for connection in connections:
            connection.transport.abort()
        return len(connections)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.connections += 1
        place = urlsplit(request.path)
        if place.path != PATH:
            return _refusal(connection, 404, "not_found")
        if self._key and request.headers.get("Authorization") != f"Bearer {self._key}":
            return _refusal(connection, *REFUSALS["key"])
        if not parse_qs(place.query).get("model"):
            return _refusal(connection, 400, "missing_model")
        if refuse := self.faults(self.connections).refuse:
            return _refusal(connection, *REFUSALS[refuse])
        if len(self._open) >= MOST_SESSIONS:
            return _refusal(connection, *REFUSALS["rate"])
        self._numbers[connection] = self.connections
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        number = self._numbers[connection]
        model = parse_qs(urlsplit(connection.request.path if connection.request else "").query)["model"][0]

        async def close(code: int, reason: str) -> None:
            if code:
                await connection.close(code, reason)
            else:
                connection.transport.abort()

        session = RehearsalSession(number, self._staging, self.faults(number), model, _sender(connection), close)
        self._open.add(connection)
        self._on_session(session)
        try:
            await session.start()
            async for message in connection:
                await session.take(message)
        except (ConnectionClosed, ConnectionError):
            # It is over either way.
            return
        finally:
            self._open.discard(connection)
            await session.stop()


def _sender(connection: ServerConnection) -> Callable[[str], Awaitable[None]]:
    async def send(message: str) -> None:
        try:
            await connection.send(message)
        except ConnectionClosed as error:
            raise ConnectionResetError from error

    return send


def _refusal(connection: ServerConnection, status: int, code: str) -> Response:
    body = json.dumps({"error": {"message": code, "type": "invalid_request_error", "param": None, "code": code}})
    response = connection.respond(HTTPStatus(status), body)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    return response


def _unusable(error: OSError, host: str, port: int) -> Exception:
    address = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(address=address)
    return AddressUnusable(address=address, reason=error.strerror or str(error))
