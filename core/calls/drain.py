"""The orderly end of a server: no new calls, and those between people may finish."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.calls.registry import CallRegistry
from core.calls.session import CallSession
from core.model.call import CallOrigin, CallState, EndReason
from core.model.clock import Clock

logger = logging.getLogger(__name__)

LOOK_S = 0.2
"""How often the running calls are counted."""


async def drain(
    registry: CallRegistry, limit_s: float, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Take no new calls, end the demos, tell the people, and wait for their calls. Runs on the calls loop.

    It returns once no call is running or, after `limit_s` seconds, all the same; whoever closes the registry then ends
    what is left.
    """
    registry.stop_taking_calls()
    until = clock.monotonic() + limit_s
    running = [session for session in registry.sessions() if not _has_ended(session)]
    people = [session for session in running if session.call.origin is CallOrigin.BROWSER and session.had_somebody]
    for session in people:
        session.tell("server_stopping")
    ending = asyncio.gather(*(session.end(EndReason.SHUTDOWN) for session in running if session not in people))
    while not all(map(_has_ended, people)):
        if clock.monotonic() >= until:
            logger.warning(
                "%d calls between people were cut off at the end of EARSHOT_DRAIN_S",
                sum(not _has_ended(session) for session in people),
            )
            break
        await sleep(LOOK_S)
    await ending


def _has_ended(session: CallSession) -> bool:
    return session.call.state is CallState.ENDED
