"""When a session does what."""

from dataclasses import dataclass, field

from core.persona.reconnection import ReconnectRules
from core.persona.watchdog import WatchdogRules


@dataclass(frozen=True, slots=True)
class SessionRules:
    """Seconds, but for what the rules of its parts say."""

    reconnect: ReconnectRules = field(default_factory=ReconnectRules)
    watchdog: WatchdogRules = field(default_factory=WatchdogRules)
    seek_pause_s: float = 180.0
    """So long before the limit the next pause is taken to change to a new session."""
    margin_s: float = 20.0
    """So long before the limit the change is made, pause or not."""
    renew_again_s: float = 10.0
    """After a new session could not be opened while the old one still lives."""
    ready_s: float = 10.0
    """Within which a new session must be what it was asked to be."""
    farewell_s: float = 20.0
    """How long saying goodbye may take."""
    tick_s: float = 0.1
