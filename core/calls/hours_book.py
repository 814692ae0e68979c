"""When which persona may be talked to: its own hours or everybody's, and what supervisors said for a while."""

import threading
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from core.model.call import PersonaId
from core.model.clock import Clock
from core.model.errors import HoursOverrideInvalid, PersonaClosed
from core.model.message import Message
from core.model.opening_hours import HoursOverride, Opening, OpeningHours
from core.model.persona import Persona
from core.persona.opening_hours import opening_at

LONGEST_OVERRIDE_S = 31 * 24 * 3600.0
"""What is to be so for longer belongs into the persona's file."""


class HoursBook:
    """One a server. Any thread.

    Args:
        general: The hours of personas that have none of their own.
        overrides: Those in force.
        clock: Tells when it is.
    """

    def __init__(self, general: OpeningHours, overrides: Mapping[PersonaId, HoursOverride], clock: Clock) -> None:
        self._general = general
        self._clock = clock
        self._lock = threading.Lock()
        self._overrides = dict(overrides)

    def hours_of(self, persona: Persona) -> OpeningHours:
        """A persona's hours of the week."""
        return persona.opening_hours or self._general

    def override_of(self, persona_id: PersonaId) -> HoursOverride | None:
        """What a supervisor said of a persona, while it is in force."""
        with self._lock:
            override = self._overrides.get(persona_id)
        return override if override is not None and override.until > self._clock.wall() else None

    def opening(self, persona: Persona) -> Opening:
        """Whether a persona is open now, and when that changes."""
        return opening_at(self.hours_of(persona), self._clock.wall(), self.override_of(persona.id))

    def require_open(self, persona: Persona) -> None:
        """Raises PersonaClosed, which says when it opens, outside a persona's hours."""
        opening = self.opening(persona)
        if not opening.is_open:
            opens = Message("It is not known when it opens.")
            if opening.changes_at is not None:
                at = told_moment(opening.changes_at, self.hours_of(persona).time_zone)
                opens = Message("It opens on {time}.", {"time": at})
            raise PersonaClosed(persona=persona.name, opens=opens)

    def checked(self, is_open: bool, until: float, by: str) -> HoursOverride:
        """What a supervisor says. Raises HoursOverrideInvalid where it would have no effect, or for too long."""
        now = self._clock.wall()
        if not until > now:
            raise HoursOverrideInvalid(reason=Message("that time is over"))
        if until > now + LONGEST_OVERRIDE_S:
            days = {"days": round(LONGEST_OVERRIDE_S / 86_400)}
            raise HoursOverrideInvalid(reason=Message("that is more than {days} days from now", days))
        return HoursOverride(is_open, until, by)

    def put(self, persona_id: PersonaId, override: HoursOverride | None) -> None:
        """Let this be in force, in place of what was; None for the hours alone."""
        with self._lock:
            if override is None:
                self._overrides.pop(persona_id, None)
            else:
                self._overrides[persona_id] = override


def told_moment(at: float, time_zone: str) -> str:
    """A moment (seconds since the Unix epoch) by the clock of a zone, with its name: `2026-11-30 08:00 Asia/Seoul`."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(time_zone)):%Y-%m-%d %H:%M} {time_zone}"
