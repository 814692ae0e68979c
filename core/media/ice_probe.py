"""Asks one STUN or TURN server for an address, as a leg of this machine would. Any loop."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from aioice import Candidate
from aioice.ice import StunProtocol, server_reflexive_candidate
from aioice.stun import TransactionError, TransactionFailed
from aioice.turn import create_turn_endpoint
from aiortc.rtcicetransport import parse_stun_turn_uri

from core.media.compat_ice import RELEASE_TIMEOUT_S, UNAUTHORIZED, forsake
from core.media.ice import IceServer


class ProbeOutcome(StrEnum):
    """What came of asking a server."""

    REACHED = "reached"
    REFUSED = "refused"
    """It does not take the credentials."""
    UNREACHABLE = "unreachable"
    """It does not answer, or its name is not known."""
    UNTRUSTED = "untrusted"
    """Its certificate cannot be trusted."""
    BUSY = "busy"
    """It answered with another error, such as that it has no address left."""


@dataclass(frozen=True, slots=True)
class IceProbe:
    """What a server said."""

    outcome: ProbeOutcome
    address: str = ""
    """The address and port that it gave, when it was reached."""
    reason: str = ""
    """In English, for whoever looks after the server; empty when it was reached."""


class _Nobody:
    """Stands where aioice expects a connection: nothing but the answer to one request is wanted."""

    def protocol_lost(self, protocol: StunProtocol) -> None:
        pass

    def data_received(self, data: bytes, component: int) -> None:
        pass

    def request_received(self, message: object, addr: tuple[str, int], protocol: StunProtocol) -> None:
        pass


class _Relayed(asyncio.DatagramProtocol):
    """The user of a relayed address, who only wants to know when it is given back."""

    def __init__(self) -> None:
        self.given_back = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.given_back.set()


async def probe_stun(url: str, timeout_s: float) -> IceProbe:
    """Ask a STUN server which address it sees. Any loop; ends within `timeout_s`."""
    place = parse_stun_turn_uri(url)
    protocol: StunProtocol | None = None
    try:
        async with asyncio.timeout(timeout_s):
            _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: StunProtocol(_Nobody()),  # type: ignore[arg-type]
                local_addr=("0.0.0.0", 0),
            )
            host, port = protocol.transport.get_extra_info("sockname")
            protocol.local_candidate = Candidate("probe", 1, "udp", 1, host, port, "host")
            seen, _ = await server_reflexive_candidate(protocol, (place["host"], place["port"]))
    except (OSError, TimeoutError, TransactionError) as error:
        return _failed(error)
    finally:
        if protocol is not None:
            await protocol.close()
    return IceProbe(ProbeOutcome.REACHED, f"{seen.host}:{seen.port}")


async def probe_turn(server: IceServer, timeout_s: float) -> IceProbe:
    """Have a TURN server give an address, and give it back. Any loop; ends within `timeout_s` and a second."""
    place = parse_stun_turn_uri(server.url)
    try:
        async with asyncio.timeout(timeout_s):
            relay, protocol = await create_turn_endpoint(
                _Relayed,
                (place["host"], place["port"]),
                username=server.username or None,
                password=server.credential or None,
                ssl=place["scheme"] == "turns",
                transport=place["transport"],
            )
    except (OSError, TimeoutError, TransactionError) as error:
        return _failed(error)
    host, port = relay.get_extra_info("sockname")
    relay.close()
    try:
        async with asyncio.timeout(RELEASE_TIMEOUT_S):
            await protocol.given_back.wait()
    except TimeoutError:
        forsake([cast(asyncio.DatagramTransport, relay)])
    return IceProbe(ProbeOutcome.REACHED, f"{host}:{port}")


def _failed(error: Exception) -> IceProbe:
    reason = str(error) or "it did not answer in time"
    if isinstance(error, TransactionFailed):
        is_refusal = error.response.error_code in UNAUTHORIZED
        return IceProbe(ProbeOutcome.REFUSED if is_refusal else ProbeOutcome.BUSY, reason=reason)
    if isinstance(error, ssl.SSLError):
        return IceProbe(ProbeOutcome.UNTRUSTED, reason=reason)
    if isinstance(error, socket.gaierror):
        return IceProbe(ProbeOutcome.UNREACHABLE, reason="its name is not known")
    if isinstance(error, OSError) and error.strerror:
        return IceProbe(ProbeOutcome.UNREACHABLE, reason=error.strerror)
    return IceProbe(ProbeOutcome.UNREACHABLE, reason=reason)
