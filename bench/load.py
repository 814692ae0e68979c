"""`python -m bench.load [--calls 80] [--json]`: what many calls cost, ours and others', side by side in one run.

Runs in a network namespace of its own (root on Linux). The server has the first core, the clients (`bench.swarm`) the
others. Ways take turns:

- `forward`, `forward_with_speech`, `tap`, `relay`: the media process, two-party calls.
- `floor`: a UDP echo of a few lines on the same event loop, without any encryption: what the machine itself takes for
  that many packets.
- `pipecat`, `fastrtc`: their WebRTC transports as an echo, two legs counted as a call, where `--others PYTHON` names an
  interpreter that has them (both bring too much along to be installed here).

Each way carries as many calls as it is given in `--calls` or, for those that transcode, `--few`.
*Send deviation* is what the media process says of itself (`RtpSample`): how much longer or shorter than usual packets
stay in it; how late the generator sends is not in it. With `forward` a stay begins when the kernel has the packet, so
that its waiting for a busy loop counts. With `tap` and `relay` it begins when aiortc hands the packet on; what it waits
before is in the delay alone. *Delay* is from a client's sending to the arrival at its partner's socket.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
import uvloop

from bench.media import leg_ids, open_call
from bench.swarm import Negotiate, Swarm, SwarmClient, speech_packets
from core.media.controller import MediaProcess
from core.media.events import MediaEvent, MediaLoad
from core.model.call import LegId
from core.model.clock import SystemClock
from core.model.sample import Direction, RtpSample
from core.settings import PROJECT_ROOT, BridgeKind, Settings
from tests.support.namespace import own_namespace

SETTLE_S = 4.0
VOICE = PROJECT_ROOT / "demo" / "agent.ogg"
OTHERS = ("pipecat", "fastrtc")


@dataclass(slots=True)
class Figures:
    """What was seen of one way, over all rounds."""

    calls: int
    cpu_pct_per_call: list[float] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    deviations_p99_ms: list[float] = field(default_factory=list)
    loop_lags_p99_ms: list[float] = field(default_factory=list)
    generator_cpu_pct: list[float] = field(default_factory=list)
    generator_late_s: list[float] = field(default_factory=list)
    packets_per_s: list[float] = field(default_factory=list)

    def report(self) -> dict[str, float]:
        """Medians and percentiles, by what they are of."""
        result = {
            "calls": float(self.calls),
            "cpu_pct_of_core_per_call": statistics.median(self.cpu_pct_per_call),
            "packets_per_s_at_an_ear": statistics.median(self.packets_per_s),
        }
        if self.delays_s:
            result["delay_p50_ms"] = 1000 * float(np.percentile(self.delays_s, 50))
            result["delay_p99_ms"] = 1000 * float(np.percentile(self.delays_s, 99))
        if self.deviations_p99_ms:
            result["send_deviation_p99_ms_median_leg"] = statistics.median(self.deviations_p99_ms)
            result["send_deviation_p99_ms_worst_twentieth"] = float(np.percentile(self.deviations_p99_ms, 95))
        if self.loop_lags_p99_ms:
            result["loop_lag_p99_ms"] = statistics.median(self.loop_lags_p99_ms)
        result["generator_cpu_pct_of_core"] = statistics.median(self.generator_cpu_pct)
        result["generator_late_p99_ms"] = 1000 * float(np.percentile(self.generator_late_s, 99))
        return {name: round(value, 3) for name, value in result.items()}


async def measure(figures: Figures, swarm: Swarm, server_pid: int, idle_pct: float, seconds: float) -> None:
    """Let a swarm that is connected talk, and take its figures and the server's CPU."""
    server, generator = psutil.Process(server_pid), psutil.Process()
    await asyncio.sleep(SETTLE_S)
    swarm.forget()
    before_s, own_before_s, began_s = cpu_s(server), cpu_s(generator), time.monotonic()
    await asyncio.sleep(seconds)
    took_s = time.monotonic() - began_s
    server_pct = 100 * (cpu_s(server) - before_s) / took_s
    figures.cpu_pct_per_call.append((server_pct - idle_pct) / figures.calls)
    figures.generator_cpu_pct.append(100 * (cpu_s(generator) - own_before_s) / took_s)
    figures.packets_per_s += [client.received / took_s for client in swarm.clients]
    figures.delays_s += [delay_s for client in swarm.clients for delay_s in client.delays_s]
    figures.generator_late_s += swarm.late_s


