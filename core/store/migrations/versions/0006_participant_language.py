"""What a participant speaks, where it is not the call's language"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participants", sa.Column("language", sa.String(length=16), nullable=True))
