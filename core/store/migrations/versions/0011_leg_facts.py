"""Legs: when each was set up, and what its browser says about itself"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("legs", sa.Column("facts", sa.JSON(none_as_null=True), nullable=True))
