"""What a language model says of a call beside the summary, and what asking it took"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("intent", "sentiment", "risks", "times", "usage"):
        op.add_column("summaries", sa.Column(name, sa.JSON(), nullable=True))
    op.add_column("summaries", sa.Column("suggested_reply", sa.Text(), server_default="", nullable=False))
    op.add_column("summaries", sa.Column("stands_in_for", sa.String(length=64), server_default="", nullable=False))
