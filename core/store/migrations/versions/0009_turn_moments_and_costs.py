"""The moments of turns, the answers of models with their tokens, and how much was heard"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("guidance", sa.Column("asked_s", sa.Double(), nullable=True))
    op.add_column("guidance", sa.Column("seen_utterance", sa.String(length=96), server_default="", nullable=False))
    op.create_table(
        "turn_moments",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("utterance_id", sa.String(length=96), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("at_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_turn_moments_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_turn_moments")),
    )
    op.create_index(
        op.f("ix_turn_moments_call_id_utterance_id_step"),
        "turn_moments",
        ["call_id", "utterance_id", "step"],
        unique=True,
    )
    op.create_table(
        "model_answers",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("at_s", sa.Double(), nullable=False),
        sa.Column("seen_utterance", sa.String(length=96), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("is_news", sa.Boolean(), nullable=False),
        sa.Column("wanted_s", sa.Double(), nullable=False),
        sa.Column("sent_s", sa.Double(), nullable=False),
        sa.Column("first_token_s", sa.Double(), nullable=True),
        sa.Column("summary_s", sa.Double(), nullable=True),
        sa.Column("done_s", sa.Double(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_input_tokens", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_model_answers_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_model_answers")),
    )
    op.create_index(op.f("ix_model_answers_call_id"), "model_answers", ["call_id"], unique=False)
    op.create_table(
        "heard_audio",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_heard_audio_call_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_heard_audio_participant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_heard_audio")),
    )
    op.create_index(
        op.f("ix_heard_audio_call_id_participant_id"), "heard_audio", ["call_id", "participant_id"], unique=True
    )
