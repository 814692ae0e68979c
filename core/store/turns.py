"""What is kept of the turns of calls besides their words: moments, answers of models, and how much was heard."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, insert, select, update

from core.model.call import CallId, ParticipantId
from core.model.insight import RequestTimes, TokenUsage
from core.model.turn_trace import FoundPassages, HeardAudio, ModelAnswer, Moment, Purpose, Step, TurnBatch, TurnRecord
from core.store import schema
from core.store.rows import utterance_of

TOKENS = tuple(each.name for each in fields(TokenUsage))
TURN_TABLES = (schema.turn_moments, schema.model_answers, schema.heard_audio)

_T = TypeVar("_T")


def save_turns(connection: Connection, call_id: CallId, batch: TurnBatch) -> None:
    """Keep what is new. Of a participant's sound the figure as of now replaces the one before."""
    if batch.moments:
        rows = [
            {"call_id": call_id, "utterance_id": each.utterance_id, "step": each.step.value, "at_s": each.at_s}
            for each in batch.moments
        ]
        connection.execute(insert(schema.turn_moments), rows)
    if batch.answers:
        connection.execute(insert(schema.model_answers), [_answer_values(call_id, each) for each in batch.answers])
    for heard in batch.heard:
        table = schema.heard_audio
        values = asdict(heard)
        same = (table.c.call_id == call_id, table.c.participant_id == heard.participant_id)
        if connection.execute(update(table).where(*same).values(**values)).rowcount == 0:
            connection.execute(insert(table).values(call_id=call_id, **values))


def _answer_values(call_id: CallId, answer: ModelAnswer) -> dict[str, object]:
    values = asdict(answer)
    times, usage = values.pop("times"), values.pop("usage") or {}
    tokens = dict.fromkeys(TOKENS) | usage
    return {"call_id": call_id, **values, "purpose": answer.purpose.value, **times, **tokens}


def turn_records(connection: Connection, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
    """The turns of these calls, in the same order, in as many queries for many calls as for one."""
    moment, passages = schema.turn_moments.c, schema.guidance.c
    utterances = _by_call(connection, select(schema.utterances), call_ids, utterance_of, "start_s", "row")
    moments = _by_call(
        connection, select(moment.call_id, moment.utterance_id, moment.step, moment.at_s), call_ids, _moment_of, "row"
    )
    found = _by_call(
        connection, select(passages.call_id, passages.seen_utterance, passages.at_s), call_ids, _passages_of, "row"
    )
    uses = used_in(connection, call_ids)
    return tuple(
        replace(
            use,
            utterances=utterances.get(use.call_id, ()),
            passages=found.get(use.call_id, ()),
            moments=moments.get(use.call_id, ()),
        )
        for use in uses
    )


def used_in(connection: Connection, call_ids: Sequence[CallId]) -> tuple[TurnRecord, ...]:
    """Of the turns of these calls only what they cost: sound and answers. In the same order."""
    answers = _by_call(connection, select(schema.model_answers), call_ids, _answer_of, "row")
    heard = _by_call(connection, select(schema.heard_audio), call_ids, _heard_of, "row")
    return tuple(
        TurnRecord(call_id=call_id, answers=answers.get(call_id, ()), heard=heard.get(call_id, ()))
        for call_id in call_ids
    )


def _by_call(
    connection: Connection,
    query: "Select[Any]",
    call_ids: Sequence[CallId],
    read: "Callable[[Row[Any]], _T]",
    *order: str,
) -> dict[str, tuple[_T, ...]]:
    (table,) = query.get_final_froms()
    wanted = query.where(table.c.call_id.in_(call_ids)).order_by(*(table.c[name] for name in order))
    found: dict[str, list[_T]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.call_id, []).append(read(row))
    return {call_id: tuple(rows) for call_id, rows in found.items()}


def _moment_of(row: "Row[Any]") -> Moment:
    return Moment(row.utterance_id, Step(row.step), row.at_s)


def _passages_of(row: "Row[Any]") -> FoundPassages:
    return FoundPassages(row.seen_utterance, row.at_s)


def _answer_of(row: "Row[Any]") -> ModelAnswer:
    tells_tokens = row.input_tokens is not None and row.output_tokens is not None
    tokens = (getattr(row, name) or 0 for name in TOKENS)
    return ModelAnswer(
        purpose=Purpose(row.purpose),
        engine=row.engine,
        model=row.model,
        at_s=row.at_s,
        seen_utterance=row.seen_utterance,
        turns=row.turns,
        is_news=row.is_news,
        times=RequestTimes(row.wanted_s, row.sent_s, row.first_token_s, row.summary_s, row.done_s),
        usage=TokenUsage(*tokens) if tells_tokens else None,
    )


def _heard_of(row: "Row[Any]") -> HeardAudio:
    return HeardAudio(ParticipantId(row.participant_id), row.engine, row.model, row.seconds)
