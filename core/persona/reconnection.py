"""Whether, and when, a lost session is opened again. Pure."""

from dataclasses import dataclass

from core.model.errors import PersonaConnectionLost, PersonaError, PersonaSessionExpired, PersonaSessionSilent


@dataclass(frozen=True, slots=True)
class ReconnectRules:
    """How often, and how far apart."""

    attempts: int = 5
    apart_s: float = 3.0
    proven_s: float = 20.0
    """A connection that has lived so long, or answered once, has all attempts before it again."""


class Reconnection:
    """Counts attempts since a session last worked."""

    def __init__(self, rules: ReconnectRules) -> None:
        self.rules = rules
        self.attempt = 0
        """Which one is under way; 0 while a session works."""

    def failed(self, error: PersonaError) -> float | None:
        """How long to wait before the next attempt; None where there is none any more, or where none can help."""
        if not error.retryable or self.attempt >= self.rules.attempts:
            return None
        self.attempt += 1
        # A connection that worked until now most likely works again at once.
        is_lost = isinstance(error, PersonaConnectionLost | PersonaSessionExpired | PersonaSessionSilent)
        return 0.0 if is_lost and self.attempt == 1 else self.rules.apart_s

    def proven(self) -> None:
        """A session works."""
        self.attempt = 0
