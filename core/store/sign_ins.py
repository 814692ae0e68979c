"""Sign-ins that were ended before their time, so that a copied token is worth nothing after a sign-out."""

import threading

from sqlalchemy import delete, insert, select

from core.store import schema
from core.store.database import Database


class EndedSignIns:
    """Kept in the database and, for quick answers, in memory: one server writes them. Any thread."""

    def __init__(self, database: Database) -> None:
        """Reads what is kept. Raises StoreError."""
        self._database = database
        self._lock = threading.Lock()
        with database.reading() as connection:
            rows = connection.execute(select(schema.ended_sign_ins)).all()
        self._until: dict[str, float] = {row.session: row.until for row in rows}

    def end(self, session: str, until: float) -> None:
        """Remember one until it would have expired (seconds since the Unix epoch). Raises StoreError."""
        with self._lock:
            is_new = session not in self._until
            # In memory first: whatever the disk does, this server takes the token no more.
            self._until[session] = until
        if is_new:
            with self._database.transaction() as connection:
                connection.execute(insert(schema.ended_sign_ins).values(session=session, until=until))

    def is_ended(self, session: str) -> bool:
        """Whether it was ended."""
        return session in self._until

    def forget(self, now: float) -> None:
        """Let go of those that have expired by now. Raises StoreError."""
        with self._lock:
            self._until = {session: until for session, until in self._until.items() if until > now}
        with self._database.transaction() as connection:
            connection.execute(delete(schema.ended_sign_ins).where(schema.ended_sign_ins.c.until <= now))
