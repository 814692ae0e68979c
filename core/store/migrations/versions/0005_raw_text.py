"""What the engine wrote, beside the text that is shown"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("utterances", sa.Column("raw_text", sa.Text(), server_default="", nullable=False))
