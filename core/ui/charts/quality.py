"""The charts of one call's Quality page: every figure on one time axis, with what was said and what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go

from core.language.catalogue import Translate, message
from core.model.call import LegId, Participant, ParticipantId
from core.model.sample import Direction, Vantage
from core.model.utterance import Utterance
from core.quality.figures import METRICS, Metric, Provenance
from core.quality.lines import Line
from core.ui.charts.call import ORIGIN_MS, SPEECH_TITLE, on_axis, speech_points, time_format
from core.ui.metric_words import DIRECTIONS_SHORT, METRIC_EXPLANATIONS, METRIC_NAMES, PROVENANCES, VANTAGES
from core.ui.theme import Palette, participant_colours

EVENTS_TITLE = message("Alerts and events")
TEXT_TITLE = message("First words to final text")
TEXT_TIP = message("How long it took from an utterance's first words on the page to its final text.")
MISSING = message("Missing: nobody measured it.")
NOT_SHOWN = message("Missing: only the browser can measure it.")

PANELS: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.field != "jitter_buffer_target_ms")
CALM: Mapping[str, tuple[float, ...]] = {
    "jitter_ms": (0, 35),
    "loss_pct": (0, 2.5),
    "rtt_ms": (0, 100),
    "jitter_buffer_ms": (0, 100),
    "concealed_pct": (0, 5),
    "packets_per_s": (0, 60),
    "send_deviation_p99_ms": (0, 10),
    "level_dbfs": (-80, 0),
}
"""What an axis covers at least, so that harmless ripples look harmless."""
MOS_RANGE = (1.0, 4.6)
DASHES = ("solid", "dot", "dash", "dashdot")

ROW_PX, TITLE_PX, PANEL_PX, TEXT_PX, EVENTS_PX, MARGIN_PX = 15, 22, 74, 50, 26, 26


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, or lasted. Times are on the call's clock."""

    at_s: float
    text: str
    until_s: float | None = None
    panel: str = ""
    """The figure that an alert is about; empty for what is no alert."""
    is_alert: bool = False
    is_break: bool = False
    """Whether the lines before and after it are not of one piece: a reconnection, a change of who hears whom."""


@dataclass(frozen=True, slots=True)
class QualityPicture:
    """What is drawn."""

    lines: Sequence[Line]
    utterances: Sequence[Utterance]
    participants: Sequence[Participant]
    legs: Mapping[LegId, ParticipantId]
    span_s: tuple[float, float]
    marks: Sequence[Mark] = ()
    doubted: Mapping[str, float] = field(default_factory=dict)
    """Utterances whose confidence fell during loss, and the loss in percent."""

    @property
    def speakers(self) -> tuple[Participant, ...]:
        """Who has a row in the strip of utterances."""
        spoke = {utterance.participant_id for utterance in self.utterances}
        return tuple(p for p in self.participants if p.role.speaks or p.id in spoke)

    @property
    def kinds(self) -> tuple[tuple[Direction, Vantage], ...]:
        """Which directions and vantages there are lines of, in the order of their dashes."""
        there = {(line.direction, line.vantage) for line in self.lines}
        return tuple(kind for kind in _kinds() if kind in there)


def _kinds() -> tuple[tuple[Direction, Vantage], ...]:
    first = (Vantage.BROWSER, Vantage.SERVER)
    return tuple((direction, vantage) for direction in (Direction.OUTBOUND, Direction.INBOUND) for vantage in first)


def quality_figure(picture: QualityPicture, colours: Palette, translate: Translate) -> go.Figure:
    """The whole stack of charts; its height is in its layout. Any thread."""
    rows = _Rows(len(picture.speakers))
    colour_of = participant_colours(picture.participants, colours)
    traces = [
        *_events(picture.marks, colours),
        *_speech(picture, colour_of, colours),
        *_text(picture, colour_of),
        *_lines(picture, colour_of, colours, translate),
    ]
    figure = go.Figure(traces)
    figure.update_layout(_layout(picture, rows, colours, translate))
    return figure


class _Rows:
    """Where each row of the stack lies: y events, y2 speech, y3 text, y4 and on the figures. From the top."""

    def __init__(self, speakers: int) -> None:
        heights = [EVENTS_PX, max(1, speakers) * ROW_PX, TEXT_PX, *[PANEL_PX] * len(PANELS)]
        self.height_px = sum(heights) + TITLE_PX * len(heights)
        self.domains: list[tuple[float, float]] = []
        top = float(self.height_px)
        for height in heights:
            top -= TITLE_PX
            self.domains.append((max(0.0, (top - height) / self.height_px), top / self.height_px))
            top -= height


def _axis(number: int) -> str:
    return "y" if number == 1 else f"y{number}"


FIRST_PANEL = 4
AXES: Mapping[str, str] = {metric.field: _axis(FIRST_PANEL + index) for index, metric in enumerate(PANELS)} | {
    "jitter_buffer_target_ms": _axis(FIRST_PANEL + [metric.field for metric in PANELS].index("jitter_buffer_ms"))
}


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
                x=[on_axis(at_s) for at_s in line.at_s],
                y=line.values,
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


