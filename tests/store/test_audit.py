import sqlite3
from pathlib import Path

import pytest

from core.model.access import SignInMethod
from core.model.audit import AuditAction, AuditEntry, AuditQuery
from core.store.records import Store


def entry(at: float, action: AuditAction = AuditAction.EXPORTED, person: str = "user:kim") -> AuditEntry:
    return AuditEntry(
        at=at,
        action=action,
        person_id=person,
        person_name=person.removeprefix("user:"),
        method=SignInMethod.PASSWORD,
        role="supervisor",
        subject="c1",
        client="10.0.0.7",
        detail={"format": "csv"},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'earshot.db'}")


def test_what_is_written_down_is_read_back_newest_first(store: Store) -> None:
    lines = [entry(1.0), entry(2.0, AuditAction.DELETED), entry(3.0, person="user:이슬")]
    for line in lines:
        store.audit.append(line)
    assert store.audit.entries(AuditQuery()) == tuple(reversed(lines))
    assert store.audit.entries(AuditQuery(action=AuditAction.DELETED)) == (lines[1],)
    assert store.audit.entries(AuditQuery(person="이슬")) == (lines[2],)
    assert store.audit.entries(AuditQuery(since=2.0, until=3.0)) == (lines[1],)
    assert store.audit.entries(AuditQuery(subject="c2")) == ()
    assert store.audit.entries(AuditQuery(limit=1, offset=1)) == (lines[1],)


@pytest.mark.parametrize("change", ["UPDATE audit SET person_name = 'nobody'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_log(store: Store, tmp_path: Path, change: str) -> None:
    store.audit.append(entry(1.0))
    connection = sqlite3.connect(tmp_path / "earshot.db")
    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        connection.execute(change)
    connection.close()
    assert store.audit.entries(AuditQuery()) == (entry(1.0),)


def test_an_ended_sign_in_stays_ended_over_a_restart_until_it_would_have_expired(store: Store, tmp_path: Path) -> None:
    store.ended_sign_ins.end("s1", until=100.0)
    store.ended_sign_ins.end("s1", until=100.0)
    assert store.ended_sign_ins.is_ended("s1")
    assert not store.ended_sign_ins.is_ended("s2")
    store.close()
    again = Store.open(f"sqlite:///{tmp_path / 'earshot.db'}")
    again.ended_sign_ins.forget(now=99.0)
    assert again.ended_sign_ins.is_ended("s1")
    again.ended_sign_ins.forget(now=100.0)
    assert not again.ended_sign_ins.is_ended("s1")
