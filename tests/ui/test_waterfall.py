"""One turn's steps as bars below each other."""

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from core.model.call import CallId
from core.model.turn_trace import Step, TurnTrace, turn_traces
from core.ui.charts.turn import waterfall_figure
from core.ui.theme import LIGHT
from tests.fakes.turn_records import a_turn_record


def waterfall(trace: TurnTrace, budget_s: float = 2.0) -> go.Figure:
    names = {step: step.value for step in Step}
    return waterfall_figure(trace, budget_s, names, names, LIGHT, str)


def test_a_waterfall_begins_each_step_where_the_one_before_ends_and_marks_the_slowest_of_a_late_turn() -> None:
    trace = turn_traces(a_turn_record(CallId("c1")))[1]
    (bars,) = waterfall(trace).data
    columns = zip(bars.y, bars.base, bars.x, bars.marker.color, strict=True)
    rows = {name: (start, width, colour) for name, start, width, colour in columns}
    ends = [rows[span.step.value][0] + rows[span.step.value][1] for span in trace.way]
    starts = [rows[span.step.value][0] for span in trace.way]
    assert starts == pytest.approx([0.0, *ends[:-1]])
    assert ends[-1] == pytest.approx(trace.total_s)
    assert [name for name, (_, _, colour) in rows.items() if colour == LIGHT.limit] == [trace.slowest.value]
    in_time = waterfall(trace, budget_s=10.0).data[0]
    assert LIGHT.limit not in in_time.marker.color


def test_long_speech_leaves_half_of_a_waterfall_to_what_waits_for_it() -> None:
    trace = turn_traces(a_turn_record(CallId("c1")))[0]
    long = replace(trace, moments={**trace.moments, Step.SPEECH_START: -600.0, Step.FIRST_WORDS: -599.0})
    figure = waterfall(long)
    first_s, last_s = figure.layout.xaxis.range
    assert -first_s <= last_s
    assert Step.FIRST_WORDS.value not in figure.data[0].y
    assert (
        Step.FIRST_WORDS.value in waterfall(replace(trace, moments={**trace.moments, Step.SPEECH_START: 2.9})).data[0].y
    )


def test_a_turn_of_which_little_is_known_is_drawn_all_the_same() -> None:
    trace = turn_traces(a_turn_record(CallId("c1")))[0]
    bare = replace(trace, moments={Step.SPEECH_START: 1.0, Step.SPEECH_END: 1.0})
    assert len(waterfall(bare).data[0].y) == 1
