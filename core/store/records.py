"""Calls and all that is durable of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, Update, delete, insert, select, update

from core.model.archive import CallPage, CallQuery
from core.model.call import Call, CallId, CallOrigin, CallState, EndReason, LegId, LegState, Participant, ParticipantId
from core.model.errors import CallNotFound, RecordRefused, UtteranceNotFound, WrapUpFiled
from core.model.health import PartHealth, PartState
from core.model.insight import Summary
from core.model.leg_facts import LegFacts
from core.model.message import Message
from core.model.passage import Guidance
from core.model.persona import ToolCall
from core.model.snapshot import Note
from core.model.stored_call import StoredCall
from core.model.text_alert import TextAlert
from core.model.turn_trace import TurnBatch, TurnRecord
from core.model.utterance import Utterance
from core.model.wrap_up import Filing, WrapUpDraft
from core.store import schema
from core.store.audit import AuditLog
from core.store.database import Database
from core.store.hours_overrides import HoursOverrides
from core.store.rows import (
    call_of,
    guidance_of,
    leg_facts_of,
    participants_of,
    rows_of,
    summary_of,
    text_alert_of,
    utterance_of,
    wrap_up_of,
)
from core.store.search import search_calls
from core.store.sign_ins import EndedSignIns
from core.store.tool_calls import put_tool_call, tool_call_of
from core.store.turns import TURN_TABLES, save_turns, turn_records, used_in

CALL_TABLES = (
    *(schema.utterances, schema.summaries, schema.guidance, schema.notes, schema.text_alerts, schema.wrap_ups),
    schema.persona_tool_calls,
)
"""What is deleted with a call before its people."""

_Statement = TypeVar("_Statement", Select[Any], Update)


class Store:
    """The durable records. Every method blocks for a transaction; any thread, in practice the store's own.

    All may raise DiskFull and DatabaseUnavailable; those that write may raise RecordRefused.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.audit = AuditLog(database)
        self.ended_sign_ins = EndedSignIns(database)
        self.hours_overrides = HoursOverrides(database)

    @classmethod
    def open(cls, url: str) -> "Store":
        """Open a database by its SQLAlchemy URL, made and migrated if need be. Raises StoreError."""
        return cls(Database(url))

    def close(self) -> None:
        """Let the database go; idempotent."""
        self._database.close()

    @property
    def health(self) -> PartHealth:
        """What is in use."""
        kept = Message("Records are kept in {url}.", {"url": self._database.shown_url})
        return PartHealth("store", PartState.UP, needed=True, detail=(kept,))

    # Writing

    def create_call(self, call: Call) -> None:
        """Keep a new call."""
        with self._database.transaction() as connection:
            connection.execute(insert(schema.calls).values(id=call.id, **_call_values(call)))

    def keep_whole(self, kept: StoredCall, turns: TurnBatch) -> None:
        """Keep a call that is over, with its people, legs, words, notes, summaries and turns, all at once."""
        call = kept.call
        people = [(person, _participant_values(call.id, person)) for person in call.participants]
        legs = [
            {"id": leg_id, "call_id": call.id, "participant_id": owner, "state": LegState.CLOSED.value}
            | {"facts": asdict(facts) if (facts := kept.leg_facts.get(leg_id)) else None}
            for leg_id, owner in kept.legs.items()
        ]
        with self._database.transaction() as connection:
            connection.execute(insert(schema.calls).values(id=call.id, **_call_values(call)))
            for table, rows in (
                (schema.participants, [{"id": person.id, **values} for person, values in people]),
                (schema.legs, legs),
                (schema.utterances, [{"call_id": call.id, **_utterance_values(each)} for each in kept.utterances]),
                (schema.notes, [{"call_id": call.id, **asdict(note)} for note in kept.notes]),
                (schema.summaries, [{"call_id": call.id, **_summary_values(each)} for each in kept.summaries]),
            ):
                if rows:
                    connection.execute(insert(table), rows)
            save_turns(connection, call.id, turns)

    def update_call(self, call: Call) -> None:
        """Keep a call's new state, times and reason."""
        with self._database.transaction() as connection:
            changed = connection.execute(
                update(schema.calls).where(schema.calls.c.id == call.id).values(**_call_values(call))
            )
            if changed.rowcount == 0:
                raise RecordRefused(reason=f"the call {call.id} is not kept")

    def save_participant(self, call_id: CallId, participant: Participant) -> None:
        """Keep a participant, and the leg it is on."""
        with self._database.transaction() as connection:
            _put(connection, schema.participants, participant.id, _participant_values(call_id, participant))
            if participant.leg_id is not None and participant.leg_state is not None:
                leg = {"call_id": call_id, "participant_id": participant.id, "state": participant.leg_state.value}
                _put(connection, schema.legs, participant.leg_id, leg)

    def save_leg_facts(self, call_id: CallId, facts: LegFacts) -> None:
        """Keep what is known of a leg; of one that is not kept itself nothing is."""
        is_it = (schema.legs.c.call_id == call_id, schema.legs.c.id == facts.leg_id)
        with self._database.transaction() as connection:
            connection.execute(update(schema.legs).where(*is_it).values(facts=asdict(facts)))

    def save_utterance(self, call_id: CallId, utterance: Utterance) -> None:
        """Keep a final utterance; one that is already kept is replaced, but reads as it was corrected. On return it is
        on the disk."""
        values = _utterance_values(utterance)
        with self._database.transaction() as connection:
            kept = connection.execute(_the_utterance(select(schema.utterances), call_id, utterance.id)).one_or_none()
            if kept is None:
                connection.execute(insert(schema.utterances).values(call_id=call_id, **values))
                return
            if kept.original is not None:
                values |= {"text": kept.text, "original": utterance.text}
            connection.execute(_the_utterance(update(schema.utterances), call_id, utterance.id).values(**values))

    def correct(self, call_id: CallId, utterance_id: str, text: str, by: str, at: float) -> Utterance:
        """Let a final utterance read differently; what the engine had understood is kept. Returns it as it reads now.

        Raises:
            UtteranceNotFound: the call has none of this id.
        """
        with self._database.transaction() as connection:
            kept = connection.execute(_the_utterance(select(schema.utterances), call_id, utterance_id)).one_or_none()
            if kept is None:
                raise UtteranceNotFound(utterance_id=utterance_id)
            original = kept.text if kept.original is None else kept.original
            connection.execute(
                _the_utterance(update(schema.utterances), call_id, utterance_id).values(
                    text=text, original=original, corrected_by=by, corrected_at=at
                )
            )
            return utterance_of(
                connection.execute(_the_utterance(select(schema.utterances), call_id, utterance_id)).one()
            )

    def delete_call(self, call_id: CallId) -> None:
        """Delete everything that is kept of a call. Raises CallNotFound."""
        with self._database.transaction() as connection:
            for table in (*TURN_TABLES, *CALL_TABLES, schema.legs, schema.participants):
                connection.execute(delete(table).where(table.c.call_id == call_id))
            if connection.execute(delete(schema.calls).where(schema.calls.c.id == call_id)).rowcount == 0:
                raise CallNotFound(call_id=call_id)

    def save_summary(self, call_id: CallId, summary: Summary) -> None:
        """Keep one more summary."""
        with self._database.transaction() as connection:
            connection.execute(insert(schema.summaries).values(call_id=call_id, **_summary_values(summary)))

    def save_guidance(self, call_id: CallId, guidance: Guidance) -> None:
        """Keep one more answer of the handbook."""
        with self._database.transaction() as connection:
            connection.execute(
                insert(schema.guidance).values(
                    call_id=call_id,
                    query=guidance.query,
                    guidance=guidance.answer.guidance,
                    documents=[asdict(passage) for passage in guidance.answer.documents],
                    at_s=guidance.at_s,
                    took_s=guidance.took_s,
                    asked_s=guidance.asked_s,
                    seen_utterance=guidance.seen_utterance,
                )
            )

    def save_wrap_up_draft(self, call_id: CallId, draft: WrapUpDraft) -> None:
        """Keep a wrap-up's draft in the place of an earlier one. Raises RecordRefused where it is filed already."""
        with self._database.transaction() as connection:
            if _filed(connection, call_id) is not None:
                raise RecordRefused(reason=f"the wrap-up of the call {call_id} is filed")
            _put_wrap_up(connection, call_id, {"draft": asdict(draft)})

    def file_wrap_up(self, call_id: CallId, filing: Filing) -> None:
        """Keep a wrap-up as it was filed, for good. Raises WrapUpFiled."""
        with self._database.transaction() as connection:
            if (filed := _filed(connection, call_id)) is not None:
                raise WrapUpFiled(call_id=call_id, by=str(filed["by"]))
            _put_wrap_up(connection, call_id, {"filed": asdict(filing)})

    def save_note(self, call_id: CallId, note: Note) -> None:
        """Keep one more thing that happened."""
        with self._database.transaction() as connection:
            connection.execute(insert(schema.notes).values(call_id=call_id, **asdict(note)))

    def save_text_alert(self, call_id: CallId, alert: TextAlert) -> None:
        """Keep an alert that a rule raised, without the words; one that is already kept is replaced."""
        values = asdict(alert) | {"utterance_ids": list(alert.utterance_ids), "level": alert.level.value}
        del values["words"]
        table = schema.text_alerts
        with self._database.transaction() as connection:
            is_it = (table.c.call_id == call_id, table.c.id == alert.id)
            if connection.execute(update(table).where(*is_it).values(**values)).rowcount == 0:
                connection.execute(insert(table).values(call_id=call_id, **values))

    def save_tool_call(self, call_id: CallId, call: ToolCall) -> None:
        """Keep a tool that the call's persona called, on the call's clock, in the place of its earlier version."""
        with self._database.transaction() as connection:
            put_tool_call(connection, call_id, call)

    def save_turns(self, call_id: CallId, batch: TurnBatch) -> None:
        """Keep what is new about a call's turns."""
        with self._database.transaction() as connection:
            save_turns(connection, call_id, batch)

    def close_interrupted(self, now_wall: float) -> tuple[CallId, ...]:
        """End every call that a crash left open, at the time of its last trace. Returns which they were."""
        closed: list[CallId] = []
        with self._database.transaction() as connection:
            rows = connection.execute(select(schema.calls).where(schema.calls.c.state != CallState.ENDED.value)).all()
            for row in rows:
                ended_at = min(now_wall, max(row.live_at or 0.0, row.created_at + _last_trace(connection, row.id)))
                connection.execute(
                    update(schema.calls)
                    .where(schema.calls.c.id == row.id)
                    .values(state=CallState.ENDED.value, ended_at=ended_at, end_reason=EndReason.INTERRUPTED.value)
                )
                connection.execute(
                    update(schema.legs)
                    .where(schema.legs.c.call_id == row.id, schema.legs.c.state != LegState.CLOSED.value)
                    .values(state=LegState.LOST.value)
                )
                closed.append(CallId(row.id))
        return tuple(closed)

    # Reading

    def load_call(self, call_id: CallId) -> StoredCall:
        """Everything that is kept of a call. Raises CallNotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(schema.calls).where(schema.calls.c.id == call_id)).one_or_none()
            if row is None:
                raise CallNotFound(call_id=call_id)
            legs = rows_of(connection, schema.legs, call_id, "row")
            return StoredCall(
                call=call_of(row, participants_of(connection, [call_id]).get(call_id, ())),
                utterances=tuple(
                    utterance_of(r) for r in rows_of(connection, schema.utterances, call_id, "start_s", "row")
                ),
                summaries=tuple(summary_of(r) for r in rows_of(connection, schema.summaries, call_id, "row")),
                guidance=tuple(guidance_of(r) for r in rows_of(connection, schema.guidance, call_id, "row")),
                notes=tuple(
                    Note(at_s=r.at_s, code=r.code, subject=r.subject, until_s=r.until_s)
                    for r in rows_of(connection, schema.notes, call_id, "row")
                ),
                legs={LegId(r.id): ParticipantId(r.participant_id) for r in legs},
                leg_facts={LegId(r.id): leg_facts_of(r) for r in legs if r.facts is not None},
                wrap_up=next(map(wrap_up_of, rows_of(connection, schema.wrap_ups, call_id)), None),
                text_alerts=tuple(text_alert_of(r) for r in rows_of(connection, schema.text_alerts, call_id, "row")),
                tool_calls=tuple(
                    tool_call_of(r) for r in rows_of(connection, schema.persona_tool_calls, call_id, "row")
                ),
            )

    def turn_records(self, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
        """What is kept of the turns of these calls, in the same order; nothing of a call that is not kept."""
        with self._database.reading() as connection:
            return turn_records(connection, call_ids)

    def used_in(self, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
        """Of the turns of these calls only what they cost, in the same order."""
        with self._database.reading() as connection:
            return used_in(connection, call_ids)

    def list_calls(self, limit: int) -> tuple[Call, ...]:
        """The newest calls, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(schema.calls).order_by(schema.calls.c.created_at.desc()).limit(limit)
            ).all()
            people = participants_of(connection, [row.id for row in rows])
            return tuple(call_of(row, people.get(row.id, ())) for row in rows)

    def search(self, query: CallQuery) -> CallPage:
        """A stretch of the calls that fit a query, newest first."""
        with self._database.reading() as connection:
            return search_calls(connection, query)

    def ended_calls(self, origin: CallOrigin | None = None) -> tuple[CallId, ...]:
        """All calls that have ended, or those of one origin, newest first."""
        calls = schema.calls.c
        query = select(calls.id).where(calls.state == CallState.ENDED.value).order_by(calls.created_at.desc())
        if origin is not None:
            query = query.where(calls.origin == origin.value)
        with self._database.reading() as connection:
            return tuple(CallId(call_id) for call_id in connection.execute(query).scalars())

    def calls_ended_before(self, wall: float, limit: int) -> tuple[CallId, ...]:
        """Calls that ended before a moment (seconds since the Unix epoch), oldest first."""
        ended = schema.calls.c.ended_at
        query = (
            select(schema.calls.c.id)
            .where(schema.calls.c.state == CallState.ENDED.value, ended < wall)
            .order_by(ended)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(CallId(call_id) for call_id in connection.execute(query).scalars())


def _participant_values(call_id: CallId, participant: Participant) -> dict[str, object]:
    return {
        "call_id": call_id,
        "name": participant.name,
        "role": participant.role.value,
        "joined_at": participant.joined_at,
        "muted": participant.muted,
        "person_id": participant.person_id,
        "language": participant.language,
    }


def _utterance_values(utterance: Utterance) -> dict[str, object]:
    values = asdict(utterance)
    del values["is_final"], values["correction"], values["stable_chars"]
    return values


def _summary_values(summary: Summary) -> dict[str, object]:
    values = asdict(summary)
    values |= values.pop("text")
    return {name: value for name, value in values.items() if name in schema.summaries.c}


def _put(connection: Connection, table: Table, key: str, values: Mapping[str, object]) -> None:
    changed = connection.execute(update(table).where(table.c.id == key).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(id=key, **values))


def _filed(connection: Connection, call_id: CallId) -> Mapping[str, Any] | None:
    """What is filed of a call's wrap-up."""
    table = schema.wrap_ups
    return connection.execute(select(table.c.filed).where(table.c.call_id == call_id)).scalar_one_or_none()


def _put_wrap_up(connection: Connection, call_id: CallId, values: Mapping[str, object]) -> None:
    table = schema.wrap_ups
    if connection.execute(update(table).where(table.c.call_id == call_id).values(**values)).rowcount == 0:
        connection.execute(insert(table).values(call_id=call_id, **values))


def _call_values(call: Call) -> dict[str, object]:
    return {
        "language": call.language,
        "state": call.state.value,
        "origin": call.origin.value,
        "created_at": call.created_at,
        "live_at": call.live_at,
        "ended_at": call.ended_at,
        "end_reason": call.end_reason.value if call.end_reason else None,
        "created_by": call.created_by,
        "persona_id": call.persona.id if call.persona else None,
        "persona_name": call.persona.name if call.persona else None,
        "persona_is_rehearsal": call.persona.is_rehearsal if call.persona else None,
    }


def _last_trace(connection: Connection, call_id: str) -> float:
    """The latest time on the call's clock that anything durable carries."""
    ends = [row.recognised_s for row in rows_of(connection, schema.utterances, call_id, "row")]
    ends += [
        row.at_s for table in (schema.notes, schema.summaries) for row in rows_of(connection, table, call_id, "row")
    ]
    return max(ends, default=0.0)


def _the_utterance(statement: _Statement, call_id: CallId, utterance_id: str) -> _Statement:
    table = schema.utterances
    return statement.where(table.c.call_id == call_id, table.c.id == utterance_id)
