"""The answer that was asked of a connection and has not begun. Pure, one thread.

Until it begins it has no name to be cancelled by, and a second request would be refused.
"""

from core.persona.connection import ClientEvent


class AwaitedAnswer:
    """One connection's."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """None is awaited any more."""
        self.is_awaited = False
        """Whether one was asked for, by us or by the end of the listener's speech."""
        self._is_unwanted = False
        self._next: ClientEvent | None = None
        self._request_id = ""

    def asked(self, request_id: str = "") -> None:
        """One was asked for; `request_id` is our event's, empty where the server begins by itself."""
        self.is_awaited, self._request_id = True, request_id

    def call_off(self) -> None:
        """Nobody wants it any more, nor what was to be asked after it."""
        self._is_unwanted, self._next = self.is_awaited, None

    def puts_off(self, request: ClientEvent) -> bool:
        """Whether another request has to wait until the one that was called off has begun; it is then kept."""
        if self._is_unwanted:
            self._next = request
        return self._is_unwanted

    def begun(self) -> tuple[bool, ClientEvent | None]:
        """It has begun, or was refused: whether it is to be cancelled, and what is to be asked now."""
        told = self._is_unwanted, self._next
        self.forget()
        return told

    def is_refused(self, event_id: str) -> bool:
        """Whether an error about one of our events is about the request."""
        return self.is_awaited and bool(event_id) and event_id == self._request_id
