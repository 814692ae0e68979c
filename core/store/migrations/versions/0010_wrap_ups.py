"""Wrap-ups: what was drafted and what was filed when a call was over"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wrap_ups",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=True),
        sa.Column("filed", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_wrap_ups_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name="pk_wrap_ups"),
    )
