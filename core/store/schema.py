"""The tables. `migrations/versions` brings a database to this shape; a test compares the two.

Times of day are seconds since the Unix epoch (UTC), times within a call are seconds on the call's clock. What was said
is kept in `utterances` alone, so that correcting, masking and deleting it touch one table.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _call_id() -> "Column[str]":
    return Column("call_id", String(64), ForeignKey("calls.id", ondelete="CASCADE"), nullable=False)


calls = Table(
    "calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("language", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("live_at", Double),
    Column("ended_at", Double),
    Column("end_reason", String(16)),
    Column("created_by", Text, nullable=False, server_default=""),
    Column("persona_id", String(64)),
    Column("persona_name", Text),
    Column("persona_is_rehearsal", Boolean),
    Index(None, "created_at"),
    Index(None, "state"),
    Index(None, "ended_at"),
)

participants = Table(
    "participants",
    metadata,
    Column("id", String(64), primary_key=True),
    _call_id(),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("joined_at", Double, nullable=False),
    Column("muted", Boolean, nullable=False),
    Column("person_id", Text, nullable=False, server_default=""),
    Column("language", String(16)),
    Index(None, "call_id"),
)

legs = Table(
    "legs",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    _call_id(),
    Column("participant_id", String(64), ForeignKey("participants.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("facts", JSON(none_as_null=True)),
    Index(None, "call_id"),
)

utterances = Table(
    "utterances",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("id", String(96), nullable=False),
    Column("participant_id", String(64), ForeignKey("participants.id", ondelete="CASCADE"), nullable=False),
    Column("speaker", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("start_s", Double, nullable=False),
    Column("end_s", Double, nullable=False),
    Column("confidence", Double),
    Column("engine", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("recognised_s", Double, nullable=False),
    Column("original", Text),
    Column("corrected_by", Text),
    Column("corrected_at", Double),
    Column("trace_id", String(64), nullable=False, server_default=""),
    Column("first_interim_s", Double),
    Column("raw_text", Text, nullable=False, server_default=""),
    Column("is_typed", Boolean, nullable=False, server_default=false()),
    Column("is_cut", Boolean, nullable=False, server_default=false()),
    Index(None, "call_id", "id", unique=True),
)

summaries = Table(
    "summaries",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("summary", Text, nullable=False),
    Column("customer_issue", Text, nullable=False),
    Column("agent_action", Text, nullable=False),
    Column("engine", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("seen_utterance", String(96), nullable=False),
    Column("turns", Integer, nullable=False),
    Column("at_s", Double, nullable=False),
    Column("took_s", Double, nullable=False),
    *(Column(name, JSON(none_as_null=True)) for name in ("intent", "sentiment", "risks", "times", "usage")),
    Column("suggested_reply", Text, nullable=False, server_default=""),
    Column("stands_in_for", String(64), nullable=False, server_default=""),
    Index(None, "call_id"),
)

guidance = Table(
    "guidance",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("query", Text, nullable=False),
    Column("guidance", Text, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("at_s", Double, nullable=False),
    Column("took_s", Double, nullable=False),
    Column("asked_s", Double),
    Column("seen_utterance", String(96), nullable=False, server_default=""),
    Index(None, "call_id"),
)

wrap_ups = Table(
    "wrap_ups",
    metadata,
    Column("call_id", String(64), ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("draft", JSON),
    Column("filed", JSON),
)
"""What was drafted and what was filed, each as the model's dataclass has it; NULL where there is none."""

notes = Table(
    "notes",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("at_s", Double, nullable=False),
    Column("code", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("until_s", Double),
    Index(None, "call_id"),
)

text_alerts = Table(
    "text_alerts",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("id", String(96), nullable=False),
    Column("rule_id", String(64), nullable=False),
    Column("names", JSON, nullable=False),
    Column("category", Text, nullable=False),
    Column("level", String(16), nullable=False),
    Column("raised_at_s", Double, nullable=False),
    Column("cleared_at_s", Double),
    Column("utterance_ids", JSON, nullable=False),
    Column("participant_id", String(64)),
    Column("notify", Boolean, nullable=False),
    Index(None, "call_id", "id", unique=True),
)
"""Which utterances raised one, never the words."""

persona_tool_calls = Table(
    "persona_tool_calls",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("tool_call_id", String(128), nullable=False),
    Column("name", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("called_s", Double, nullable=False),
    Column("output", Text),
    Column("error", JSON(none_as_null=True)),
    Column("took_s", Double),
    Index(None, "call_id", "tool_call_id", unique=True),
)
"""`error` is a message's template and parameters: why one failed."""

turn_moments = Table(
    "turn_moments",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("utterance_id", String(96), nullable=False),
    Column("step", String(32), nullable=False),
    Column("at_s", Double, nullable=False),
    Index(None, "call_id", "utterance_id", "step", unique=True),
)

model_answers = Table(
    "model_answers",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("purpose", String(32), nullable=False),
    Column("engine", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("at_s", Double, nullable=False),
    Column("seen_utterance", String(96), nullable=False),
    Column("turns", Integer, nullable=False),
    Column("is_news", Boolean, nullable=False),
    Column("wanted_s", Double, nullable=False),
    Column("sent_s", Double, nullable=False),
    Column("first_token_s", Double),
    Column("summary_s", Double),
    Column("done_s", Double),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cached_input_tokens", Integer),
    Column("audio_input_tokens", Integer),
    Column("cached_audio_input_tokens", Integer),
    Column("audio_output_tokens", Integer),
    Index(None, "call_id"),
)

heard_audio = Table(
    "heard_audio",
    metadata,
    Column("row", Integer, primary_key=True),
    _call_id(),
    Column("participant_id", String(64), ForeignKey("participants.id", ondelete="CASCADE"), nullable=False),
    Column("engine", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("seconds", Double, nullable=False),
    Index(None, "call_id", "participant_id", unique=True),
)

audit = Table(
    "audit",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("action", String(32), nullable=False),
    Column("person_id", Text, nullable=False),
    Column("person_name", Text, nullable=False),
    Column("method", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("client", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "at"),
)
"""Refuses changes and deletions by triggers, which the migration makes."""

hours_overrides = Table(
    "hours_overrides",
    metadata,
    Column("persona_id", String(64), primary_key=True),
    Column("is_open", Boolean, nullable=False),
    Column("until", Double, nullable=False),
    Column("by", Text, nullable=False),
)
"""Until when supervisors hold a persona open or closed (seconds since the Unix epoch)."""

ended_sign_ins = Table(
    "ended_sign_ins",
    metadata,
    Column("session", String(128), primary_key=True),
    Column("until", Double, nullable=False),
)
