"""Where aioice finds a leg's addresses: its own within the port range, and those that STUN and TURN servers give.

Beside compat.py, for the length of both, the only place that touches aiortc's and aioice's private parts;
tests/media/test_compat.py says when these change.
"""

import asyncio
import errno
import ipaddress
import logging
import secrets
import socket
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain

from aioice import Candidate, Connection, TransportPolicy
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, relayed_candidate, server_reflexive_candidate
from aioice.stun import TransactionError, TransactionFailed
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc import RTCRtpSender, rtcicetransport

from core.media.address_range import PortRange
from core.model.errors import MediaPortsUsedUp
from core.model.media_path import CandidateType, MediaPath, PathTransport

logger = logging.getLogger(__name__)

STUN_TIMEOUT_S = 2.0
GATHER_TIMEOUT_S = 5.0
"""How long a TURN server may take where nothing else may be used. A browser's START waits for it, and so does whoever
asked the media process."""
BESIDE_TIMEOUT_S = 2.0
"""How long it may take where the machine's own addresses will mostly do: enough for TLS over the longest ways."""

RELEASE_TIMEOUT_S = 1.0
"""How long a TURN server may take to be told that an address is not needed any more; it then forgets it by itself."""

_CONNECTION = "Connection"
_TURN_CLOSING, _TURN_CLIENT = "_TurnTransport__close_task", "_TurnTransport__inner_protocol"
_COMPONENT = 1
"""ICE component of RTP and, multiplexed, RTCP."""
UNAUTHORIZED = frozenset({401, 441})
"""RFC 8656, section 18: no credentials that fit, credentials of somebody else."""


@dataclass(frozen=True, slots=True)
class RelayProblem:
    """Why a TURN server gave no address."""

    reason: str
    """For the log."""
    is_refusal: bool
    """Whether the credentials are at fault."""


def limit_addresses(ports: PortRange | None, advertised: str) -> None:
    """Have every connection that this process makes from now on listen within `ports`, known as `advertised`.

    Args:
        ports: None for any port. What goes to a TURN server comes from any port in any case.
        advertised: IP address that takes the place of this machine's own of the same IP version in what browsers are
            told, because packets to it arrive here on the same port (1:1 NAT). Empty for the machine's own. Addresses
            that STUN and TURN servers gave stay as they are.
    """
    setattr(rtcicetransport, _CONNECTION, _limited(ports, advertised))


def relay_problem(sender: RTCRtpSender) -> RelayProblem | None:
    """Why the connection of `sender` has no relay; None where it has one, or has no TURN server. Media loop only."""
    problem = getattr(sender.transport.transport._connection, "relay_problem", None)
    return problem if isinstance(problem, RelayProblem) else None


def path_in_use(sender: RTCRtpSender) -> MediaPath | None:
    """The path that ICE has nominated for the connection of `sender`; None before. Media loop only."""
    connection = sender.transport.transport._connection
    pair = connection._nominated.get(_COMPONENT)
    if pair is None:
        return None
    local = CandidateType(pair.local_candidate.type)
    transport = PathTransport.UDP
    if local is CandidateType.RELAY and connection.turn_transport == "tcp":
        transport = PathTransport.TLS if connection.turn_ssl else PathTransport.TCP
    return MediaPath(local, CandidateType(pair.remote_candidate.type), transport)


