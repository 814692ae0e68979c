"""Which request answered which turn, and what its steps add up to."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.call import CallId
from core.model.turn_trace import (
    BRANCHES,
    WAY,
    FoundPassages,
    Moment,
    Purpose,
    Step,
    TurnRecord,
    TurnTrace,
    turn_traces,
)
from tests.fakes.turn_records import a_final, a_turn_record, an_answer

CALL = CallId("c1")


def traces_of(record: TurnRecord) -> dict[str, TurnTrace]:
    return {trace.utterance_id: trace for trace in turn_traces(record)}


def test_a_turn_goes_through_all_its_steps() -> None:
    trace = traces_of(a_turn_record(CALL))["u0"]
    assert set(trace.moments) == set(Step)
    assert [span.step for span in trace.way] == list(WAY[1:])
    assert [span.step for span in trace.branches] == list(BRANCHES)
    assert trace.total_s == pytest.approx(0.62 + 0.01 + 0.82 + 0.14)
    assert (trace.answered_by, trace.is_folded, trace.slowest) == ("u0", False, Step.FINAL)


def test_what_came_while_a_request_was_under_way_shares_the_next_one() -> None:
    traces = traces_of(a_turn_record(CALL))
    assert (traces["u2"].answered_by, traces["u2"].is_folded) == ("u3", True)
    assert (traces["u3"].answered_by, traces["u3"].is_folded) == ("u3", False)
    assert traces["u2"].moments[Step.SUMMARY_PAINTED] == traces["u3"].moments[Step.SUMMARY_PAINTED]


def test_an_answer_without_news_ends_the_way_where_it_came() -> None:
    trace = traces_of(a_turn_record(CALL))["u4"]
    assert not trace.is_news
    assert trace.way[-1].step is Step.SUMMARY
    assert trace.total_s == pytest.approx(0.64 + 0.02 + 0.7)


def test_a_turn_that_no_request_has_seen_has_no_total() -> None:
    record = a_turn_record(CALL)
    late = a_final(9, 30.0, 31.0, 0.5)
    trace = traces_of(replace(record, utterances=(*record.utterances, late)))["u9"]
    assert (trace.answered_by, trace.total_s, trace.exceeds(0.0)) == ("", None, False)
    assert [span.step for span in trace.way] == [Step.FINAL]


def test_a_turn_that_began_first_and_was_recognised_last_is_answered_by_the_request_after_it() -> None:
    long, short = a_final(0, 0.0, 10.0, 0.5), a_final(1, 5.0, 6.0, 0.5)
    # As in records of old, both requests name the one that began last.
    answers = (an_answer("u1", 1, 6.6, 0.5), an_answer("u1", 2, 10.6, 0.5))
    traces = traces_of(TurnRecord(CALL, (long, short), answers=answers))
    assert traces["u1"].moments[Step.SUMMARY] == pytest.approx(7.1)
    assert traces["u0"].moments[Step.SUMMARY] == pytest.approx(11.1)


def test_what_was_painted_before_an_answer_is_another_answer_s() -> None:
    long, short = a_final(0, 0.0, 10.0, 0.5), a_final(1, 5.0, 6.0, 0.5)
    answers = (an_answer("u1", 1, 6.6, 0.5), an_answer("u1", 2, 10.6, 0.5))
    passages = (FoundPassages("u1", 7.2), FoundPassages("u1", 11.2))
    painted = (Moment("u1", Step.SUMMARY_PAINTED, 7.2), Moment("u1", Step.PASSAGES_PAINTED, 7.3))
    traces = traces_of(TurnRecord(CALL, (long, short), passages, painted, answers))
    assert traces["u1"].moments[Step.SUMMARY_PAINTED] == 7.2
    assert traces["u1"].moments[Step.PASSAGES_PAINTED] == 7.3
    assert not {Step.SUMMARY_PAINTED, Step.PASSAGES_PAINTED} & set(traces["u0"].moments)
    assert traces["u0"].total_s == pytest.approx(1.1), "until it was valid: that a page showed it is not known"


def test_what_was_asked_besides_the_summary_answers_no_turn() -> None:
    asked = replace(an_answer("u0", 1, 4.0, 0.5), purpose=Purpose.QUESTION)
    trace = traces_of(TurnRecord(CALL, (a_final(0, 0.0, 3.0, 0.5),), answers=(asked,)))["u0"]
    assert (trace.answered_by, trace.total_s) == ("", None)


def test_of_two_paints_the_first_that_was_kept_counts() -> None:
    moments = (Moment("u0", Step.TEXT_PAINTED, 4.0), Moment("u0", Step.TEXT_PAINTED, 5.0))
    trace = traces_of(TurnRecord(CALL, (a_final(0, 0.0, 3.0, 0.5),), moments=moments))["u0"]
    assert trace.moments[Step.TEXT_PAINTED] == 4.0


def test_the_step_that_took_longest_is_named() -> None:
    trace = traces_of(a_turn_record(CALL))["u1"]
    assert trace.exceeds(2.0)
    assert trace.slowest in (Step.FIRST_TOKEN, Step.SUMMARY)


moments = st.dictionaries(st.sampled_from(list(Step)), st.floats(-10, 1e5), max_size=len(Step))


@given(moments)
def test_whatever_clocks_say_the_steps_follow_each_other_and_add_up(given_moments: dict[Step, float]) -> None:
    trace = replace(traces_of(a_turn_record(CALL))["u0"], moments=given_moments)
    way = trace.way
    for before, after in pairwise(way):
        assert before.end_s == after.start_s
    assert all(span.took_s >= 0 for span in (*way, *trace.branches))
    if trace.total_s is not None:
        assert trace.total_s == pytest.approx(sum(span.took_s for span in way), abs=1e-6)
        assert Step.SPEECH_END in given_moments
    assert [span.step for span in way] == [step for step in WAY[1:] if step in given_moments][: len(way)]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5)), min_size=1, max_size=12), st.data())
def test_every_turn_is_answered_by_the_first_request_that_can_have_seen_it(
    times: list[tuple[float, float]], data: st.DataObject
) -> None:
    said = tuple(a_final(number, start_s, start_s + 1, delay_s) for number, (start_s, delay_s) in enumerate(times))
    turns = sorted(data.draw(st.sets(st.integers(1, len(said)), max_size=len(said))))
    answers = tuple(an_answer("u0", count, 200.0 + count, 0.5) for count in turns)
    traces = traces_of(TurnRecord(CALL, tuple(sorted(said, key=lambda u: (u.start_s, u.id))), answers=answers))
    in_order = sorted(said, key=lambda each: (each.recognised_s, each.start_s, each.id))
    for number, utterance in enumerate(in_order, start=1):
        first = next((count for count in turns if count >= number), None)
        assert traces[utterance.id].moments.get(Step.REQUEST_SENT) == (None if first is None else 200.0 + first)
