"""The way out to the webhook: one POST to an address that was looked at first. Only home of httpcore.

A host name is resolved here, every address it has is judged, and the connection goes to one of just these addresses: a
name that resolves differently a moment later (DNS rebinding) gains nothing. Redirects are not followed, and no proxy
of the environment is used.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpcore

from core.model.clock import Clock
from core.model.errors import WebhookAddressRefused, WebhookFailed

TIMEOUT_S = 5.0
"""For each step: connecting, the handshake, sending, and every wait for the answer."""
TOTAL_S = 10.0
"""For a whole delivery: others wait behind it, and a receiver may answer a byte at a time. The system's resolver alone
keeps to its own limits."""
Resolve = Callable[[str, int], tuple[str, ...]]
"""From a host and a port to IP addresses. Raises OSError."""

_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    # What httpcore, the resolver and sockets say of an address that none of them can use.
    ValueError,
    TypeError,
    OverflowError,
)
_TRANSLATED = ip_network("64:ff9b::/96")
"""Addresses that stand for IPv4 ones (RFC 6052): the last 32 bits are that."""


def resolve(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a host, as the system gives them. Blocking. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to everybody's internet: none of this machine, a private network or a link."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _TRANSLATED:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class _Deadline:
    """The end of an exchange, which shortens the time of each of its steps."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._at = clock.monotonic() + seconds

    def limit(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        """Seconds that a step may take. Raises `late` where none are left."""
        left = self._at - self._clock.monotonic()
        if left <= 0:
            raise late("the time for the whole exchange is over")
        return left if timeout is None else min(timeout, left)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose steps end with a deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.limit(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.limit(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit_s = self._deadline.limit(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, limit_s), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _JudgedAddresses(httpcore.NetworkBackend):
    """Connects to addresses that may be connected to, for one exchange each, and so long."""

    def __init__(self, allow_private: bool, resolve: Resolve, clock: Clock, total_s: float) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._clock = clock
        self._total_s = total_s
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that takes one."""
        deadline = _Deadline(self._clock, self._total_s)
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        if not self._allow_private and not all(map(is_public, addresses)):
            raise WebhookAddressRefused(host=host)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            limit_s = deadline.limit(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(address, port, limit_s, local_address, socket_options)
                return _BoundedStream(stream, deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class WebhookClient:
    """Posts to one address. One thread at a time; blocking."""

    def __init__(
        self,
        url: str,
        allow_private: bool,
        clock: Clock,
        resolve: Resolve = resolve,
        timeout_s: float = TIMEOUT_S,
        total_s: float = TOTAL_S,
    ) -> None:
        self.host = urlsplit(url).hostname or ""
        self._url = url
        self._timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        # Each delivery has a connection of its own, so that its address is judged.
        self._pool = httpcore.ConnectionPool(
            network_backend=_JudgedAddresses(allow_private, resolve, clock, total_s), max_keepalive_connections=0
        )

    def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """Send, and return the answer's status; its body is not read.

        Raises:
            WebhookAddressRefused: the host is private, and may not be.
            WebhookFailed: there is no answer, or no way to ask.
        """
        sent = [("Host", urlsplit(self._url).netloc), ("Content-Length", str(len(body))), *headers.items()]
        try:
            with self._pool.stream(
                "POST", self._url, headers=sent, content=body, extensions={"timeout": self._timeouts}
            ) as answer:
                return int(answer.status)
        except _FAILURES as error:
            raise WebhookFailed(host=self.host, reason=type(error).__name__) from error

    def close(self) -> None:
        """Let connections go; idempotent."""
        self._pool.close()
