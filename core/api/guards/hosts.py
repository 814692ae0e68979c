"""Under which names this server answers. A web site that gives this machine's address a name of its own (DNS
rebinding) would otherwise be of one origin with Earshot, and could read it through the browser of whoever visits."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.guards.refusal import refuse
from core.model.errors import HostUnknown, SettingInvalid

LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})
_SHOWN = 100
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+?)\.?)(?::[0-9]{1,5})?")
_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:]*:[0-9a-f:.]*")


def host_name(header: str) -> str:
    """The name or address of a `Host` header, in lower case, without port, brackets and closing dot; or nothing."""
    found = _HOST.fullmatch(header.lower())
    return plain_address(found[1] or found[2]) if found else ""


def plain_address(name: str) -> str:
    """An IP address in its one usual spelling, an IPv4 address in IPv6 as IPv4; any other name as it is."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return str(getattr(address, "ipv4_mapped", None) or address)


def own_names(bind_address: str, public_host: str, machine: str) -> tuple[str, ...]:
    """The names that are answered when none are set: loopback's, the bind address, the public URL's, the machine's."""
    names = (*LOOPBACK, bind_address, public_host, machine)
    return tuple(dict.fromkeys(name.lower() for name in names if name not in EVERY_ADDRESS))


class TrustedHosts:
    """Refuses with 400 what is meant for another name; handshakes of websockets as well.

    Args:
        patterns: host names and addresses, `*.example.com` for every name below that one, `*` for all; as
            `checked_patterns` gives them.
        answer_own_addresses: also answer when the host is the very IP address that the connection came in on. A name
            cannot be forged that way, so this is safe from rebinding; it helps where a server in development is
            opened from another machine.
    """

    def __init__(self, app: ASGIApp, patterns: Sequence[str], answer_own_addresses: bool = False) -> None:
        self._app = app
        self._every = "*" in patterns
        self._names = frozenset(patterns)
        self._endings = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*."))
        self._answer_own_addresses = answer_own_addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a handshake on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = host_name(given[0]) if len(given) == 1 else ""
        if host and self._is_trusted(host, scope):
            await self._app(scope, receive, send)
        else:
            shown = ", ".join(given)[:_SHOWN] or "(none)"
            await refuse(scope, receive, send, HostUnknown(host=shown), 400)

    def _is_trusted(self, host: str, scope: Scope) -> bool:
        if self._every or host in self._names or host.endswith(self._endings):
            return True
        connected = scope.get("server") or ("",)
        return self._answer_own_addresses and _is_address(host) and host == plain_address(connected[0])


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def checked_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns of host names, each in its one usual spelling.

    Raises:
        SettingInvalid: one is none.
    """
    return tuple(pattern if pattern == "*" else _checked(pattern) for pattern in patterns)


def _checked(pattern: str) -> str:
    name = pattern.lower().strip("[]").rstrip(".")
    if not _PATTERN.fullmatch(name):
        raise SettingInvalid(key="EARSHOT_TRUSTED_HOSTS", reason=f"{pattern} is not a host name (without a port)")
    return plain_address(name)
