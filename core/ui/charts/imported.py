"""The charts of an imported file: those of the Quality page, for Streamlit's own chart element."""

import plotly.graph_objects as go

from core.language.catalogue import Translate
from core.ui.charts.call import on_axis
from core.ui.charts.quality import quality_figure
from core.ui.charts.quality_layout import AXES
from core.ui.charts.quality_picture import QualityPicture
from core.ui.theme import CHART_FONT, Palette

EVENTS_AXIS = "y"


def imported_figure(picture: QualityPicture, colours: Palette, translate: Translate) -> go.Figure:
    """The whole stack. Plotly places nothing on an axis without a trace, so each has one, if an empty one."""
    figure = quality_figure(picture, colours, translate)
    used = {trace.yaxis or "y" for trace in figure.data}
    for axis in dict.fromkeys([EVENTS_AXIS, *AXES.values()]):
        if axis not in used:
            figure.add_trace(go.Scatter(x=[on_axis(picture.span_s[0])], y=[None], yaxis=axis, hoverinfo="skip"))
    return figure.update_layout(font_family=CHART_FONT)
