"""Alerts that rules raise from what is said"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_alerts",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("raised_at_s", sa.Double(), nullable=False),
        sa.Column("cleared_at_s", sa.Double(), nullable=True),
        sa.Column("utterance_ids", sa.JSON(), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=True),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_text_alerts_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_text_alerts")),
    )
    op.create_index(op.f("ix_text_alerts_call_id_id"), "text_alerts", ["call_id", "id"], unique=True)
