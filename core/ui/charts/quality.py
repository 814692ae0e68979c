"""The charts of one call's Quality page: every figure on one time axis, with what was said and what happened."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.language.catalogue import Translate
from core.model.call import ParticipantId
from core.ui.charts.call import ORIGIN_MS, on_axis, speech_points
from core.ui.charts.quality_layout import AXES, quality_layout
from core.ui.charts.quality_picture import Mark, QualityPicture
from core.ui.metric_words import DIRECTIONS_SHORT, VANTAGES
from core.ui.theme import Palette, participant_colours

DASHES = ("solid", "dot", "dash", "dashdot")
"""Of each direction and vantage, in the order of `QualityPicture.kinds`."""


def quality_figure(picture: QualityPicture, colours: Palette, translate: Translate) -> go.Figure:
    """The whole stack of charts; its height is in its layout. Any thread."""
    colour_of = participant_colours(picture.participants, colours)
    traces = [
        *_events(picture.marks, colours),
        *_speech(picture, colour_of, colours),
        *_text(picture, colour_of),
        *_lines(picture, colour_of, colours, translate),
    ]
    figure = go.Figure(traces)
    figure.update_layout(quality_layout(picture, colours, translate))
    return figure


def _events(marks: Sequence[Mark], colours: Palette) -> list[go.Scatter]:
    alerts = [mark for mark in marks if mark.is_alert]
    others = [mark for mark in marks if not mark.is_alert]
    found = []
    if alerts:
        xs: list[float | None] = []
        texts: list[str] = []
        for mark in alerts:
            xs += [on_axis(mark.at_s), on_axis(mark.until_s if mark.until_s is not None else mark.at_s), None]
            texts += [mark.text, mark.text, ""]
        found.append(
            go.Scatter(
                x=xs,
                y=[1 if x is not None else None for x in xs],
                text=texts,
                mode="lines+markers",
                connectgaps=False,
                line={"color": colours.limit, "width": 6},
                marker={"color": colours.limit, "size": 6},
                yaxis="y",
                hovertemplate="%{text}<extra></extra>",
            )
        )
    if others:
        found.append(
            go.Scatter(
                x=[on_axis(mark.at_s) for mark in others],
                y=[0] * len(others),
                text=[mark.text for mark in others],
                mode="markers",
                marker={
                    "color": colours.muted,
                    "size": 8,
                    "symbol": ["diamond" if mark.is_break else "circle-open" for mark in others],
                },
                yaxis="y",
                hovertemplate="%{text}<extra></extra>",
            )
        )
    return found


def _speech(picture: QualityPicture, colour_of: Mapping[ParticipantId, str], colours: Palette) -> list[go.Scatter]:
    found = []
    row_of = {p.id: len(picture.speakers) - 1 - index for index, p in enumerate(picture.speakers)}
    for speaker in picture.speakers:
        said = [u for u in picture.utterances if u.participant_id == speaker.id]
        xs, ys = speech_points(said, row_of[speaker.id])
        if xs:
            found.append(
                go.Scatter(
                    x=xs,
                    y=ys,
                    name=speaker.name,
                    mode="lines",
                    connectgaps=False,
                    line={"color": colour_of[speaker.id], "width": 7},
                    yaxis="y2",
                    hoverinfo="skip",
                )
            )
    doubted = [u for u in picture.utterances if u.id in picture.doubted and u.participant_id in row_of]
    if doubted:
        found.append(
            go.Scatter(
                x=[on_axis((u.start_s + u.end_s) / 2) for u in doubted],
                y=[row_of[u.participant_id] for u in doubted],
                mode="markers",
                marker={"color": colours.limit, "size": 9, "symbol": "x"},
                yaxis="y2",
                hoverinfo="skip",
            )
        )
    return found


def _text(picture: QualityPicture, colour_of: Mapping[ParticipantId, str]) -> list[go.Scatter]:
    found = []
    for speaker in picture.speakers:
        said = [
            (utterance.recognised_s, utterance.recognised_s - utterance.first_interim_s)
            for utterance in picture.utterances
            if utterance.participant_id == speaker.id and utterance.is_final and utterance.first_interim_s is not None
        ]
        if said:
            found.append(
                go.Scatter(
                    x=[on_axis(at_s) for at_s, _ in said],
                    y=[round(took_s, 2) for _, took_s in said],
                    name=speaker.name,
                    mode="markers",
                    marker={"color": colour_of[speaker.id], "size": 5},
                    yaxis="y3",
                    hovertemplate="%{y:.1f} s<extra>%{fullData.name}</extra>",
                )
            )
    return found


def _lines(
    picture: QualityPicture, colour_of: Mapping[ParticipantId, str], colours: Palette, translate: Translate
) -> list[go.Scatter]:
    names = {p.id: p.name for p in picture.participants}
    dash_of = dict(zip(picture.kinds, DASHES, strict=False))
    found = []
    for line in picture.lines:
        owner = picture.legs.get(line.leg_id, ParticipantId(""))
        is_target = line.field == "jitter_buffer_target_ms"
        way, whose = translate(DIRECTIONS_SHORT[line.direction]), translate(VANTAGES[line.vantage])
        found.append(
            go.Scatter(
                # As arrays: of lists, Plotly would look at every number by itself. A gap is NaN.
                x=ORIGIN_MS + 1000.0 * np.array(line.at_s),
                y=np.array(line.values, dtype="float64"),
                name=f"{names.get(owner, '')} {way} · {whose}",
                mode="lines",
                connectgaps=False,
                line={
                    "color": colour_of.get(owner, colours.muted),
                    "width": 1.0 if is_target else 1.5,
                    "dash": dash_of[line.direction, line.vantage],
                },
                opacity=0.5 if is_target else 1.0,
                yaxis=AXES[line.field],
                meta={"key": line.key},
                hovertemplate="%{y:.1f}<extra>%{fullData.name}</extra>",
            )
        )
    return found
