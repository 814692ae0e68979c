"""A rough network in the way of UDP: a proxy that loses and delays packets, by client and direction.

It stands in for a server's UDP ports and passes on what comes to them. It also writes down what became of every RTP
packet (their headers are not encrypted), so that a test can hold what others measured against what was done.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from time import monotonic
from typing import Any

from core.media.packet import CLOCK_RATE, signed_difference
from core.media.rtp_header import FIXED, is_rtp

START_LIMIT_S = 10.0
Address = tuple[str, int]


class Way(Enum):
    """Which way packets go."""

    TO_SERVER = "to the server"
    TO_CLIENT = "to the client"


@dataclass(frozen=True, slots=True)
class Roughness:
    """What happens to packets."""

    loss: float = 0.0
    """The probability with which an RTP packet gets lost, 1 for all. STUN, DTLS and RTCP are spared: without them a
    browser gives the path up within seconds, and makes another."""
    jitter_s: float = 0.0
    """RTP packets come late, each by a time between nothing and this."""


SMOOTH = Roughness()


@dataclass(frozen=True, slots=True)
class Passed:
    """An RTP packet, and what became of it."""

    at_s: float
    """When it came, in monotonic seconds."""
    sequence: int
    timestamp: int
    ssrc: int
    left_s: float | None
    """When it went on; None: it did not."""


@dataclass(slots=True)
class Flow:
    """One client on one port of the server."""

    client: Address
    reply: "asyncio.DatagramTransport"
    ports: set[int]
    """By what it is known: the port that the client sends from, and the one that the server finds it at, which STUN
    tells the client."""
    upstream: "asyncio.DatagramTransport | None" = None
    early: list[bytes] = field(default_factory=list)
    passed: dict[Way, list[Passed]] = field(default_factory=lambda: {way: [] for way in Way})


class UdpProxy:
    """Passes packets between clients and a server's ports. Lives on a loop; `roughen` and the figures: any thread.

    Args:
        listen: The address that clients send to.
        server: The address that they mean; the ports are the same.
        ports: All of the server's.
        random: Decides what becomes of single packets.
    """

    def __init__(self, listen: str, server: str, ports: range, random: Random) -> None:
        self._listen, self._server, self._ports, self._random = listen, server, ports, random
        self._sockets: list[asyncio.DatagramTransport] = []
        self._flows: dict[tuple[Address, int], Flow] = {}
        self._rough: dict[tuple[int, Way], Roughness] = {}

    def roughen(self, client_port: int, way: Way, roughness: Roughness) -> None:
        """Do this from now on to what a client sends or gets. It is known by its UDP port, at either end."""
        self._rough[client_port, way] = roughness

    def smooth(self) -> None:
        """Let everything through again."""
        self._rough.clear()

    def passed(self, client_port: int, way: Way, since_s: float, until_s: float) -> list[Passed]:
        """What became of a client's RTP packets that came in this time, in the order in which they came."""
        found = [p for flow in list(self._flows.values()) if client_port in flow.ports for p in list(flow.passed[way])]
        return [packet for packet in found if since_s <= packet.at_s < until_s]

    async def start(self) -> None:
        """Listen on all ports."""
        loop = asyncio.get_running_loop()
        for port in self._ports:
            transport, _ = await loop.create_datagram_endpoint(
                lambda port=port: _Receiver(lambda data, sender, own: self._from_client(data, sender, port, own)),
                local_addr=(self._listen, port),
            )
            self._sockets.append(transport)

    def _from_client(self, data: bytes, client: Address, port: int, own: "asyncio.DatagramTransport") -> None:
        flow = self._flows.get((client, port))
        if flow is None:
            flow = self._flows[client, port] = Flow(client, own, {client[1]})
            connecting = asyncio.ensure_future(self._connect(flow, port))
            connecting.set_name(f"udp-proxy-{client[1]}-{port}")
        if flow.upstream is None:
            flow.early.append(data)
        else:
            self._pass(flow, Way.TO_SERVER, data, flow.upstream.sendto)

    async def _connect(self, flow: Flow, port: int) -> None:
        def from_server(data: bytes, _: Address, __: "asyncio.DatagramTransport") -> None:
            self._pass(flow, Way.TO_CLIENT, data, lambda packet: flow.reply.sendto(packet, flow.client))

        flow.upstream, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Receiver(from_server), local_addr=(self._listen, 0), remote_addr=(self._server, port)
        )
        self._sockets.append(flow.upstream)
        flow.ports.add(flow.upstream.get_extra_info("sockname")[1])
        for data in flow.early:
            self._pass(flow, Way.TO_SERVER, data, flow.upstream.sendto)
        flow.early.clear()

    def _pass(self, flow: Flow, way: Way, data: bytes, send: Callable[[bytes], object]) -> None:
        rough = next((r for (port, of), r in self._rough.items() if of is way and port in flow.ports), SMOOTH)
        if not is_rtp(data):
            send(data)
            return
        now_s = monotonic()
        _, _, sequence, timestamp, ssrc = FIXED.unpack_from(data)
        late_s = self._random.uniform(0.0, rough.jitter_s) if rough.jitter_s else 0.0
        is_lost = self._random.random() < rough.loss
        note = flow.passed[way].append

        def go_on() -> None:
            send(data)
            note(Passed(now_s, sequence, timestamp, ssrc, monotonic()))

        if is_lost:
            note(Passed(now_s, sequence, timestamp, ssrc, None))
        elif late_s:
            asyncio.get_running_loop().call_later(late_s, go_on)
        else:
            go_on()

    def close(self) -> None:
        """Stop listening. On the proxy's loop."""
        for transport in self._sockets:
            transport.close()


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address, "asyncio.DatagramTransport"], None]) -> None:
        self._take = take
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._take(data, addr, self._transport)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at the other end (any more): its packets are lost, as they would be on the way."""


@contextmanager
def running_proxy(listen: str, server: str, ports: range, random: Random) -> Iterator[UdpProxy]:
    """A proxy on a thread of its own, in the network namespace of the thread that starts it."""
    proxy = UdpProxy(listen, server, ports, random)
    loop = asyncio.new_event_loop()
    started: Future[None] = Future()

    def run() -> None:
        try:
            loop.run_until_complete(proxy.start())
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(None)
        loop.run_forever()
        proxy.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, name="udp-proxy")
    thread.start()
    try:
        started.result(START_LIMIT_S)
        yield proxy
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(loop.stop)
        thread.join(START_LIMIT_S)


def lost_pct(packets: list[Passed]) -> float:
    """Share of the packets that did not go on, in percent."""
    return 100.0 * sum(packet.left_s is None for packet in packets) / len(packets)


def jitter_ms(packets: list[Passed]) -> float:
    """The mean of RFC 3550's interarrival jitter of what went on, as a receiver finds it that leaves out late ones."""
    gone = sorted((p for p in packets if p.left_s is not None), key=lambda p: p.left_s or 0.0)
    estimate, estimates = 0.0, []
    last = gone[0]
    for packet in gone[1:]:
        if signed_difference(packet.sequence, last.sequence, 16) <= 0:
            continue
        between_s = (packet.left_s or 0.0) - (last.left_s or 0.0)
        apart_s = signed_difference(packet.timestamp, last.timestamp, 32) / CLOCK_RATE
        estimate += (abs(between_s - apart_s) - estimate) / 16.0
        estimates.append(estimate)
        last = packet
    return 1000.0 * sum(estimates) / len(estimates)
