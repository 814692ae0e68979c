"""The media process itself: everything of it put together, from its start to its end."""

import asyncio
import gc
import logging
import os
import signal
from pathlib import Path

from core.media import compat
from core.media.bridge import Bridge
from core.media.forward import ForwardBridge
from core.media.guard import Tally
from core.media.load import report_load
from core.media.relay import RelayBridge
from core.media.server import ControlServer
from core.media.tap import TapBridge
from core.settings import BridgeKind

logger = logging.getLogger(__name__)

ORPHAN_S = 10.0
"""Without a controller for this long the process ends by itself."""

NICE = -10


def raise_priority() -> None:
    """Ask for more CPU than other processes get, where this user may."""
    try:
        os.nice(NICE)
    except OSError:
        logger.info("running at normal priority: this user may not raise it")


def quieten_collector() -> None:
    """Have Python's cycle collector pass over what is there for good, and come less often.

    It stops every packet while it looks: with 160 legs a hundredth of all time, and up to a tenth of a second at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def choose_bridge(kind: BridgeKind, tally: Tally) -> tuple[Bridge, BridgeKind, str]:
    """The bridge that was asked for, or the fallback with the reason in words."""
    problem = ""
    if kind is BridgeKind.FORWARD:
        problem = compat.forward_problem()
        if not problem:
            return ForwardBridge(tally), kind, ""
        logger.error("packets cannot be forwarded from socket to socket, they are tapped instead: %s", problem)
    if kind is not BridgeKind.RELAY:
        if not (tap_problem := compat.tap_problem()):
            return TapBridge(tally), BridgeKind.TAP, problem
        problem = tap_problem
        logger.error("packets cannot be forwarded, voices are transcoded instead: %s", problem)
    return RelayBridge(tally), BridgeKind.RELAY, problem


async def run(socket: Path, kind: BridgeKind, orphan_s: float = ORPHAN_S) -> None:
    """Serve until SIGTERM or SIGINT, or until no controller has been there for `orphan_s`."""
    quieten_collector()
    tally = Tally()
    bridge, chosen, problem = choose_bridge(kind, tally)
    server = ControlServer(bridge, tally, chosen.value, problem)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.start(socket)
    load = asyncio.create_task(report_load(server, tally, server.take_load), name="media-load")
    orphaned = asyncio.create_task(server.wait_deserted(orphan_s), name="media-orphaned")
    stopped = asyncio.create_task(stop.wait(), name="media-stopped")
    tasks = (load, orphaned, stopped)
    try:
        await asyncio.wait({orphaned, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            logger.warning("nobody has been connected for %.0f s: ending", orphan_s)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.close()