def cpu_s(process: psutil.Process) -> float:
    """CPU time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def idle_share(pid: int) -> float:
    """CPU of a server that has nothing to do, in percent of a core."""
    process = psutil.Process(pid)
    before_s = cpu_s(process)
    await asyncio.sleep(2.0)
    return 100 * (cpu_s(process) - before_s) / 2.0


async def media_round(figures: Figures, kind: BridgeKind, speech: bool, seconds: float, payloads: list[bytes]) -> None:
    """One stretch of our media process."""
    loads: list[MediaLoad] = []
    samples: list[RtpSample] = []

    def take(event: MediaEvent) -> None:
        if isinstance(event, MediaLoad):
            loads.append(event)
        elif isinstance(event, RtpSample) and event.direction is Direction.OUTBOUND:
            samples.append(event)

    media = MediaProcess(Settings(bridge=kind, log_level="WARNING", _env_file=None), take, SystemClock())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(media.stop)
        await media.start()
        pid = media.pid or 0
        psutil.Process(pid).cpu_affinity([0])
        await asyncio.sleep(1.0)
        idle_pct = await idle_share(pid)
        clients: list[SwarmClient] = []
        for number in range(figures.calls):
            await open_call(media, number, speech)
            left, right = (SwarmClient(_answered_by(media, leg_id), payloads) for leg_id in leg_ids(number))
            left.partner, right.partner = right, left
            clients += (left, right)
        swarm = Swarm(clients)
        stack.push_async_callback(swarm.close)
        await swarm.start()
        await asyncio.sleep(SETTLE_S)
        loads.clear()
        samples.clear()
        await measure(figures, swarm, pid, idle_pct, seconds)
        figures.loop_lags_p99_ms += [load.loop_lag_p99_ms for load in loads]
        figures.deviations_p99_ms += [each.send_deviation_p99_ms for each in samples if each.send_deviation_p99_ms]


def _answered_by(media: MediaProcess, leg_id: LegId) -> Negotiate:
    async def negotiate(offer: str) -> str:
        return await media.answer(leg_id, offer)

    return negotiate


async def other_round(figures: Figures, name: str, python: str, seconds: float, payloads: list[bytes]) -> None:
    """One stretch of another WebRTC server that echoes."""
    process = await asyncio.create_subprocess_exec(
        *(python, str(PROJECT_ROOT / "bench" / "others" / f"{name}_echo.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    asking = asyncio.Lock()

    async def negotiate(offer: str) -> str:
        if process.stdin is None or process.stdout is None:
            raise OSError(f"{name} cannot be asked")
        async with asking:
            process.stdin.write(json.dumps(offer).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            raise OSError(f"{name} ended")
        return str(json.loads(line))

    async with AsyncExitStack() as stack:
        stack.callback(process.kill)
        if process.stdout is None or not await process.stdout.readline():
            raise OSError(f"{name} did not start")
        psutil.Process(process.pid).cpu_affinity([0])
        idle_pct = await idle_share(process.pid)
        swarm = Swarm([SwarmClient(negotiate, payloads, data_channel=True) for _ in range(2 * figures.calls)])
        stack.push_async_callback(swarm.close)
        await swarm.start()
        await measure(figures, swarm, process.pid, idle_pct, seconds)


class Echo(asyncio.DatagramProtocol):
    """Sends back what it gets."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)


