"""How the charts of one call's Quality page are laid out: one below the other, on one time axis."""

from collections.abc import Mapping

import plotly.graph_objects as go

from core.language.catalogue import Translate, message
from core.model.sample import Vantage
from core.quality.figures import METRICS, Metric, Provenance
from core.ui.charts.call import ORIGIN_MS, SPEECH_TITLE, on_axis, time_format, wrapped
from core.ui.charts.quality_picture import Mark, QualityPicture
from core.ui.metric_words import METRIC_EXPLANATIONS, METRIC_NAMES, PROVENANCES
from core.ui.theme import Palette

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

ROW_PX, TITLE_PX, PANEL_PX, TEXT_PX, EVENTS_PX, MARGIN_PX = 15, 22, 74, 50, 26, 26


class _Rows:
    """Where each row of the stack lies: y events, y2 speech, y3 text, y4 and on the figures. From the top.

    Where nothing is known of what was said, its two rows are not there.
    """

    def __init__(self, speakers: int, has_words: bool) -> None:
        heights = {1: EVENTS_PX}
        if has_words:
            heights |= {2: max(1, speakers) * ROW_PX, 3: TEXT_PX}
        heights |= dict.fromkeys(range(FIRST_PANEL, FIRST_PANEL + len(PANELS)), PANEL_PX)
        self.height_px = sum(heights.values()) + TITLE_PX * len(heights)
        self.domains: dict[int, tuple[float, float]] = {}
        top = float(self.height_px)
        for number, height in heights.items():
            top -= TITLE_PX
            self.domains[number] = (max(0.0, (top - height) / self.height_px), top / self.height_px)
            top -= height


def _axis(number: int) -> str:
    return "y" if number == 1 else f"y{number}"


FIRST_PANEL = 4
AXES: Mapping[str, str] = {metric.field: _axis(FIRST_PANEL + index) for index, metric in enumerate(PANELS)} | {
    "jitter_buffer_target_ms": _axis(FIRST_PANEL + [metric.field for metric in PANELS].index("jitter_buffer_ms"))
}


def quality_layout(picture: QualityPicture, colours: Palette, translate: Translate) -> dict[str, object]:
    """The layout, with titles, limits, bands and breaks; its height fits the rows."""
    rows = _Rows(len(picture.speakers), picture.has_words)
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
        "yaxis": _strip(rows.domains[1], (-0.6, 1.6)),
    }
    titles = [_title(translate(EVENTS_TITLE), "", "y", colours)]
    if picture.has_words:
        layout["yaxis2"] = _strip(rows.domains[2], (-0.6, max(1, len(picture.speakers)) - 0.4))
        layout["yaxis3"] = _scale(rows.domains[3], colours, (0, 2))
        titles += [
            _title(translate(SPEECH_TITLE), "", "y2", colours),
            _title(translate(TEXT_TITLE), "s ⓘ", "y3", colours, translate(TEXT_TIP)),
        ]
    shapes = [_break(mark, colours) for mark in picture.marks if mark.is_break]
    measured: dict[str, float] = {}
    for line in picture.lines:
        known = (value for value in line.values if value is not None)
        measured[line.field] = max(measured.get(line.field, 0.0), *known)
    for index, metric in enumerate(PANELS):
        number = FIRST_PANEL + index
        axis = _scale(rows.domains[number], colours, CALM.get(metric.field, ()))
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
        if metric.limit is not None and (metric.is_floor or metric.limit <= _reach(metric.field, measured)):
            shapes.append(_limit(metric.limit, _axis(number), colours))
    shapes += [_band(mark, colours) for mark in picture.marks if mark.is_alert and mark.panel in AXES]
    return layout | {"annotations": titles, "shapes": shapes}


def _reach(name: str, measured: Mapping[str, float]) -> float:
    """How high a chart may have to reach: a limit far above all figures would press them flat."""
    return max(*CALM[name], 2 * measured.get(name, 0.0))


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
        "hovertext": None if hovertext is None else wrapped(hovertext),
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
