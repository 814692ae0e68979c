"""STUN and TURN: which servers either side of a leg uses to find its path, with which credentials."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import Self

from core.settings import IcePolicy, Settings

BROWSER = "browser"
SERVER = "server"
"""Who asks, as the TURN server's log shows it in ephemeral user names."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server."""

    url: str
    """`stun:host:port`, `turn:host:port?transport=udp`, `turns:host:port` (RFC 7064, RFC 7065)."""
    username: str = ""
    credential: str = field(default="", repr=False)

    @property
    def is_relay(self) -> bool:
        """Whether it relays: TURN, not STUN."""
        return self.url.startswith(("turn:", "turns:"))


@dataclass(frozen=True, slots=True)
class IceConfiguration:
    """What one side of a leg may use. The default is its own addresses and nothing else."""

    servers: tuple[IceServer, ...] = ()
    relay_only: bool = False
    """Every packet goes through a TURN server; no other address is told to the other side."""

    @classmethod
    def from_settings(cls, settings: Settings, now_unix_s: float, who: str) -> Self:
        """All the servers of the settings, with credentials that are good from now on.

        Args:
            settings: name the servers, and the password or the secret.
            now_unix_s: seconds since the Unix epoch, UTC; ephemeral credentials expire by it.
            who: `BROWSER` or `SERVER`.
        """
        username, credential = settings.turn_username, ""
        if settings.turn_password is not None:
            credential = settings.turn_password.get_secret_value()
        elif settings.turn_secret is not None:
            expires_unix_s = now_unix_s + settings.turn_lifetime_s
            username, credential = ephemeral_credentials(settings.turn_secret.get_secret_value(), expires_unix_s, who)
        return cls(
            servers=(
                *(IceServer(url) for url in settings.stun_servers),
                *(IceServer(url, username, credential) for url in settings.turn_servers),
            ),
            relay_only=settings.ice_policy is IcePolicy.RELAY,
        )

    @property
    def relay(self) -> IceServer | None:
        """The first TURN server, the only one that the server's side can use."""
        return next((server for server in self.servers if server.is_relay), None)

    @property
    def for_one_relay(self) -> Self:
        """With the first STUN and the first TURN server alone: aioice takes no more."""
        stun = next((server for server in self.servers if not server.is_relay), None)
        return replace(self, servers=tuple(server for server in (stun, self.relay) if server is not None))

    def as_browser_configuration(self) -> dict[str, object]:
        """The same as `RTCConfiguration` (W3C WebRTC, section 4.2.1)."""
        servers = [
            {"urls": server.url, "username": server.username, "credential": server.credential}
            if server.is_relay
            else {"urls": server.url}
            for server in self.servers
        ]
        return {"iceServers": servers, **({"iceTransportPolicy": "relay"} if self.relay_only else {})}


OWN_ADDRESSES = IceConfiguration()
"""Neither STUN nor TURN."""


def ephemeral_credentials(secret: str, expires_unix_s: float, who: str) -> tuple[str, str]:
    """A user name and a password that a TURN server with the same secret takes until they expire.

    The scheme is coturn's `use-auth-secret`, from draft-uberti-behave-turn-rest.
    """
    username = f"{int(expires_unix_s)}:{who}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
