"""What the session asks of a server that speaks the Realtime protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

ClientEvent = Mapping[str, Any]
"""An event that we send, in the protocol's own form: `type` and its fields."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event that came. What is in it is judged where it is used: the wire promises nothing."""

    type: str
    body: Mapping[str, Any]

    def text(self, key: str) -> str:
        """A member that should be a text; empty where it is none."""
        value = self.body.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> float | None:
        """A member that should be a number; None where it is none."""
        value = self.body.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def table(self, key: str) -> Mapping[str, Any]:
        """A member that should be an object; empty where it is none."""
        value = self.body.get(key)
        return value if isinstance(value, dict) else {}


class RealtimeConnection(Protocol):
    """One connection. On one loop."""

    async def send(self, event: ClientEvent) -> None:
        """Send an event, waiting while the network takes nothing. Raises PersonaError when the connection is over."""

    async def receive(self) -> ServerEvent | None:
        """The next event; None for a message that is none. Raises PersonaError when the connection is over."""

    async def close(self) -> None:
        """Close it, within two seconds; idempotent. A `receive` that waits then raises."""


class RealtimeServer(Protocol):
    """Where sessions are opened."""

    @property
    def server(self) -> str:
        """Host and port, as errors name them."""

    async def connect(self, model: str) -> RealtimeConnection:
        """Open a connection. Raises PersonaError."""