def _limited(ports: PortRange | None, advertised: str) -> type[Connection]:
    class LimitedConnection(Connection):
        relay_problem: RelayProblem | None = None

        async def get_component_candidates(
            self,
            component: int,
            addresses: list[str],
            timeout: int = 5,  # noqa: ASYNC109 - aioice's own signature
        ) -> list[Candidate]:
            protocols = await self._listen(component, addresses)
            self._protocols += protocols
            gathered = await asyncio.gather(
                self._relayed(component),
                *(self._reflexive(protocol) for protocol in protocols),
            )
            return [
                *(protocol.local_candidate for protocol in protocols),
                *(candidate for candidate in gathered if candidate is not None),
            ]

        async def _listen(self, component: int, addresses: list[str]) -> list[StunProtocol]:
            protocols = []
            used_up = False
            for address in addresses:
                try:
                    bound = _bind(address, ports)
                except MediaPortsUsedUp:
                    used_up = True
                    continue
                except OSError as error:
                    logger.info("no audio at the address %s: %s", address, error)
                    continue
                _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: StunProtocol(self), sock=bound
                )
                host, port = bound.getsockname()[:2]
                protocol.local_candidate = Candidate(
                    foundation=candidate_foundation("host", "udp", host),
                    component=component,
                    transport="udp",
                    priority=candidate_priority(component, "host"),
                    host=host,
                    port=port,
                    type="host",
                )
                protocols.append(protocol)
            if used_up and not protocols:
                raise MediaPortsUsedUp(ports=str(ports))
            return protocols

        async def _reflexive(self, protocol: StunProtocol) -> Candidate | None:
            if self.stun_server is None or ipaddress.ip_address(protocol.local_candidate.host).version != 4:
                return None
            try:
                async with asyncio.timeout(STUN_TIMEOUT_S):
                    candidate, _ = await server_reflexive_candidate(protocol, self.stun_server)
            except (OSError, TimeoutError, TransactionError) as error:
                logger.warning("the STUN server %s:%d gave no address: %s", *self.stun_server, _in_words(error))
                return None
            return candidate

        async def _relayed(self, component: int) -> Candidate | None:
            if self.turn_server is None:
                return None
            is_needed = self._transport_policy is TransportPolicy.RELAY
            try:
                async with asyncio.timeout(GATHER_TIMEOUT_S if is_needed else BESIDE_TIMEOUT_S):
                    candidate, protocol = await relayed_candidate(
                        component=component,
                        hide_related_address=is_needed,
                        protocol_factory=lambda: StunProtocol(self),
                        turn_server=self.turn_server,
                        turn_username=self.turn_username,
                        turn_password=self.turn_password,
                        turn_ssl=self.turn_ssl,
                        turn_transport=self.turn_transport,
                    )
            except (OSError, TimeoutError, TransactionError) as error:
                refused = isinstance(error, TransactionFailed) and error.response.error_code in UNAUTHORIZED
                self.relay_problem = RelayProblem(_in_words(error), is_refusal=refused)
                return None
            if self._closing:
                await protocol.close()
                return None
            self._protocols.append(protocol)
            return candidate

        async def connect(self) -> None:
            await super().connect()
            if self._closing and self._query_consent_task is not None:
                # It was closed between the moment in which ICE found a path and now: nobody would end this any more.
                self._query_consent_task.cancel()
                await asyncio.gather(self._query_consent_task, return_exceptions=True)
                raise ConnectionError("it was closed in the meantime")

        async def close(self) -> None:
            relays = [p.transport for p in self._protocols if p.local_candidate.type == "relay"]
            forsaking = asyncio.get_running_loop().call_later(RELEASE_TIMEOUT_S, forsake, relays)
            try:
                await super().close()
            finally:
                forsaking.cancel()

        @property
        def local_candidates(self) -> list[Candidate]:
            return _as_advertised(super().local_candidates, advertised)

    return LimitedConnection


def forsake(relays: Sequence[asyncio.DatagramTransport]) -> None:
    """Close the sockets to TURN servers that do not answer: aioice asks them for a minute, and waits for that."""
    for relay in relays:
        logger.warning("a TURN server does not answer, so it was not told that an address is free again")
        getattr(relay, _TURN_CLIENT).transport.abort()
        if closing := getattr(relay, _TURN_CLOSING):
            closing.cancel()


def _in_words(error: Exception) -> str:
    return str(error) or "it did not answer in time"


def _bind(address: str, ports: PortRange | None) -> socket.socket:
    """A UDP socket; which port of the range is free is left to the system, so that nobody comes between."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
        if ports is None:
            bound.bind((address, 0))
            return bound
        # From anywhere in the range: a port that was just given up may still get packets of its former browser.
        for port in chain(*ports.beginning_at(secrets.randbelow(len(ports)))):
            try:
                bound.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return bound
        raise MediaPortsUsedUp(ports=str(ports))
    except BaseException:
        bound.close()
        raise


def _as_advertised(candidates: list[Candidate], advertised: str) -> list[Candidate]:
    if not advertised:
        return candidates
    told = ipaddress.ip_address(advertised)
    own = [ipaddress.ip_address(candidate.host) for candidate in candidates if candidate.type == "host"]
    # Where it is one of the machine's own, the others are those that browsers cannot reach.
    reached = [told] if told in own else [address for address in own if address.version == told.version]
    return [
        _at(candidate, str(told)) if candidate.type == "host" else candidate
        for candidate in candidates
        if candidate.type != "host" or ipaddress.ip_address(candidate.host) in reached
    ]


def _at(candidate: Candidate, host: str) -> Candidate:
    moved = copy(candidate)
    moved.host = host
    return moved
