"""What is kept of a persona's use of its provider: each part once, under the model that it is paid for."""

from core.calls.persona_usage import ChargedUsage
from core.model.insight import TokenUsage
from core.model.persona import PersonaCounts
from core.model.turn_trace import Purpose

FIRST = PersonaCounts(answers_usage=TokenUsage(100, 20, 0, 80, 0, 15), transcripts_usage=TokenUsage(10, 4, 0, 10))
SECOND = PersonaCounts(answers_usage=TokenUsage(260, 45, 90, 200, 70, 35), transcripts_usage=TokenUsage(10, 4, 0, 10))


def nothing_yet() -> ChargedUsage:
    return ChargedUsage("realtime", "voice", "writer")


def test_each_batch_holds_what_came_since_the_last() -> None:
    batch, kept = nothing_yet().until(FIRST, 30.0)
    assert batch is not None
    assert [(each.engine, each.model, each.usage) for each in batch.answers] == [
        ("realtime", "voice", FIRST.answers_usage),
        ("realtime", "writer", FIRST.transcripts_usage),
    ]
    batch, kept = kept.until(SECOND, 60.0)
    assert batch is not None
    (answer,) = batch.answers
    assert (answer.model, answer.usage) == ("voice", TokenUsage(160, 25, 90, 120, 70, 20))
    assert (answer.purpose, answer.times.sent_s, answer.times.done_s) == (Purpose.PERSONA, 30.0, 60.0)


def test_nothing_is_kept_where_nothing_was_used() -> None:
    batch, kept = nothing_yet().until(PersonaCounts(), 30.0)
    assert batch is None
    assert kept.at_s == 30.0
    assert kept.until(PersonaCounts(connections=2), 60.0)[0] is None


def test_what_is_paid_by_another_measure_is_kept_as_not_told() -> None:
    batch, kept = nothing_yet().until(PersonaCounts(uncounted_transcripts=3), 30.0)
    assert batch is not None
    assert [(each.model, each.usage) for each in batch.answers] == [("writer", None)]
    assert kept.until(PersonaCounts(uncounted_transcripts=3), 60.0)[0] is None
