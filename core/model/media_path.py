"""The way that a leg's packets take."""

from dataclasses import dataclass
from enum import StrEnum


class CandidateType(StrEnum):
    """How an end of the path is reached (RFC 8445, section 5.1.1)."""

    HOST = "host"
    """At an address of its own."""
    SERVER_REFLEXIVE = "srflx"
    """At the address that a STUN server sees: behind a router that translates it."""
    PEER_REFLEXIVE = "prflx"
    """At the address that the other end sees."""
    RELAY = "relay"
    """At a TURN server."""


class PathTransport(StrEnum):
    """How the server's end sends its packets out."""

    UDP = "udp"
    TCP = "tcp"
    """To its TURN server, which goes on with UDP."""
    TLS = "tls"
    """To its TURN server, which goes on with UDP."""


@dataclass(frozen=True, slots=True)
class MediaPath:
    """What ICE has chosen, as the server sees it."""

    local: CandidateType
    """The server's end."""
    remote: CandidateType
    """The browser's end."""
    transport: PathTransport

    @property
    def is_relayed(self) -> bool:
        """Whether a TURN server is on the way."""
        return CandidateType.RELAY in (self.local, self.remote)
