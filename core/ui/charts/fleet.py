"""The charts about many calls: percentiles over time or by group, and how a figure spreads."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.model.call import Role
from core.quality.fleet_question import Distribution
from core.ui.theme import CHART_FONT, Palette

SHADES = ((1.0, "solid"), (0.75, "dash"), (0.55, "dot"))
"""Of the median, the 95th and the 99th percentile: told apart without colour, too."""
SYMBOLS = ("circle", "diamond", "x")
BAR_PX = 30


@dataclass(frozen=True, slots=True)
class GroupPoint:
    """One group of a chart."""

    name: str
    hover: str
    """What its numbers are, in words."""
    figures: tuple[float | None, float | None, float | None]
    """Median, 95th and 99th percentile; None where there is no call, which is a gap."""


def trend_figure(points: Sequence[GroupPoint], names: tuple[str, str, str], unit: str, colours: Palette) -> go.Figure:
    """Three lines over days or hours, in the order given. A day without calls has no point. Any thread."""
    figure = go.Figure()
    accent = colours.roles[Role.AGENT][0]
    for index, name in enumerate(names):
        opacity, dash = SHADES[index]
        figure.add_trace(
            go.Scatter(
                x=[point.name for point in points],
                y=[point.figures[index] for point in points],
                connectgaps=False,
                name=name,
                mode="lines+markers",
                line={"color": accent, "width": 2 if index == 0 else 1.5, "dash": dash},
                marker={"size": 6, "symbol": SYMBOLS[index]},
                cliponaxis=False,
                opacity=opacity,
                customdata=[point.hover for point in points],
                hovertemplate="%{customdata}<extra></extra>" if index == 0 else None,
                hoverinfo=None if index == 0 else "skip",
            )
        )
    _style(figure, colours, height=280)
    figure.update_layout(
        xaxis={"type": "category", "gridcolor": colours.grid, "fixedrange": True, "automargin": True, "nticks": 16},
        yaxis={
            "rangemode": "tozero",
            "gridcolor": colours.grid,
            "zeroline": False,
            "fixedrange": True,
            "ticksuffix": f" {unit}" if unit else "",
        },
    )
    return figure


def groups_figure(points: Sequence[GroupPoint], names: tuple[str, str, str], unit: str, colours: Palette) -> go.Figure:
    """Three marks a group on one line each, the first group on top. Any thread."""
    figure = go.Figure()
    accent = colours.roles[Role.AGENT][0]
    for point in points:
        figure.add_trace(
            go.Scatter(
                x=list(point.figures),
                y=[point.name, point.name],
                mode="lines",
                line={"color": colours.grid, "width": 3},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    for index, name in enumerate(names):
        figure.add_trace(
            go.Scatter(
                x=[point.figures[index] for point in points],
                y=[point.name for point in points],
                name=name,
                mode="markers",
                marker={"color": accent, "size": 10, "symbol": SYMBOLS[index]},
                cliponaxis=False,
                opacity=SHADES[index][0],
                customdata=[point.hover for point in points],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    _style(figure, colours, height=80 + BAR_PX * max(2, len(points)))
    figure.update_layout(
        hovermode="closest",
        xaxis={
            "rangemode": "tozero",
            "gridcolor": colours.grid,
            "zeroline": False,
            "fixedrange": True,
            "ticksuffix": f" {unit}" if unit else "",
        },
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "automargin": True,
            # A mark at zero reaches beyond the axis; the names keep clear of it.
            "ticks": "outside",
            "ticklen": 8,
            "tickcolor": "rgba(0,0,0,0)",
            "gridcolor": colours.grid,
            "fixedrange": True,
        },
    )
    return figure


def distribution_figure(distribution: Distribution, hovers: Sequence[str], unit: str, colours: Palette) -> go.Figure:
    """How many values lie in each bin. Any thread."""
    bins = distribution.bins
    figure = go.Figure(
        go.Bar(
            x=[(each.low + each.high) / 2 for each in bins],
            y=[each.count for each in bins],
            width=[(each.high - each.low) * 0.92 for each in bins],
            marker={"color": colours.roles[Role.AGENT][0]},
            customdata=list(hovers),
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    _style(figure, colours, height=220)
    figure.update_layout(
        showlegend=False,
        xaxis={
            "gridcolor": colours.grid,
            "zeroline": False,
            "fixedrange": True,
            "ticksuffix": f" {unit}" if unit else "",
        },
        yaxis={"gridcolor": colours.grid, "zeroline": False, "fixedrange": True, "nticks": 5, "automargin": True},
    )
    return figure


def _style(figure: go.Figure, colours: Palette, height: int) -> None:
    figure.update_layout(
        template=go.layout.Template(),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": CHART_FONT, "color": colours.text, "size": 12},
        margin={"l": 8, "r": 12, "t": 28, "b": 28},
        height=height,
        hovermode="x",
        hoverlabel={"align": "left"},
        dragmode=False,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
    )
