"""From rows of the tables to the model, for everything that reads."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallPersona,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    PersonaId,
    Role,
)
from core.model.insight import (
    Intent,
    RequestTimes,
    RiskFlag,
    Sentiment,
    SentimentLabel,
    SentimentTrend,
    Summary,
    SummaryText,
    TokenUsage,
)
from core.model.leg_facts import BrowserFacts, IceFacts, LegFacts, MicrophoneFacts
from core.model.passage import Guidance, GuidanceAnswer, Passage
from core.model.text_alert import AlertLevel, TextAlert
from core.model.utterance import Correction, Utterance
from core.model.wrap_up import Filing, Resolution, WrapUp, WrapUpDraft, WrapUpText
from core.store import schema


def rows_of(connection: Connection, table: Table, call_id: str, *order: str) -> "list[Row[Any]]":
    """A call's rows of a table, in an order."""
    query = select(table).where(table.c.call_id == call_id).order_by(*(table.c[name] for name in order))
    return list(connection.execute(query).all())


def participants_of(connection: Connection, call_ids: list[str]) -> dict[str, tuple[Participant, ...]]:
    """The participants of each of these calls, in the order of joining."""
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
            person_id=row.person_id,
            language=row.language,
        )
        people[row.call_id] = (*people.get(row.call_id, ()), participant)
    return people


def call_of(row: "Row[Any]", participants: tuple[Participant, ...]) -> Call:
    """One call."""
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
        created_by=row.created_by,
        persona=_persona_of(row),
    )


def _persona_of(row: "Row[Any]") -> CallPersona | None:
    if row.persona_id is None:
        return None
    return CallPersona(PersonaId(row.persona_id), row.persona_name, row.persona_is_rehearsal)


def leg_facts_of(row: "Row[Any]") -> LegFacts:
    """What is known of a leg that has any facts."""
    kept: dict[str, Any] = row.facts
    browser = kept["browser"]
    return LegFacts(**kept | {"browser": None if browser is None else _browser_facts(browser)})


def _browser_facts(kept: Mapping[str, Any]) -> BrowserFacts:
    ice, microphone = kept["ice"], kept["microphone"]
    tuples = {name: tuple(ice[name]) for name in ("local", "remote", "errors")}
    return BrowserFacts(
        **{
            **kept,
            "ice": IceFacts(**ice | tuples),
            "microphone": None if microphone is None else MicrophoneFacts(**microphone),
        }
    )


def utterance_of(row: "Row[Any]") -> Utterance:
    """One utterance as it reads now."""
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
        correction=None if row.original is None else Correction(row.original, row.corrected_by, row.corrected_at),
        trace_id=row.trace_id,
        first_interim_s=row.first_interim_s,
        raw_text=row.raw_text,
        is_typed=row.is_typed,
        is_cut=row.is_cut,
    )


def summary_of(row: "Row[Any]") -> Summary:
    """One summary."""
    return Summary(
        text=SummaryText(row.summary, row.customer_issue, row.agent_action),
        engine=row.engine,
        model=row.model,
        seen_utterance=row.seen_utterance,
        turns=row.turns,
        at_s=row.at_s,
        took_s=row.took_s,
        intent=Intent(**row.intent) if row.intent else None,
        sentiment=_sentiment(**row.sentiment) if row.sentiment else None,
        risks=tuple(RiskFlag(**risk) for risk in row.risks or ()),
        suggested_reply=row.suggested_reply,
        times=RequestTimes(**row.times) if row.times else None,
        usage=TokenUsage(**row.usage) if row.usage else None,
        stands_in_for=row.stands_in_for,
    )


def _sentiment(label: str, score: float, trend: str) -> Sentiment:
    return Sentiment(SentimentLabel(label), score, SentimentTrend(trend))


def guidance_of(row: "Row[Any]") -> Guidance:
    """One answer of the handbook."""
    documents = tuple(Passage(**document) for document in row.documents)
    return Guidance(
        query=row.query,
        answer=GuidanceAnswer(row.guidance, documents),
        at_s=row.at_s,
        took_s=row.took_s,
        asked_s=row.asked_s,
        seen_utterance=row.seen_utterance,
    )


def text_alert_of(row: "Row[Any]") -> TextAlert:
    """One alert that a rule raised."""
    return TextAlert(
        id=row.id,
        rule_id=row.rule_id,
        names=row.names,
        category=row.category,
        level=AlertLevel(row.level),
        raised_at_s=row.raised_at_s,
        utterance_ids=tuple(row.utterance_ids),
        participant_id=ParticipantId(row.participant_id) if row.participant_id else None,
        cleared_at_s=row.cleared_at_s,
        notify=row.notify,
    )


def wrap_up_of(row: "Row[Any]") -> WrapUp:
    """Both versions of a wrap-up."""
    draft, filed = row.draft, row.filed
    return WrapUp(
        draft=None if draft is None else WrapUpDraft(**draft | {"text": _wrap_up_text(draft["text"])}),
        filed=None if filed is None else Filing(**filed | {"text": _wrap_up_text(filed["text"])}),
    )


def _wrap_up_text(kept: Mapping[str, Any]) -> WrapUpText:
    return WrapUpText(
        **{
            **kept,
            "steps": tuple(kept["steps"]),
            "resolution": Resolution(kept["resolution"]),
            "sentiment": None if kept["sentiment"] is None else SentimentLabel(kept["sentiment"]),
            "follow_ups": tuple(kept["follow_ups"]),
        }
    )