async def run_echo(address: str) -> None:
    """Echo until killed; says at which port."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(address, 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


class EchoClient(asyncio.DatagramProtocol):
    """Counts what comes back."""

    def __init__(self) -> None:
        self.received = 0
        self.delays_s: list[float] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received += 1

    def send(self, now_s: float) -> None:
        """Send as much as a packet of speech."""
        self._transport.sendto(bytes(120))

    async def connect(self) -> None:
        """Nothing is to be agreed on."""

    async def close(self) -> None:
        """End it."""
        self._transport.close()


async def floor_round(figures: Figures, address: str, seconds: float) -> None:
    """One stretch of the UDP echo."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load", "--echo", address), stdout=asyncio.subprocess.PIPE
    )
    async with AsyncExitStack() as stack:
        stack.callback(process.kill)
        psutil.Process(process.pid).cpu_affinity([0])
        port = int(await process.stdout.readline()) if process.stdout else 0
        clients = []
        for _ in range(2 * figures.calls):
            endpoint = asyncio.get_running_loop().create_datagram_endpoint(EchoClient, remote_addr=(address, port))
            clients.append((await endpoint)[1])
        swarm = Swarm(clients)  # type: ignore[arg-type]
        stack.push_async_callback(swarm.close)
        await swarm.start()
        await measure(figures, swarm, process.pid, 0.0, seconds)


async def run(options: argparse.Namespace, addresses: tuple[str, str]) -> dict[str, dict[str, float]]:
    """All rounds, the ways taking turns."""
    payloads = speech_packets(VOICE, 20.0)
    many, few, seconds = options.calls, options.few, options.seconds
    turns: dict[str, tuple[int, Callable[[Figures], Awaitable[None]]]] = {
        "floor": (many, lambda figures: floor_round(figures, addresses[0], seconds)),
        "forward": (many, lambda figures: media_round(figures, BridgeKind.FORWARD, False, seconds, payloads)),
        "forward_with_speech": (
            many,
            lambda figures: media_round(figures, BridgeKind.FORWARD, True, seconds, payloads),
        ),
        "forward_few": (few, lambda figures: media_round(figures, BridgeKind.FORWARD, False, seconds, payloads)),
        "floor_few": (few, lambda figures: floor_round(figures, addresses[0], seconds)),
        "tap_few": (few, lambda figures: media_round(figures, BridgeKind.TAP, False, seconds, payloads)),
        "relay_few": (few, lambda figures: media_round(figures, BridgeKind.RELAY, False, seconds, payloads)),
    }
    for name in OTHERS if options.others else ():
        turns[f"{name}_few"] = (
            few,
            lambda figures, name=name: other_round(figures, name, options.others, seconds, payloads),  # type: ignore[misc]
        )
    chosen = {name: turn for name, turn in turns.items() if not options.only or name in options.only}
    seen = {name: Figures(calls) for name, (calls, _) in chosen.items()}
    for _ in range(options.rounds):
        for name, (_, take_turn) in chosen.items():
            await take_turn(seen[name])
    return {name: figures.report() for name, figures in seen.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=80, help="two-party calls at once where nothing is transcoded")
    parser.add_argument("--few", type=int, default=5, help="two-party calls at once, for the others and to compare")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a measurement")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each way gets")
    parser.add_argument("--others", default="", metavar="PYTHON", help="interpreter that has pipecat and fastrtc")
    parser.add_argument("--only", nargs="*", metavar="WAY", help="these ways only")
    parser.add_argument("--echo", default="", metavar="ADDRESS", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    if options.echo:
        uvloop.run(run_echo(options.echo))
        return 0
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[1:])
    with own_namespace() as addresses:
        result = uvloop.run(run(options, addresses))
    if options.json:
        print(json.dumps(result))
        return 0
    for way, figures in result.items():
        print(way)
        for name, value in figures.items():
            print(f"  {name:45} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
