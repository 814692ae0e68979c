"""How many of a request's tokens were sound, which has prices of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("audio_input_tokens", "cached_audio_input_tokens", "audio_output_tokens"):
        op.add_column("model_answers", sa.Column(name, sa.Integer(), nullable=True))
