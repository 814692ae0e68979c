"""Finds calls by when, who, in which language, and by what was said."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from core.model.archive import CallPage, CallQuery, FoundCall
from core.model.call import CallState, LegState, Role
from core.store import schema
from core.store.rows import call_of, participants_of

ESCAPE = "\\"
WORDS_LIMIT = 8
"""Words of a search that count; more narrow nothing down."""


def search_calls(connection: Connection, query: CallQuery) -> CallPage:
    """A stretch of the calls that fit, newest first."""
    fits = and_(True, *_conditions(query))
    # Counted along with the rows: looking through what was said takes long, and this way it is done once.
    rows = connection.execute(
        select(schema.calls, func.count().over().label("total"))
        .where(fits)
        .order_by(schema.calls.c.created_at.desc(), schema.calls.c.id)
        .limit(query.limit)
        .offset(query.offset)
    ).all()
    if rows:
        total = rows[0].total
    elif query.offset:
        total = connection.execute(select(func.count()).select_from(schema.calls).where(fits)).scalar_one()
    else:
        total = 0
    people = participants_of(connection, [row.id for row in rows])
    found = []
    for row in rows:
        quote, quote_at_s = _quote(connection, row.id, query.text)
        call = call_of(row, people.get(row.id, ()))
        found.append(FoundCall(call, _latest_summary(connection, row.id), quote, quote_at_s))
    return CallPage(tuple(found), total)


def _conditions(query: CallQuery) -> list[ColumnElement[bool]]:
    calls, participants, utterances = schema.calls.c, schema.participants.c, schema.utterances.c
    wanted: list[ColumnElement[bool]] = []
    if query.since is not None:
        wanted.append(calls.created_at >= query.since)
    if query.until is not None:
        wanted.append(calls.created_at < query.until)
    if query.language:
        wanted.append(calls.language == query.language)
    if query.state is not None:
        wanted.append(calls.state == query.state.value)
    if query.is_running:
        wanted.append(calls.state != CallState.ENDED.value)
    if query.with_persona:
        wanted.append(calls.persona_id.is_not(None))
    if query.participant.strip():
        named = _contains(participants.name, query.participant.strip())
        wanted.append(exists().where(participants.call_id == calls.id, named))
    if query.text.split():
        wanted.append(exists().where(utterances.call_id == calls.id, *_says(query.text)))
    if query.own_of:
        wanted.append(_is_own(query.own_of))
    return wanted


def _is_own(person_id: str) -> ColumnElement[bool]:
    calls, participants, legs = schema.calls.c, schema.participants.c, schema.legs.c
    took_part = exists().where(participants.call_id == calls.id, participants.person_id == person_id)
    agent_present = exists().where(
        participants.call_id == calls.id,
        participants.role == Role.AGENT.value,
        legs.participant_id == participants.id,
        legs.state.in_((LegState.OPEN.value, LegState.CONNECTING.value, LegState.CONNECTED.value)),
    )
    waits = and_(calls.state != CallState.ENDED.value, ~agent_present)
    return or_(calls.created_by == person_id, took_part, waits)


def _says(text: str) -> list[ColumnElement[bool]]:
    return [_contains(schema.utterances.c.text, word) for word in text.split()[:WORDS_LIMIT]]


def _contains(column: Any, part: str) -> ColumnElement[bool]:
    escaped = part.replace(ESCAPE, ESCAPE * 2).replace("%", f"{ESCAPE}%").replace("_", f"{ESCAPE}_")
    result: ColumnElement[bool] = column.ilike(f"%{escaped}%", escape=ESCAPE)
    return result


def _quote(connection: Connection, call_id: str, text: str) -> tuple[str, float | None]:
    if not text.split():
        return "", None
    utterances = schema.utterances.c
    first = connection.execute(
        select(utterances.text, utterances.start_s)
        .where(utterances.call_id == call_id, *_says(text))
        .order_by(utterances.start_s, utterances.row)
        .limit(1)
    ).one_or_none()
    return (first.text, first.start_s) if first else ("", None)


def _latest_summary(connection: Connection, call_id: str) -> str:
    summaries = schema.summaries.c
    query = select(summaries.summary).where(summaries.call_id == call_id).order_by(summaries.row.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none() or ""
