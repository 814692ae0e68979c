"""The database itself: engine, pragmas, migrations, and the translation of its errors."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.pool import ConnectionPoolEntry

from core.model.errors import DatabaseUnavailable, DiskFull, RecordRefused, StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 5_000
"""How long a write waits for another process that is writing."""
NO_ROOM_BYTES = 1 << 20
"""With less than this left, an input/output error of SQLite is a full disk."""
POSTGRESQL_DISK_FULL = "53100"

DatabaseError = SQLAlchemyError | OSError | UnicodeError


def shown_url(url: str) -> str:
    """A database's URL as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


class Database:
    """An open, migrated database. Any thread."""

    def __init__(self, url: str, migrations: Path = MIGRATIONS) -> None:
        """Open and migrate. Raises DatabaseUnavailable, DiskFull."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise DatabaseUnavailable(url="(unreadable)", reason="the URL is not one that SQLAlchemy reads") from error
        self.shown_url = parsed.render_as_string(hide_password=True)
        self.file = self._prepared_file(parsed) if parsed.get_backend_name() == "sqlite" else None
        try:
            self.engine = _engine(parsed)
        except (NoSuchModuleError, ImportError) as error:
            raise DatabaseUnavailable(url=self.shown_url, reason=str(error)) from error
        self._writing = self.engine.execution_options(begin="BEGIN IMMEDIATE")
        self._migrate(parsed, migrations)

    def _prepared_file(self, url: URL) -> Path:
        if url.database in (None, "", ":memory:"):
            raise DatabaseUnavailable(url=self.shown_url, reason="a database in memory keeps nothing")
        file = Path(url.database)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._translated(error) from error
        return file

    def _migrate(self, url: URL, migrations: Path) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        # SQLite changes a table by making it anew; with foreign keys on, dropping the old one would delete all that
        # refers to it.
        engine = _engine(url, foreign_keys=False).execution_options(begin="BEGIN IMMEDIATE")
        try:
            with self._translating(), engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseUnavailable(
                url=self.shown_url, reason="it is not Earshot's, or was made by a later version of it"
            ) from error
        finally:
            engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction that writes, committed at the end of the block, with the database's errors translated.

        Raises:
            DiskFull: there is no room; nothing of the transaction is kept.
            RecordRefused: it contradicts what is kept, or cannot be kept at all; it will never succeed.
            DatabaseUnavailable: anything else; nothing of the transaction is kept.
        """
        with self._translating(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that only reads, and sees the database as it was at one moment. Raises like `transaction`."""
        with self._translating(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, UnicodeError) as error:
            raise self._translated(error) from error

    def _translated(self, error: DatabaseError) -> StoreError:
        original = getattr(error, "orig", None) or error
        if self._is_out_of_room(original):
            return DiskFull(path=str(self.file or self.shown_url))
        if isinstance(error, IntegrityError):
            return RecordRefused(reason=str(original))
        if isinstance(error, DataError | ProgrammingError | UnicodeError) or (
            isinstance(error, StatementError) and not isinstance(error, DBAPIError)
        ):
            # The driver's own words may quote a value, which may be what a caller said.
            return RecordRefused(reason=f"it cannot be kept as it is ({type(original).__name__})")
        return DatabaseUnavailable(url=self.shown_url, reason=str(original))

    def _is_out_of_room(self, original: BaseException) -> bool:
        if isinstance(original, OSError):
            return original.errno == errno.ENOSPC
        code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
        if code.startswith("SQLITE_IOERR") and self.file is not None:
            return shutil.disk_usage(self.file.parent).free < NO_ROOM_BYTES
        return code in ("SQLITE_FULL", POSTGRESQL_DISK_FULL)

    def close(self) -> None:
        """Give the connections back; idempotent."""
        self.engine.dispose()


def _engine(url: URL, foreign_keys: bool = True) -> Engine:
    # Parameters are what callers said: they must be in no message and no log.
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    if url.get_backend_name() != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        # FULL: what was committed survives a power cut, not only a crash of the process.
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver by itself begins none for reading or for changing a table. One that writes asks for the lock at
        # once: a transaction that turns from reading to writing may be refused it without waiting.
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine
