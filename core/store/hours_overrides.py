"""Until when supervisors hold a persona open or closed: at most one statement a persona."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from core.model.call import PersonaId
from core.model.opening_hours import HoursOverride
from core.store import schema
from core.store.database import Database


class HoursOverrides:
    """Kept in the database. Every method blocks for a transaction and may raise StoreError; any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self, now: float) -> Mapping[PersonaId, HoursOverride]:
        """Those whose time is not over by now (seconds since the Unix epoch)."""
        table = schema.hours_overrides
        with self._database.reading() as connection:
            rows = connection.execute(select(table).where(table.c.until > now)).all()
        return {PersonaId(row.persona_id): HoursOverride(row.is_open, row.until, row.by) for row in rows}

    def put(self, persona_id: PersonaId, override: HoursOverride) -> None:
        """Keep one in place of the former."""
        table = schema.hours_overrides
        values = {"is_open": override.is_open, "until": override.until, "by": override.by}
        with self._database.transaction() as connection:
            connection.execute(delete(table).where(table.c.persona_id == persona_id))
            connection.execute(insert(table).values(persona_id=persona_id, **values))

    def remove(self, persona_id: PersonaId) -> None:
        """Let go of one; idempotent."""
        table = schema.hours_overrides
        with self._database.transaction() as connection:
            connection.execute(delete(table).where(table.c.persona_id == persona_id))
