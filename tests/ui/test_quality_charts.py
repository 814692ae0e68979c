"""The charts of one call's quality: what was measured, where it was, and nothing in between."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core.language.catalogue import translator
from core.model.call import LegId
from core.model.quality import Alert, AlertKind, CallQuality
from core.model.sample import Direction, Vantage
from core.model.snapshot import Note
from core.quality.alert_words import alert_sentence
from core.quality.figures import FIELDS, with_scores
from core.quality.frames import sample_frame
from core.quality.lines import lines
from core.ui.charts.call import SPEECH_TITLE, on_axis
from core.ui.charts.imported import imported_figure
from core.ui.charts.quality import quality_figure
from core.ui.charts.quality_layout import AXES, MISSING, NOT_SHOWN, TEXT_TITLE
from core.ui.charts.quality_picture import Mark, QualityPicture
from core.ui.metric_words import METRIC_EXPLANATIONS, METRIC_NAMES
from core.ui.quality_marks import call_marks
from core.ui.theme import DARK, LIGHT, Palette
from tests.fakes.measured_call import AGENT_LEG, FIRST_LEG, GAP_S, SECOND_LEG, measured_call, samples, utterances
from tests.fakes.page_backend import make_snapshot

LENGTH_S = 1_600
CALL = measured_call("c1", LENGTH_S)
AGENT, CUSTOMER = CALL.participants
LEGS = {AGENT_LEG: AGENT.id, FIRST_LEG: CUSTOMER.id, SECOND_LEG: CUSTOMER.id}
FRAME = with_scores(sample_frame(samples(LENGTH_S)))


def picture(
    vantages: frozenset[Vantage] = frozenset(Vantage), points: int = 300, marks: tuple[Mark, ...] = ()
) -> QualityPicture:
    frame = FRAME[FRAME["vantage"].isin([vantage.value for vantage in vantages])]
    return QualityPicture(
        lines(frame, FIELDS, points),
        tuple(utterances(LENGTH_S)),
        CALL.participants,
        LEGS,
        (0.0, float(LENGTH_S)),
        marks,
        doubted={"u76": 22.0},
    )


def draw(drawn: QualityPicture, colours: Palette = LIGHT) -> go.Figure:
    return quality_figure(drawn, colours, translator("en"))


def trace(figure: go.Figure, key: str) -> go.Scatter:
    return next(each for each in figure.data if each.meta and each.meta["key"] == key)


def texts(figure: go.Figure) -> str:
    return "\n".join(str(annotation.text) for annotation in figure.layout.annotations)


def test_every_figure_has_a_chart_a_name_and_an_explanation() -> None:
    assert set(AXES) == set(FIELDS) == set(METRIC_NAMES)
    assert set(FIELDS) <= set(METRIC_EXPLANATIONS)
    figure = draw(picture())
    assert {each.yaxis for each in figure.data} == {"y2", "y3", *AXES.values()}
    assert all(figure.layout[f"yaxis{number}"].anchor == "x" for number in range(2, 13))


def test_a_reconnection_is_a_gap_between_two_lines_of_one_colour() -> None:
    figure = draw(picture())
    before, after = (trace(figure, f"{leg}|outbound|browser|jitter_ms") for leg in (FIRST_LEG, SECOND_LEG))
    assert before.line.color == after.line.color
    assert np.nanmax(before.x) == on_axis(GAP_S[0] - 1.0)
    assert np.nanmin(after.x) == on_axis(float(GAP_S[1]))


def test_what_nobody_could_measure_is_called_missing_and_why() -> None:
    assert MISSING not in texts(draw(picture()))
    server_alone = texts(draw(picture(frozenset({Vantage.SERVER}))))
    assert server_alone.count(NOT_SHOWN) == 2
    assert "<b>Jitter buffer</b> ms · missing" in server_alone
    assert "<b>MOS</b> estimated" in server_alone
    assert "<b>Jitter</b> ms · measured" in server_alone


def test_each_direction_and_vantage_has_a_dash_of_its_own_and_the_first_is_solid() -> None:
    figure = draw(picture())
    dash = {
        (direction, vantage): trace(figure, f"l1|{direction.value}|{vantage.value}|packets_per_s").line.dash
        for direction in Direction
        for vantage in Vantage
    }
    assert len(set(dash.values())) == 4
    assert dash[Direction.OUTBOUND, Vantage.BROWSER] == "solid"


def test_an_alert_is_a_band_in_the_chart_of_its_figure_at_its_times() -> None:
    alert = Alert(FIRST_LEG, AlertKind.PACKET_LOSS, Direction.INBOUND, 603.0, 1.0, (6.0,), 22.0, cleared_at_s=655.0)
    goes_on = Alert(AGENT_LEG, AlertKind.HIGH_JITTER, Direction.INBOUND, 900.0, 30.0, (60.0,), 66.0)
    quality = CallQuality(alerts=(alert, goes_on))
    marks = call_marks(make_snapshot(CALL, legs=LEGS, quality=quality), 1_600.0, translator("en"))
    figure = draw(picture(marks=marks))
    bands = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [(band.x0, band.x1, band.yref) for band in bands] == [
        (on_axis(603.0), on_axis(655.0), f"{AXES['loss_pct']} domain"),
        (on_axis(900.0), on_axis(1_600.0), f"{AXES['jitter_ms']} domain"),
    ]
    (strip,) = [each for each in figure.data if each.yaxis == "y"]
    assert "Packets from 이서준 are lost: 22.0 %, limit 1 %." in strip.text


def test_lines_break_where_somebody_is_lost_or_comes_back_and_where_who_hears_whom_changes() -> None:
    notes = (
        Note(1.0, "participant_connected", "Dana"),
        Note(1.2, "participant_connected", "Chris"),
        Note(50.0, "participant_lost", "Chris"),
        Note(60.0, "participant_connected", "Chris"),
        Note(70.0, "supervision_take_over", "Sue"),
        Note(80.0, "speech_lost", "Chris", until_s=84.0),
    )
    marks = call_marks(make_snapshot(CALL, notes=notes), 100.0, translator("en"))
    assert [mark.at_s for mark in marks if mark.is_break] == [50.0, 60.0, 70.0]
    assert marks[-1].text == "4 s of the voice of Chris could not be turned into text."
    figure = draw(picture(marks=marks))
    upright = [shape.x0 for shape in figure.layout.shapes if shape.yref == "paper"]
    assert upright == [on_axis(at_s) for at_s in (50.0, 60.0, 70.0)]


def test_an_alert_without_words_is_told_by_its_name() -> None:
    alert = Alert(LegId("l1"), AlertKind.HIGH_RTT, Direction.INBOUND, 1.0, 400.0, (500.0,), 500.0)
    assert alert_sentence(alert, "Dana", translator("en")) == "high_rtt"


def test_how_long_a_text_took_stands_where_it_came() -> None:
    figure = draw(picture())
    (of_agent, of_customer) = [each for each in figure.data if each.yaxis == "y3"]
    assert (of_agent.name, of_customer.name) == ("김민지", "이서준")
    assert of_customer.x[0] == pytest.approx(on_axis(8.3))
    assert of_customer.y[0] == pytest.approx(5.1)


def test_a_file_from_elsewhere_has_no_rows_for_words_and_one_for_everything_else() -> None:
    drawn = replace(picture(), utterances=(), doubted={}, has_words=False)
    figure = imported_figure(drawn, LIGHT, translator("en"))
    assert {each.yaxis or "y" for each in figure.data} == {"y", *AXES.values()}
    assert SPEECH_TITLE not in texts(figure)
    assert TEXT_TITLE not in texts(figure)
    assert figure.layout.height < draw(picture()).layout.height


def test_a_doubted_utterance_is_crossed_in_the_speakers_row() -> None:
    figure = draw(picture())
    (cross,) = [each for each in figure.data if each.yaxis == "y2" and each.marker.symbol == "x"]
    assert list(cross.x) == [on_axis(2 + 8 * 76 + 5.5 / 2)]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_both_themes_have_their_own_colours(colours: Palette) -> None:
    figure = draw(picture(), colours)
    assert figure.layout.font.color == colours.text
    assert {each.line.color for each in figure.data if each.meta} <= {
        c for shades in colours.roles.values() for c in shades
    }
