"""The charts of the live page: RTP figures made from pandas frames on the call's clock.

All panels of the RTP figures share one time axis. A gap in the samples is a gap in the line, and a figure that is
missing is no point.
The page's script goes on drawing from where the figure ends, by the rules that the figure carries in `layout.meta`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd
import plotly.graph_objects as go

from core.language.catalogue import Translate, message
from core.model.call import LegId, Participant, ParticipantId
from core.model.sample import Direction, Vantage
from core.model.utterance import Utterance
from core.ui.theme import Palette, participant_colours
from core.ui.wording import METRIC_TIPS

GAP_S = 1.8
"""Two samples that are further apart than this many of their usual distances have a gap between them."""
LIVE_WINDOW_S = 180.0
"""How much of a call that goes on is shown."""

ORIGIN_MS = 86_400_000.0
"""Where a call begins on the time axis, a date axis in milliseconds. A day after its zero: Plotly takes four-digit
numbers for years."""


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of line: which figure of which direction, where, and how it is drawn."""

    field: str
    direction: Direction
    axis: str
    dash: str
    opacity: float = 1.0


SERIES = (
    Series("jitter_ms", Direction.INBOUND, "y2", "solid"),
    Series("jitter_ms", Direction.OUTBOUND, "y2", "dot"),
    Series("loss_pct", Direction.INBOUND, "y3", "solid"),
    Series("loss_pct", Direction.OUTBOUND, "y3", "dot"),
    Series("packets_per_s", Direction.INBOUND, "y4", "solid"),
    Series("packets_per_s", Direction.OUTBOUND, "y4", "dot"),
    Series("send_deviation_p99_ms", Direction.OUTBOUND, "y5", "solid"),
    Series("send_deviation_p50_ms", Direction.OUTBOUND, "y5", "dot", 0.6),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of the stack."""

    field: str
    title: str
    unit: str
    calm_up_to: float
    """The axis reaches at least this far, so that harmless ripples look harmless."""
    limit: float | None = None
    """From here on people hear it."""


PANELS = (
    Panel("jitter_ms", message("Jitter"), "ms", 35.0, limit=30.0),
    Panel("loss_pct", message("Packet loss"), "%", 2.5, limit=1.0),
    Panel("packets_per_s", message("Packet rate"), "1/s", 60.0),
    Panel("send_deviation_p99_ms", message("Send deviation"), "ms", 10.0),
)
SPEECH_TITLE = message("Speech")


def on_axis(at_s: float) -> float:
    """A second of the call's clock as a place on the time axis."""
    return ORIGIN_MS + at_s * 1000.0


def line_points(rows: pd.DataFrame, field: str) -> tuple[list[float], list[float | None]]:
    """The x (on the time axis) and y of one line; an empty point stands in every gap."""
    ordered = rows.sort_values("at_s")
    # Of a long call every k-th sample is given: what is a gap depends on the usual distance.
    usual_s = ordered["at_s"].diff().quantile(0.1)
    gap_s = GAP_S * max(1.0, 0.0 if pd.isna(usual_s) else float(usual_s))
    xs: list[float] = []
    ys: list[float | None] = []
    before: float | None = None
    for at_s, value in zip(ordered["at_s"], ordered[field], strict=True):
        if before is not None and at_s - before > gap_s:
            xs.append(on_axis((before + at_s) / 2))
            ys.append(None)
        xs.append(on_axis(at_s))
        ys.append(None if pd.isna(value) else round(float(value), 3))
        before = at_s
    return xs, ys


def speech_points(utterances: Sequence[Utterance], row: int) -> tuple[list[float | None], list[float | None]]:
    """One speaker's utterances as separate bars on the time axis, at the height `row`."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for utterance in utterances:
        xs += [on_axis(utterance.start_s), on_axis(utterance.end_s), None]
        ys += [row, row, None]
    return xs, ys


def time_format(end_s: float) -> str:
    """How the time axis is labelled: with hours from the first hour on."""
    return "%-H:%M:%S" if end_s >= 3600 else "%M:%S"


def call_figure(
    frame: pd.DataFrame,
    *,
    utterances: Sequence[Utterance],
    participants: Sequence[Participant],
    legs: Mapping[LegId, ParticipantId],
    span_s: tuple[float, float],
    colours: Palette,
    translate: Translate,
) -> go.Figure:
    """The stack of charts of a call: who spoke, jitter, loss, packet rate and send deviation over `span_s`.

    `frame` is what `core.quality.frames.sample_frame` gives; only the server's own measurements are drawn. Any thread.
    """
    figure = go.Figure()
    colour_of = participant_colours(participants, colours)
    names = {p.id: p.name for p in participants}
    order = {p.id: len(participants) - 1 - index for index, p in enumerate(participants)}
    for participant in participants:
        xs, ys = speech_points([u for u in utterances if u.participant_id == participant.id], order[participant.id])
        if xs:
            figure.add_trace(_speech_trace(participant, xs, ys, colour_of[participant.id]))
    server = frame[frame["vantage"] == Vantage.SERVER.value]
    for series in SERIES:
        for leg_id, rows in server[server["direction"] == series.direction.value].groupby("leg_id", sort=False):
            if rows[series.field].notna().any():
                owner = legs.get(LegId(str(leg_id)), ParticipantId(""))
                xs_line, ys_line = line_points(rows, series.field)
                figure.add_trace(
                    _line_trace(
                        series, str(leg_id), names.get(owner, ""), xs_line, ys_line, colour_of.get(owner, colours.muted)
                    )
                )
    _style(figure, span_s, colours, translate, len(participants))
    return figure


def _line_trace(
    series: Series, leg_id: str, name: str, xs: list[float], ys: list[float | None], colour: str
) -> go.Scatter:
    return go.Scatter(
        x=xs,
        y=ys,
        name=name,
        mode="lines",
        connectgaps=False,
        line={"color": colour, "width": 1.5, "dash": series.dash},
        opacity=series.opacity,
        xaxis="x",
        yaxis=series.axis,
        meta={"leg": leg_id, "direction": series.direction.value, "field": series.field},
        hovertemplate="%{y:.1f}<extra>%{fullData.name}</extra>",
    )


def _speech_trace(participant: Participant, xs: list[float | None], ys: list[float | None], colour: str) -> go.Scatter:
    return go.Scatter(
        x=xs,
        y=ys,
        name=participant.name,
        mode="lines",
        connectgaps=False,
        line={"color": colour, "width": 5},
        xaxis="x",
        yaxis="y",
        meta={"speaker": participant.id},
        hoverinfo="skip",
    )


def _style(
    figure: go.Figure, span_s: tuple[float, float], colours: Palette, translate: Translate, speakers: int
) -> None:
    start_s, end_s = span_s
    figure.update_layout(
        template=go.layout.Template(),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "size": 11},
        margin={"l": 34, "r": 6, "t": 18, "b": 22},
        showlegend=False,
        hovermode="x",
        dragmode="zoom",
        meta={
            "series": [asdict(series) for series in SERIES],
            "gap_s": GAP_S,
            "window_s": LIVE_WINDOW_S,
            "origin_ms": ORIGIN_MS,
        },
        # One axis for all panels: every line hangs on x, which is drawn below the lowest of them.
        xaxis={
            "type": "date",
            "range": [on_axis(start_s), on_axis(end_s)],
            "tickformat": time_format(end_s),
            "hoverformat": time_format(end_s),
            "nticks": 6,
            "gridcolor": colours.grid,
            "linecolor": colours.grid,
            "zeroline": False,
            "anchor": f"y{len(PANELS) + 1}",
        },
        yaxis={
            "domain": [_SPEECH_FROM, 1.0],
            "range": [-0.7, max(speakers, 1) - 0.3],
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    _add_title(figure, f"<b>{translate(SPEECH_TITLE)}</b>", "y", colours)
    for number, panel in enumerate(PANELS, start=2):
        bottom, top = _domain(number - 2)
        figure.update_layout(
            {
                f"yaxis{number}": {
                    "domain": [bottom, top],
                    "anchor": "x",
                    "rangemode": "tozero",
                    "autorangeoptions": {"include": [0, panel.calm_up_to]},
                    "nticks": 4,
                    "gridcolor": colours.grid,
                    "zeroline": False,
                    "fixedrange": True,
                }
            }
        )
        if panel.limit is not None:
            figure.add_shape(
                type="line",
                xref="paper",
                x0=0,
                x1=1,
                yref=f"y{number}",
                y0=panel.limit,
                y1=panel.limit,
                line={"color": colours.limit, "width": 1, "dash": "dot"},
                layer="below",
            )
        title = f"<b>{translate(panel.title)}</b> {panel.unit} ⓘ"
        _add_title(figure, title, f"y{number}", colours, hovertext=wrapped(translate(METRIC_TIPS[panel.field])))


_SPEECH_FROM = 0.92
"""Where the strip of utterances begins; the panels share what is below."""
_SPACE = 0.055
"""Height between two panels, for the lower one's title."""


def _domain(index: int) -> tuple[float, float]:
    height = (_SPEECH_FROM - _SPACE * len(PANELS)) / len(PANELS)
    top = _SPEECH_FROM - _SPACE - index * (height + _SPACE)
    return max(0.0, top - height), top


def _add_title(figure: go.Figure, text: str, axis: str, colours: Palette, hovertext: str | None = None) -> None:
    figure.add_annotation(
        text=text,
        hovertext=hovertext,
        xref="paper",
        x=0,
        xanchor="left",
        yref=f"{axis} domain",
        y=1,
        yanchor="bottom",
        showarrow=False,
        align="left",
        font={"size": 11, "color": colours.muted},
    )


def wrapped(text: str, width: int = 46) -> str:
    """A text in lines of about so many characters, for a chart's tooltip."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
