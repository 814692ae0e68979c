"""Personas in calls: which one takes part, the tools that it called, and words that were typed or cut off"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("persona_id", sa.String(length=64), nullable=True))
    op.add_column("calls", sa.Column("persona_name", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("persona_is_rehearsal", sa.Boolean(), nullable=True))
    for name in ("is_typed", "is_cut"):
        op.add_column("utterances", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "persona_tool_calls",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("tool_call_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("called_s", sa.Double(), nullable=False),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("took_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_persona_tool_calls_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row", name="pk_persona_tool_calls"),
    )
    op.create_index(
        "ix_persona_tool_calls_call_id_tool_call_id", "persona_tool_calls", ["call_id", "tool_call_id"], unique=True
    )
