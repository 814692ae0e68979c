"""People, corrections, the audit log and ended sign-ins"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE_REFUSAL = """CREATE TRIGGER audit_{change} BEFORE {change} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"""
POSTGRESQL_REFUSAL = """CREATE FUNCTION refuse_audit_change() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$ LANGUAGE plpgsql"""
POSTGRESQL_TRIGGER = (
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
)


def upgrade() -> None:
    op.add_column("calls", sa.Column("created_by", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_calls_ended_at"), "calls", ["ended_at"], unique=False)
    op.add_column("participants", sa.Column("person_id", sa.Text(), server_default="", nullable=False))
    op.add_column("utterances", sa.Column("original", sa.Text(), nullable=True))
    op.add_column("utterances", sa.Column("corrected_by", sa.Text(), nullable=True))
    op.add_column("utterances", sa.Column("corrected_at", sa.Double(), nullable=True))
    op.create_table(
        "ended_sign_ins",
        sa.Column("session", sa.String(length=128), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_ended_sign_ins")),
    )
    op.create_table(
        "audit",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("person_name", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(SQLITE_REFUSAL.format(change=change))
    else:
        op.execute(POSTGRESQL_REFUSAL)
        op.execute(POSTGRESQL_TRIGGER)
