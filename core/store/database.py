"""The database itself: engine, pragmas, migrations, and the translation of its errors."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from core.model.errors import DatabaseUnavailable, DiskFull, RecordRefused, StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 5_000


class Database:
    """An open, migrated database. Any thread."""

    def __init__(self, url: str) -> None:
        """Open and migrate. Raises DatabaseUnavailable, DiskFull."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise DatabaseUnavailable(url="", reason="the URL is not one that SQLAlchemy reads") from error
        self.shown_url = parsed.render_as_string(hide_password=True)
        self.file = Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
        if self.file is not None:
            self._make_folder(self.file.parent)
        try:
            # Parameters are what callers said: they must be in no message and no log.
            self.engine: Engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
        except (NoSuchModuleError, ImportError) as error:
            raise DatabaseUnavailable(url=self.shown_url, reason=str(error)) from error
        if self.file is not None:
            event.listen(self.engine, "connect", _set_pragmas)
        with self.transaction() as connection:
            self._migrate(connection)

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._translated(error) from error

    def _migrate(self, connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, with the database's errors translated.

        Raises:
            DiskFull: there is no room; nothing of the transaction is kept.
            RecordRefused: it refers to what is not there; it will never succeed.
            DatabaseUnavailable: anything else.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._translated(error) from error

    def _translated(self, error: SQLAlchemyError | OSError) -> StoreError:
        original = getattr(error, "orig", None) or error
        if isinstance(original, OSError) and original.errno == errno.ENOSPC:
            return DiskFull(path=str(self.file or self.shown_url))
        if "disk is full" in str(original) or "disk I/O error" in str(original):
            return DiskFull(path=str(self.file or self.shown_url))
        if isinstance(error, IntegrityError):
            return RecordRefused(reason=str(original))
        return DatabaseUnavailable(url=self.shown_url, reason=str(original))

    def close(self) -> None:
        """Give the connections back; idempotent."""
        self.engine.dispose()


def _set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # FULL: what was committed survives a power cut, not only a crash of the process.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
