"""`python -m core.media --socket PATH` runs the media process, `python -m core.media play` a client for files."""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import uvloop

from core.media.address_range import PortRange
from core.media.compat_ice import limit_addresses
from core.media.player import play_files
from core.media.process import ORPHAN_S, raise_priority, run
from core.model.call import LegId
from core.model.errors import EarshotError
from core.settings import BridgeKind


def main(arguments: Sequence[str]) -> int:
    """Run either command; returns the exit status."""
    if arguments[:1] == ["play"]:
        return _play(arguments[1:])
    return _serve(arguments)


def _serve(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m core.media",
        description="Run the media process: legs, bridge and RTP figures, controlled over a unix socket. "
        "`python -m core.media play --help` tells of the client that plays files.",
    )
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on, a short path")
    parser.add_argument("--bridge", type=BridgeKind, choices=list(BridgeKind), default=BridgeKind.FORWARD)
    parser.add_argument("--ports", type=PortRange.parse, help="UDP ports to listen on, such as 40000-40999")
    parser.add_argument("--advertise", default="", metavar="ADDRESS", help="IP address that browsers are told to use")
    parser.add_argument("--orphan-seconds", type=float, default=ORPHAN_S, help="end when nobody is connected so long")
    parser.add_argument("--log-level", default="INFO")
    options = parser.parse_args(arguments)
    _log(options.log_level, "media")
    raise_priority()
    limit_addresses(options.ports, options.advertise)
    try:
        uvloop.run(run(options.socket, options.bridge, options.orphan_seconds))
    finally:
        options.socket.unlink(missing_ok=True)
    return 0


def _play(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m core.media play",
        description="Play sound files into legs over real media connections. Prints one JSON object a line: "
        "`playing`, then `ended`, or `failed` with the reason.",
    )
    parser.add_argument("--socket", type=Path, required=True, help="the media process's unix socket")
    parser.add_argument("--leg", action="append", required=True, metavar="LEG=FILE", help="repeat for each leg")
    parser.add_argument("--offset-seconds", type=float, default=0.0, help="leave out so much of each file at first")
    parser.add_argument("--take-orders", action="store_true", help="be impaired as lines on standard input say")
    parser.add_argument("--loop", action="store_true", help="start again at the end, until stopped")
    parser.add_argument("--log-level", default="INFO")
    options = parser.parse_args(arguments)
    _log(options.log_level, "media player")
    files = {LegId(leg): Path(path) for leg, _, path in (pair.partition("=") for pair in options.leg)}

    def report(event: str) -> None:
        print(json.dumps({"event": event}), flush=True)

    try:
        orders = _standard_input() if options.take_orders else None
        uvloop.run(play_files(options.socket, files, report, options.loop, options.offset_seconds, orders))
    except EarshotError as error:
        parameters = {name: str(value) for name, value in error.parameters.items()}
        print(json.dumps({"event": "failed", "error": type(error).__name__, "parameters": parameters}), flush=True)
        return 1
    return 0


async def _standard_input() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield line


def _log(level: str, name: str) -> None:
    logging.basicConfig(level=level, format=f"%(asctime)s %(levelname)s [{name}] %(name)s: %(message)s")
    logging.getLogger("aioice").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
