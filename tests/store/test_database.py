import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from core.model.errors import DatabaseUnavailable, DiskFull
from core.store.database import MIGRATIONS, Database
from core.store.records import Store
from core.store.schema import metadata
from tests.store.test_records import CALL, PERSON, utterance
from tests.support.small_disk import requires_small_disk, run_on_small_disk

LATEST = "0014"
REBUILDING_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{LATEST}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calls", recreate="always") as batch_op:
        batch_op.add_column(sa.Column("title", sa.Text(), nullable=True))
"""
BREAKING_MIGRATION = (
    REBUILDING_MIGRATION
    + """
    raise OSError(28, "No space left on device")
"""
)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("nonsense", "URL"),
        ("nosuchdb://x/y", "nosuchdb"),
        ("sqlite://", "in memory"),
        ("sqlite:////proc/nowhere/x.db", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_opened_is_named(url: str, word: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=word):
        Database(url)


def test_the_password_of_a_database_is_never_shown() -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        Database("nosuchdb://me:secret@host/db")
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "earshot.db"
    file.write_bytes(b"a letter to my aunt " * 100)
    before = file.read_bytes()
    with pytest.raises(DatabaseUnavailable, match=r"earshot\.db cannot be used: file is not a database"):
        Database(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_the_database_of_a_later_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    database = Database(url)
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    database.close()
    with pytest.raises(DatabaseUnavailable, match="later version"):
        Database(url)


def test_the_migrations_make_exactly_the_schema(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / '100% of it' / 'earshot.db'}")
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_what_was_committed_survives_a_power_cut_and_what_refers_to_nothing_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'earshot.db'}")
    with database.reading() as connection:
        pragmas = [connection.execute(text(f"PRAGMA {p}")).scalar_one() for p in ("journal_mode", "synchronous")]
        assert pragmas == ["wal", 2]
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    database.close()


def _with_migration(folder: Path, source: str) -> Path:
    migrations = shutil.copytree(MIGRATIONS, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "next.py").write_text(source)
    return migrations


def test_a_migration_that_makes_a_table_anew_keeps_all_that_refers_to_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    store = Store.open(url)
    store.create_call(CALL)
    store.save_participant(CALL.id, PERSON)
    store.save_utterance(CALL.id, utterance(0))
    store.close()
    store = Store(Database(url, _with_migration(tmp_path, REBUILDING_MIGRATION)))
    assert store.load_call(CALL.id).utterances == (utterance(0),)
    store.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    Database(url).close()
    with pytest.raises(DiskFull):
        Database(url, _with_migration(tmp_path, BREAKING_MIGRATION))
    with sqlite3.connect(tmp_path / "earshot.db") as connection:
        assert "title" not in [row[1] for row in connection.execute("PRAGMA table_info(calls)")]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(LATEST,)]
    connection.close()


def _as_of(folder: Path, revision: str) -> Path:
    migrations = shutil.copytree(MIGRATIONS, folder / "old", ignore=shutil.ignore_patterns("__pycache__"))
    for file in (migrations / "versions").glob("0*.py"):
        if file.name[:4] > revision:
            file.unlink()
    return migrations


def test_what_was_kept_before_utterances_had_traces_reads_as_without_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'earshot.db'}"
    old = Database(url, _as_of(tmp_path, "0003"))
    with old.transaction() as connection:
        for row in (
            "INSERT INTO calls (id, language, state, origin, created_at) VALUES ('c1', 'ko', 'ended', 'browser', 1)",
            "INSERT INTO participants (id, call_id, name, role, joined_at, muted) VALUES ('p1','c1','J','agent',2,0)",
            "INSERT INTO utterances (call_id, id, participant_id, speaker, role, text, start_s, end_s, engine, model,"
            " recognised_s) VALUES ('c1', 'p1-0', 'p1', 'J', 'agent', '네', 1, 2, 'whisper', 'base', 2.5)",
        ):
            connection.execute(text(row))
    old.close()
    store = Store.open(url)
    call = store.load_call(CALL.id)
    (kept,) = call.utterances
    assert call.call.participants[0].language is None
    assert (kept.text, kept.trace_id, kept.first_interim_s, kept.raw_text) == ("네", "", None, "")
    store.close()


FULL_DISK = """
import sys
from pathlib import Path
from core.model.clock import SystemClock
from core.model.errors import DiskFull
from core.quality.segments import SampleWriter, read_samples
from core.store.records import Store
from tests.quality.test_segments import sample
from tests.store.test_records import CALL, PERSON, utterance

disk = Path(sys.argv[1])
ballast = disk / "ballast"
ballast.write_bytes(bytes(200_000))
store = Store.open(f"sqlite:///{disk / 'earshot.db'}")
store.create_call(CALL)
store.save_participant(CALL.id, PERSON)
refused = None
kept = 0
while refused is None:
    try:
        store.save_utterance(CALL.id, utterance(kept, "가" * 300))
        kept += 1
    except DiskFull as error:
        refused = error
assert "earshot.db is full" in str(refused), refused
assert store.load_call(CALL.id).utterances == tuple(utterance(n, "가" * 300) for n in range(kept))

(disk / "rest").write_bytes(b"")
try:
    with (disk / "rest").open("ab", buffering=0) as rest:
        while True:
            rest.write(bytes(512))
except OSError:
    pass
writer = SampleWriter(disk / "samples", SystemClock())
writer.append(CALL.id, [sample(1.0)])
try:
    writer.close(CALL.id)
    raise SystemExit("the samples were written to a full disk")
except DiskFull:
    pass

ballast.unlink()
(disk / "rest").unlink()
store.save_utterance(CALL.id, utterance(kept, "가" * 300))
writer.flush()
store.close()
again = Store.open(f"sqlite:///{disk / 'earshot.db'}")
assert len(again.load_call(CALL.id).utterances) == kept + 1 > 5
assert read_samples(disk / "samples", CALL.id).samples == (sample(1.0),)
"""


@requires_small_disk
def test_a_full_disk_loses_nothing_that_was_kept_and_is_written_to_again_when_there_is_room(tmp_path: Path) -> None:
    run_on_small_disk(FULL_DISK, tmp_path, size="800k")
