"""Each utterance's trace id and the time of its first interim text"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("utterances", sa.Column("trace_id", sa.String(length=64), server_default="", nullable=False))
    op.add_column("utterances", sa.Column("first_interim_s", sa.Double(), nullable=True))
