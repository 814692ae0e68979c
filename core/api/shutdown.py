"""Tells open streams that the server is being stopped.

The server waits for every open response before it runs the closing half of its lifespan, and a stream of events never
ends by itself: it has to hear of the stop when the signal arrives.
"""

import signal
import threading
from types import FrameType


class ShutdownNotice:
    """Set once, when the process is asked to stop. Any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_given(self) -> bool:
        """Whether the server is being stopped."""
        return self._event.is_set()

    def give(self) -> None:
        """Tell all streams to end."""
        self._event.set()

    def watch_signals(self) -> None:
        """Give notice on SIGINT and SIGTERM, then let the server's own handlers run. Main thread only."""
        for number in (signal.SIGINT, signal.SIGTERM):
            former = signal.getsignal(number)

            def handle(number: int, frame: FrameType | None, former: object = former) -> None:
                self.give()
                if callable(former):
                    former(number, frame)

            signal.signal(number, handle)