def _layout(picture: QualityPicture, rows: _Rows, colours: Palette, translate: Translate) -> dict[str, object]:
    start_s, end_s = picture.span_s
    last = _axis(FIRST_PANEL + len(PANELS) - 1)
    layout: dict[str, object] = {
        "template": go.layout.Template(),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.text, "size": 11},
        "margin": {"l": 40, "r": 8, "t": 2, "b": MARGIN_PX},
        "height": rows.height_px + MARGIN_PX + 2,
        "showlegend": False,
        "hovermode": "x",
        "hoverdistance": 12,
        "hoverlabel": {"font": {"size": 10}, "namelength": -1},
        "dragmode": "zoom",
        "meta": {"origin_ms": ORIGIN_MS, "span_s": [start_s, end_s]},
        "xaxis": {
            "type": "date",
            "range": [on_axis(start_s), on_axis(end_s)],
            "tickformat": time_format(end_s),
            "hoverformat": time_format(end_s),
            "nticks": 8,
            "gridcolor": colours.grid,
            "linecolor": colours.grid,
            "zeroline": False,
            "anchor": last,
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": colours.muted,
        },
        "yaxis": _strip(rows.domains[0], (-0.6, 1.6)),
        "yaxis2": _strip(rows.domains[1], (-0.6, max(1, len(picture.speakers)) - 0.4)),
        "yaxis3": _scale(rows.domains[2], colours, (0, 2)),
    }
    titles = [
        _title(translate(EVENTS_TITLE), "", "y", colours),
        _title(translate(SPEECH_TITLE), "", "y2", colours),
        _title(f"{translate(TEXT_TITLE)}", "s ⓘ", "y3", colours, translate(TEXT_TIP)),
    ]
    shapes = [_break(mark, colours) for mark in picture.marks if mark.is_break]
    measured = {line.field for line in picture.lines}
    for index, metric in enumerate(PANELS):
        number = FIRST_PANEL + index
        axis = _scale(rows.domains[number - 1], colours, CALM.get(metric.field, ()))
        if metric.field == "mos":
            axis |= {"range": list(MOS_RANGE), "autorange": False}
        layout[f"yaxis{number}"] = axis
        is_there = metric.field in measured
        provenance = translate(PROVENANCES[metric.provenance if is_there else Provenance.MISSING])
        note = " · ".join(part for part in (metric.unit, provenance) if part)
        explanation = translate(METRIC_EXPLANATIONS[metric.field])
        titles.append(_title(translate(METRIC_NAMES[metric.field]), f"{note} ⓘ", _axis(number), colours, explanation))
        if not is_there:
            why = NOT_SHOWN if Vantage.SERVER not in metric.vantages else MISSING
            titles.append(_empty(translate(why), _axis(number), colours))
        if metric.limit is not None:
            shapes.append(_limit(metric.limit, _axis(number), colours))
    shapes += [_band(mark, colours) for mark in picture.marks if mark.is_alert and mark.panel in AXES]
    return layout | {"annotations": titles, "shapes": shapes}


def _strip(domain: tuple[float, float], span: tuple[float, float]) -> dict[str, object]:
    quiet = {"showticklabels": False, "showgrid": False, "zeroline": False, "fixedrange": True}
    return {"domain": domain, "range": span, "anchor": "x", **quiet}


def _scale(domain: tuple[float, float], colours: Palette, covers: tuple[float, ...]) -> dict[str, object]:
    return {
        "domain": domain,
        "anchor": "x",
        "autorangeoptions": {"include": list(covers)},
        "nticks": 4,
        "gridcolor": colours.grid,
        "zeroline": False,
        "fixedrange": True,
    }


def _title(name: str, note: str, axis: str, colours: Palette, hovertext: str | None = None) -> dict[str, object]:
    return {
        "text": f"<b>{name}</b> {note}".strip(),
        "hovertext": None if hovertext is None else _wrapped(hovertext),
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "yref": f"{axis} domain",
        "y": 1,
        "yanchor": "bottom",
        "showarrow": False,
        "align": "left",
        "font": {"size": 11, "color": colours.muted},
    }


def _empty(text: str, axis: str, colours: Palette) -> dict[str, object]:
    middle = {"x": 0.5, "xanchor": "center", "y": 0.5, "yanchor": "middle"}
    return _title("", text, axis, colours) | middle


def _limit(value: float, axis: str, colours: Palette) -> dict[str, object]:
    line = {"color": colours.limit, "width": 1, "dash": "dot"}
    place = {"xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": value, "y1": value}
    return {"type": "line", **place, "line": line, "opacity": 0.6, "layer": "below"}


def _band(mark: Mark, colours: Palette) -> dict[str, object]:
    end_s = mark.at_s if mark.until_s is None else mark.until_s
    place = {"x0": on_axis(mark.at_s), "x1": on_axis(end_s), "yref": f"{AXES[mark.panel]} domain", "y0": 0, "y1": 1}
    return {
        "type": "rect",
        "xref": "x",
        **place,
        "fillcolor": colours.limit,
        "opacity": 0.16,
        "line": {"width": 0},
        "layer": "below",
    }


def _break(mark: Mark, colours: Palette) -> dict[str, object]:
    line = {"color": colours.muted, "width": 1, "dash": "dash"}
    place = {"xref": "x", "x0": on_axis(mark.at_s), "x1": on_axis(mark.at_s), "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "line", **place, "line": line, "opacity": 0.5, "layer": "below"}


def _wrapped(text: str, width: int = 56) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
