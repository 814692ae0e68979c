"""The audit log: who did what, and when. Lines are added and never changed; the database itself refuses that."""

from typing import Any

from sqlalchemy import ColumnElement, Row, insert, or_, select

from core.model.access import SignInMethod
from core.model.audit import AuditAction, AuditEntry, AuditQuery
from core.store import schema
from core.store.database import Database


class AuditLog:
    """Methods block for a transaction; any thread. They may raise DiskFull and DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: AuditEntry) -> None:
        """Add a line. On return it is on the disk."""
        with self._database.transaction() as connection:
            connection.execute(
                insert(schema.audit).values(
                    at=entry.at,
                    action=entry.action.value,
                    person_id=entry.person_id,
                    person_name=entry.person_name,
                    method=entry.method.value,
                    role=entry.role,
                    subject=entry.subject,
                    client=entry.client[:64],
                    detail=dict(entry.detail),
                )
            )

    def entries(self, query: AuditQuery) -> tuple[AuditEntry, ...]:
        """The lines that fit a query, newest first."""
        audit = schema.audit.c
        wanted: list[ColumnElement[bool]] = []
        if query.since is not None:
            wanted.append(audit.at >= query.since)
        if query.until is not None:
            wanted.append(audit.at < query.until)
        if query.action is not None:
            wanted.append(audit.action == query.action.value)
        if query.person:
            wanted.append(
                or_(
                    audit.person_id.icontains(query.person, autoescape=True),
                    audit.person_name.icontains(query.person, autoescape=True),
                )
            )
        if query.subject:
            wanted.append(audit.subject == query.subject)
        statement = select(schema.audit).where(*wanted).order_by(audit.row.desc())
        with self._database.reading() as connection:
            rows = connection.execute(statement.limit(query.limit).offset(query.offset)).all()
        return tuple(_entry(row) for row in rows)


def _entry(row: "Row[Any]") -> AuditEntry:
    return AuditEntry(
        at=row.at,
        action=AuditAction(row.action),
        person_id=row.person_id,
        person_name=row.person_name,
        method=SignInMethod(row.method),
        role=row.role,
        subject=row.subject,
        client=row.client,
        detail=row.detail,
    )
