"""The way to Google Speech-to-Text: where it is, credentials, and one channel that all streams share."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import google.auth
from google.api_core.client_options import ClientOptions
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud.speech_v2 import SpeechAsyncClient
from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport
from grpc import aio

from core.model.errors import SpeechError, SpeechServiceFailed, SpeechServiceRefused

logger = logging.getLogger(__name__)

SERVICE = "google"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"

Options = Sequence[tuple[str, int]]
"""Of a channel."""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """How a connection whose path is dead is found out, instead of stalling every stream that is opened on it."""

    time_s: float = 30.0
    """Without a word from the service it is asked for a sign of life; as often as Google's own clients ask."""
    timeout_s: float = 10.0
    """Without an answer, or with audio that nobody acknowledges, for so long the connection is given up."""

    @property
    def options(self) -> Options:
        """The same for a channel. On Linux gRPC has the time-out set TCP_USER_TIMEOUT, too."""
        timeout_ms = round(self.timeout_s * 1000)
        return (
            ("grpc.keepalive_time_ms", round(self.time_s * 1000)),
            ("grpc.keepalive_timeout_ms", timeout_ms),
            # While gRPC waits for the answer to a ping of another purpose, for a minute by default, it sends none.
            ("grpc.http2.ping_timeout_ms", timeout_ms),
        )


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """Which recogniser is asked, and where."""

    project: str
    """Empty for the credentials' own."""
    region: str
    model: str
    recognizer: str = "_"
    """Name of a recogniser in the project; `_` for none."""
    endpoint: str = ""
    """URL of the service, empty for the region's own; `http://` for an unencrypted one."""
    keep_alive: KeepAlive = KeepAlive()

    @property
    def address(self) -> str:
        """Host, and port where it is given."""
        if self.endpoint:
            return urlsplit(self.endpoint).netloc
        return "speech.googleapis.com" if self.region == "global" else f"{self.region}-speech.googleapis.com"

    @property
    def is_plain(self) -> bool:
        """Whether the endpoint is spoken to without TLS, and without credentials."""
        return self.endpoint.startswith("http://")


@dataclass(frozen=True, slots=True)
class Connection:
    """The client, and whom to ask with it."""

    client: SpeechAsyncClient
    recognizer: str
    """The recogniser's path."""


class GoogleConnector:
    """Makes the connection at first use. On the provider's loop."""

    def __init__(self, settings: GoogleSettings) -> None:
        self._settings = settings
        self._connecting = asyncio.Lock()
        self._connection: Connection | None = None
        self._complaint = ""

    async def connect(self) -> Connection:
        """The connection. Raises SpeechServiceRefused, SpeechServiceFailed; the next call tries again."""
        async with self._connecting:
            if self._connection is None:
                self._connection = await self._make_connection()
            return self._connection

    async def close(self) -> None:
        """Close the channel, where there is one."""
        if self._connection is not None:
            await cast("_Closeable", self._connection.client.transport).close()

    async def _make_connection(self) -> Connection:
        settings = self._settings
        if settings.is_plain:
            channel = aio.insecure_channel(settings.address, options=settings.keep_alive.options)
            client = SpeechAsyncClient(transport=SpeechGrpcAsyncIOTransport(channel=channel))
            return Connection(client, self._recognizer(settings.project))
        try:
            # It reads files and may ask the machine's metadata server.
            credentials, project = await asyncio.to_thread(google.auth.default, scopes=[SCOPE])
            if not settings.project and not project:
                raise SpeechServiceRefused(service=SERVICE, reason="no project", setting="EARSHOT_GOOGLE_PROJECT")
            client = SpeechAsyncClient(
                credentials=credentials,
                transport=partial(
                    SpeechGrpcAsyncIOTransport, channel=partial(_tls_channel, more=settings.keep_alive.options)
                ),
                client_options=ClientOptions(api_endpoint=settings.address),
            )
        except (GoogleAuthError, OSError, ValueError) as error:
            self._log_once(str(error))
            raise as_credentials_error(error) from error
        return Connection(client, self._recognizer(settings.project or project or ""))

    def _recognizer(self, project: str) -> str:
        return f"projects/{project}/locations/{self._settings.region}/recognizers/{self._settings.recognizer}"

    def _log_once(self, words: str) -> None:
        # It is tried again for as long as it takes.
        if words != self._complaint:
            self._complaint = words
            logger.warning("no Google credentials: %s", words)


def as_credentials_error(error: GoogleAuthError | OSError | ValueError) -> SpeechError:
    """What is wrong with the credentials, or the way to whoever gives them."""
    if isinstance(error, GoogleAuthError) and error.retryable:
        return SpeechServiceFailed(service=SERVICE, reason=type(error).__name__)
    is_missing = isinstance(error, DefaultCredentialsError | OSError)
    reason = "no credentials" if is_missing else type(error).__name__
    return SpeechServiceRefused(service=SERVICE, reason=reason, setting=CREDENTIALS)


class _Closeable(Protocol):
    """The transport, as far as its package tells no types."""

    async def close(self) -> None: ...


def _tls_channel(host: str, *, options: Options, more: Options, **arguments: Any) -> aio.Channel:
    """The channel that the transport makes by itself, with more options."""
    return SpeechGrpcAsyncIOTransport.create_channel(host, options=[*options, *more], **arguments)
