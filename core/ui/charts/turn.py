"""One turn's steps as a chart."""

from collections.abc import Mapping

import plotly.graph_objects as go

from core.language.catalogue import Translate
from core.model.call import Role
from core.model.turn_trace import Step, TurnTrace
from core.ui.charts.call import SPEECH_TITLE
from core.ui.theme import Palette


def waterfall_figure(
    trace: TurnTrace,
    budget_s: float,
    names: Mapping[Step, str],
    lengths: Mapping[Step, str],
    colours: Palette,
    translate: Translate,
) -> go.Figure:
    """One turn's steps below each other, on seconds since its end of speech; a dotted line is the budget. Any thread.

    `names` and `lengths` say what each step is called and how long it took; `SPEECH_END` stands for the speech itself.
    Of a long one only the end is drawn, so that it leaves half of the width to what waits for it.
    """
    origin_s = trace.moments[Step.SPEECH_END]
    ends = [span.end_s - origin_s for span in (*trace.way, *trace.branches)]
    last_s = max([0.0, budget_s, *ends])
    first_s = max(-last_s, min(0.0, trace.moments[Step.SPEECH_START] - origin_s))
    accent, beside = colours.roles[Role.AGENT][:2]
    slowest = trace.slowest if trace.exceeds(budget_s) else None
    bars = [(translate(SPEECH_TITLE), lengths[Step.SPEECH_END], first_s, -first_s, colours.muted)]
    for span in trace.way:
        colour = colours.limit if span.step is slowest else accent
        bars.append((names[span.step], lengths[span.step], span.start_s - origin_s, span.took_s, colour))
    for span in trace.branches:
        if span.start_s - origin_s >= first_s:
            bars.append((names[span.step], lengths[span.step], span.start_s - origin_s, span.took_s, beside))
    labels, texts, starts, widths, fills = (list(column) for column in zip(*bars, strict=True))
    figure = go.Figure(
        go.Bar(
            y=labels,
            x=widths,
            base=starts,
            orientation="h",
            marker={"color": fills},
            text=texts,
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y} %{text}<extra></extra>",
        )
    )
    figure.add_vline(x=budget_s, line={"color": colours.limit, "width": 1, "dash": "dot"})
    figure.update_layout(
        template=go.layout.Template(),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "size": 12},
        margin={"l": 8, "r": 60, "t": 8, "b": 28},
        height=60 + 26 * len(bars),
        showlegend=False,
        bargap=0.35,
        dragmode=False,
        xaxis={
            "range": [first_s, last_s * 1.12],
            "ticksuffix": translate("{number} s").format(number=""),
            "gridcolor": colours.grid,
            "zerolinecolor": colours.muted,
            "fixedrange": True,
        },
        yaxis={"autorange": "reversed", "automargin": True, "fixedrange": True},
    )
    return figure
