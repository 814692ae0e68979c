"""Calls and all that is durable of them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
)
from core.model.errors import CallNotFound, RecordRefused
from core.model.health import PartHealth, PartState
from core.model.insight import Summary, SummaryText
from core.model.passage import Guidance, GuidanceAnswer, Passage
from core.model.snapshot import Note
from core.model.stored_call import StoredCall
from core.model.utterance import Utterance
from core.store import schema
from core.store.database import Database


class Store:
    """The durable records. Every method blocks for a transaction; any thread, in practice the store's own.

    All may raise DiskFull and DatabaseUnavailable; those that write may raise RecordRefused.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

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
        return PartHealth("store", PartState.UP, needed=True, detail=f"Records are kept in {self._database.shown_url}.")

    # Writing

    def create_call(self, call: Call) -> None:
        """Keep a new call."""
        with self._database.transaction() as connection:
            connection.execute(insert(schema.calls).values(id=call.id, **_call_values(call)))

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
        values = {
            "call_id": call_id,
            "name": participant.name,
            "role": participant.role.value,
            "joined_at": participant.joined_at,
            "muted": participant.muted,
        }
        with self._database.transaction() as connection:
            _put(connection, schema.participants, participant.id, values)
            if participant.leg_id is not None and participant.leg_state is not None:
                leg = {"call_id": call_id, "participant_id": participant.id, "state": participant.leg_state.value}
                _put(connection, schema.legs, participant.leg_id, leg)

    def save_utterance(self, call_id: CallId, utterance: Utterance) -> None:
        """Keep a final utterance; one that is already kept is replaced. On return it is on the disk."""
        values = asdict(utterance)
        del values["is_final"]
        with self._database.transaction() as connection:
            connection.execute(
                delete(schema.utterances).where(
                    schema.utterances.c.call_id == call_id, schema.utterances.c.id == utterance.id
                )
            )
            connection.execute(insert(schema.utterances).values(call_id=call_id, **values))

    def save_summary(self, call_id: CallId, summary: Summary) -> None:
        """Keep one more summary."""
        values = asdict(summary)
        with self._database.transaction() as connection:
            connection.execute(insert(schema.summaries).values(call_id=call_id, **values.pop("text"), **values))

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
                )
            )

    def save_note(self, call_id: CallId, note: Note) -> None:
        """Keep one more thing that happened."""
        with self._database.transaction() as connection:
            connection.execute(insert(schema.notes).values(call_id=call_id, **asdict(note)))

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
            return StoredCall(
                call=_call(row, _participants(connection, [call_id]).get(call_id, ())),
                utterances=tuple(
                    _utterance(r) for r in _rows(connection, schema.utterances, call_id, "start_s", "row")
                ),
                summaries=tuple(_summary(r) for r in _rows(connection, schema.summaries, call_id, "row")),
                guidance=tuple(_guidance(r) for r in _rows(connection, schema.guidance, call_id, "row")),
                notes=tuple(
                    Note(at_s=r.at_s, code=r.code, subject=r.subject)
                    for r in _rows(connection, schema.notes, call_id, "row")
                ),
                legs={
                    LegId(r.id): ParticipantId(r.participant_id) for r in _rows(connection, schema.legs, call_id, "row")
                },
            )

    def list_calls(self, limit: int) -> tuple[Call, ...]:
        """The newest calls, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(schema.calls).order_by(schema.calls.c.created_at.desc()).limit(limit)
            ).all()
            people = _participants(connection, [row.id for row in rows])
            return tuple(_call(row, people.get(row.id, ())) for row in rows)


def _put(connection: Connection, table: Table, key: str, values: Mapping[str, object]) -> None:
    changed = connection.execute(update(table).where(table.c.id == key).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(id=key, **values))


def _call_values(call: Call) -> dict[str, object]:
    return {
        "language": call.language,
        "state": call.state.value,
        "origin": call.origin.value,
        "created_at": call.created_at,
        "live_at": call.live_at,
        "ended_at": call.ended_at,
        "end_reason": call.end_reason.value if call.end_reason else None,
    }


def _last_trace(connection: Connection, call_id: str) -> float:
    """The latest time on the call's clock that anything durable carries."""
    ends = [row.recognised_s for row in _rows(connection, schema.utterances, call_id, "row")]
    ends += [row.at_s for table in (schema.notes, schema.summaries) for row in _rows(connection, table, call_id, "row")]
    return max(ends, default=0.0)


def _rows(connection: Connection, table: Table, call_id: str, *order: str) -> "list[Row[Any]]":
    query = select(table).where(table.c.call_id == call_id).order_by(*(table.c[name] for name in order))
    return list(connection.execute(query).all())


def _participants(connection: Connection, call_ids: list[str]) -> dict[str, tuple[Participant, ...]]:
    legs = {
        row.participant_id: row
        for row in connection.execute(
            select(schema.legs).where(schema.legs.c.call_id.in_(call_ids)).order_by(schema.legs.c.row)
        ).all()
    }
    query = (
        select(schema.participants)
        .where(schema.participants.c.call_id.in_(call_ids))
        .order_by(schema.participants.c.joined_at)
    )
    people: dict[str, tuple[Participant, ...]] = {}
    for row in connection.execute(query).all():
        leg = legs.get(row.id)
        participant = Participant(
            id=ParticipantId(row.id),
            name=row.name,
            role=Role(row.role),
            joined_at=row.joined_at,
            leg_id=LegId(leg.id) if leg else None,
            leg_state=LegState(leg.state) if leg else None,
            muted=row.muted,
        )
        people[row.call_id] = (*people.get(row.call_id, ()), participant)
    return people


def _call(row: "Row[Any]", participants: tuple[Participant, ...]) -> Call:
    return Call(
        id=CallId(row.id),
        language=row.language,
        state=CallState(row.state),
        origin=CallOrigin(row.origin),
        created_at=row.created_at,
        live_at=row.live_at,
        ended_at=row.ended_at,
        end_reason=EndReason(row.end_reason) if row.end_reason else None,
        participants=participants,
    )


def _utterance(row: "Row[Any]") -> Utterance:
    return Utterance(
        id=row.id,
        participant_id=ParticipantId(row.participant_id),
        speaker=row.speaker,
        role=Role(row.role),
        text=row.text,
        is_final=True,
        start_s=row.start_s,
        end_s=row.end_s,
        confidence=row.confidence,
        engine=row.engine,
        model=row.model,
        recognised_s=row.recognised_s,
    )


def _summary(row: "Row[Any]") -> Summary:
    return Summary(
        text=SummaryText(row.summary, row.customer_issue, row.agent_action),
        engine=row.engine,
        model=row.model,
        seen_utterance=row.seen_utterance,
        turns=row.turns,
        at_s=row.at_s,
        took_s=row.took_s,
    )


def _guidance(row: "Row[Any]") -> Guidance:
    documents = tuple(Passage(**document) for document in row.documents)
    return Guidance(row.query, GuidanceAnswer(row.guidance, documents), row.at_s, row.took_s)
