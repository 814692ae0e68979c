"""The end of the server: calls between people may finish first, then open streams are told, then the server stops.

The server waits for every open response before it runs the closing half of its lifespan, and a stream of events never
ends by itself: it has to hear of the stop when the server is really stopped.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from types import FrameType

from core.model.errors import EarshotError

logger = logging.getLogger(__name__)


class ShutdownNotice:
    """Given once, when the server is stopped. `is_given` may be read on any thread; the rest is the server's loop's."""

    def __init__(self) -> None:
        self._given = False
        self._draining: asyncio.Task[None] | None = None

    @property
    def is_given(self) -> bool:
        """Whether the server is being stopped."""
        return self._given

    def watch_signals(self, drain: Callable[[], None]) -> None:
        """Take SIGTERM and SIGINT over from the server until it is time. On the server's loop, in the main thread.

        The first SIGTERM stops the server after `drain`, which is called on a worker thread and returns once no call
        needs the server any more. A second one, and SIGINT (Ctrl-C), stop it at once.
        """
        loop = asyncio.get_running_loop()
        asked = False

        def watch(number: int) -> None:
            former = signal.getsignal(number)

            def stop() -> None:
                self._given = True
                if callable(former):
                    former(number, None)

            def handle(number: int, _: FrameType | None) -> None:
                nonlocal asked
                if asked or number == signal.SIGINT:
                    stop()
                else:
                    asked = True
                    loop.call_soon_threadsafe(self._begin, drain, stop)

            signal.signal(number, handle)

        for number in (signal.SIGINT, signal.SIGTERM):
            watch(number)

    def _begin(self, drain: Callable[[], None], stop: Callable[[], None]) -> None:
        self._draining = asyncio.create_task(_drain_first(drain, stop), name="server-drain")

    async def close(self) -> None:
        """Wait for the end of a drain that was cut short; after the backend was closed. Idempotent."""
        if self._draining is not None:
            await asyncio.gather(self._draining, return_exceptions=True)


async def _drain_first(drain: Callable[[], None], stop: Callable[[], None]) -> None:
    logger.info("the server takes no new calls and stops when those between people have ended")
    try:
        await asyncio.to_thread(drain)
    except EarshotError as error:
        logger.warning("the server is stopped without waiting for its calls: %s", error)
    finally:
        stop()
