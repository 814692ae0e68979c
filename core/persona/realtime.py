"""The Realtime API over a WebSocket, at OpenAI or any server that speaks it, by the official SDK.

With `core/assist/openai_model.py` and, for the rehearsal's answers, `core/persona/rehearsal/model_answers.py`, the only
home of `openai` and `httpx2`, and of `websockets`, by which the SDK sends.
The SDK opens the connection; messages are read as JSON here, because the SDK makes another class of an event type that
it does not know, and breaks off at a message that is no JSON. Its `async for` would end at the session's limit without
a word; here the limit is `PersonaSessionExpired`.
"""

import asyncio
import json
import logging
import os
import re
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx2
import openai
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

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
from core.persona.connection import ClientEvent, ServerEvent
from core.persona.error_codes import error_by_code, error_codes
from core.settings import Settings
from core.settings.safety import LOCAL_NAMES

OPENAI_URL: Final = "https://api.openai.com/v1"
OPEN_S = 10.0
CLOSE_S = 2.0
LARGEST_MESSAGE = 16 * 1024 * 1024
_TALKATIVE = ("openai", "httpx2", "httpcore2", "websockets", "websockets.client")
"""Loggers that tell of every message, at DEBUG with what was said."""


class OpenAIRealtime:
    """Implements `core.persona.connection.RealtimeServer`. On one loop."""

    def __init__(self, settings: Settings) -> None:
        base_url = settings.realtime_base_url or OPENAI_URL
        place = urlsplit(base_url)
        self._server = place.netloc
        is_local = place.hostname in LOCAL_NAMES
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        key = settings.effective_realtime_key
        self._http = httpx2.AsyncClient(follow_redirects=False, trust_env=not is_local)
        self._client = openai.AsyncOpenAI(
            # The rehearsal and many servers of one's own need none; the SDK insists on one.
            api_key=key.get_secret_value() if key is not None else "none",
            base_url=base_url,
            max_retries=0,
            http_client=self._http,
        )
        # The SDK takes these from the environment, of which the settings know nothing.
        self._client.organization = self._client.project = self._client.websocket_base_url = None
        self._options: dict[str, Any] = {
            "max_size": LARGEST_MESSAGE,
            "compression": None,
            "open_timeout": OPEN_S,
            "close_timeout": CLOSE_S,
            # A proxy of the environment's does not reach this machine's own servers.
            **({"proxy": None} if is_local else {}),
        }

    @property
    def server(self) -> str:
        """Host and port, as errors name them."""
        return self._server

    async def connect(self, model: str) -> "OpenAIConnection":
        """Open a connection. Raises PersonaError."""
        try:
            async with asyncio.timeout(OPEN_S + CLOSE_S):
                manager = self._client.realtime.connect(
                    model=model, websocket_connection_options=cast(Any, self._options)
                )
                return OpenAIConnection(await manager.enter(), self.server, model)
        except InvalidStatus as error:
            response = error.response
            raise self._by_status(response.status_code, _codes(response.body), model) from error
        except TimeoutError as error:
            raise PersonaUnreachable(server=self.server, reason="no answer in time") from error
        except OSError as error:
            # asyncio's own text names the address instead of the reason.
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else type(error).__name__
            raise PersonaUnreachable(server=self.server, reason=reason) from error
        except ConnectionClosed as error:
            raise PersonaConnectionLost(server=self.server) from error
        except (InvalidHandshake, InvalidURI) as error:
            raise PersonaServerForeign(server=self.server) from error
        except (WebSocketException, openai.OpenAIError, EOFError) as error:
            raise PersonaServerFailed(server=self.server, reason=type(error).__name__) from error

    async def close(self) -> None:
        """Let go of the SDK's own connections; idempotent."""
        await self._http.aclose()

    def _by_status(self, status: int, codes: set[str], model: str) -> PersonaError:
        if named := error_by_code(codes, self.server, model):
            return named
        reason = ", ".join([str(status), *sorted(codes)])
        match status:
            case 401 | 403:
                return PersonaKeyRefused(server=self.server)
            case 429:
                return PersonaRateLimited(server=self.server)
            case 408 | 409 | 425:
                return PersonaServerFailed(server=self.server, reason=reason)
            case _ if status >= 500:
                return PersonaServerFailed(server=self.server, reason=reason)
            case _ if 200 <= status < 300:
                return PersonaServerForeign(server=self.server)
        return PersonaRequestRefused(server=self.server, reason=reason)


class OpenAIConnection:
    """Implements `core.persona.connection.RealtimeConnection`."""

    def __init__(self, connection: AsyncRealtimeConnection, server: str, model: str) -> None:
        self._connection = connection
        self._server = server
        self._model = model

    async def send(self, event: ClientEvent) -> None:
        """Send an event. Raises PersonaError when the connection is over."""
        try:
            await self._connection.send_raw(json.dumps(event))
        except (WebSocketException, openai.OpenAIError, OSError) as error:
            raise self._end(error) from error

    async def receive(self) -> ServerEvent | None:
        """The next event; None for a message that is none. Raises PersonaError when the connection is over."""
        try:
            message = await self._connection.recv_bytes()
        except (WebSocketException, openai.OpenAIError, OSError) as error:
            raise self._end(error) from error
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            return None
        kind = body.get("type") if isinstance(body, dict) else None
        return ServerEvent(kind, body) if isinstance(kind, str) else None

    async def close(self) -> None:
        """Close it; idempotent."""
        try:
            async with asyncio.timeout(2 * CLOSE_S):
                await self._connection.close()
        except (WebSocketException, openai.OpenAIError, OSError):
            # There is nothing left to close.
            return

    def _end(self, error: Exception) -> PersonaError:
        if not isinstance(error, ConnectionClosed) or error.rcvd is None:
            return PersonaConnectionLost(server=self._server)
        reason = error.rcvd.reason
        if "maximum duration" in reason:
            return PersonaSessionExpired(server=self._server)
        named = error_by_code(set(re.split(r"[^\w]+", reason)), self._server, self._model)
        return named or PersonaConnectionLost(server=self._server)


def _codes(body: bytes | bytearray | None) -> set[str]:
    """The code and type of an error in OpenAI's form; what a server wrote besides is not shown."""
    try:
        told = json.loads(body or b"")
    except (ValueError, RecursionError):
        return set()
    error = told.get("error") if isinstance(told, dict) else None
    return error_codes(error) if isinstance(error, dict) else set()
