"""An imported file, drawn with what draws the Quality page of our own calls."""

from html import escape

import pandas as pd
import streamlit as st

from core.calls.import_shelf import ImportStatus
from core.calls.imported import imported_measures
from core.language.catalogue import Translate, describe
from core.language.formats import duration
from core.model.call import LegId
from core.model.imported import ImportedCall
from core.model.sample import Direction
from core.model.snapshot import CallSnapshot
from core.quality.figures import FIELDS, with_scores
from core.quality.import_words import KINDS, LEFT_OUT, leg_name
from core.quality.lines import lines
from core.quality.moments import metric_summaries
from core.ui.charts.imported import imported_figure
from core.ui.charts.quality import DASHES
from core.ui.charts.quality_picture import QualityPicture
from core.ui.metric_words import DIRECTIONS_SHORT, VANTAGES
from core.ui.quality_causes import causes
from core.ui.quality_marks import call_marks, names_of_legs
from core.ui.quality_tables import figures_table, legs_table, scores_table
from core.ui.reader import Reader
from core.ui.theme import Palette, current_theme, palette, participant_colours

POINTS = 900
"""About so many points a line has; the page's charts are drawn once, and zoomed in the browser."""


def imported_view(status: ImportStatus, reader: Reader) -> None:
    """Draw a file that has been read: what it is, causes, scores, charts, tables. Script thread."""
    _, call, quality = reader.translate, status.call, status.quality
    if call is None or quality is None:
        return
    _header(call, reader)
    measures = imported_measures(status.id, call, quality, lambda leg: leg_name(leg, _))
    picture = measures.picture
    causes(picture, _)
    st.subheader(_("Scores"), anchor=False)
    scores_table(picture, False, reader)
    legs_table(picture, reader)
    if not measures.stored.frame.empty:
        _charts(status.id, picture, measures.stored.frame, reader)


def _header(call: ImportedCall, reader: Reader) -> None:
    _ = reader.translate
    begun = [] if call.begun_at is None else [reader.date_and_time(call.begun_at)]
    samples = _("{count} samples").format(count=reader.number(len(call.samples)))
    facts = [_(KINDS[call.kind]), call.browser, *begun, duration(call.end_s), samples]
    st.html(f'<div class="es-meta">{" · ".join(escape(fact) for fact in facts if fact)}</div>')
    for what, count in call.left_out.items():
        st.caption(_(LEFT_OUT[what]).format(count=reader.number(count)))


def _charts(import_id: str, picture: CallSnapshot, frame: pd.DataFrame, reader: Reader) -> None:
    _ = reader.translate
    scored = with_scores(frame)
    st.subheader(_("On one time axis"), anchor=False)
    end_s = max(float(frame["at_s"].max()), 1.0)
    drawn = QualityPicture(
        lines=lines(scored, FIELDS, POINTS),
        utterances=(),
        participants=picture.call.participants,
        legs=picture.legs,
        span_s=(0.0, end_s),
        marks=call_marks(picture, end_s, _),
        has_words=False,
    )
    colours = palette(current_theme())
    st.html(_key(drawn, colours, _))
    figure = imported_figure(drawn, colours, _)
    st.plotly_chart(figure, key=f"imported-charts:{import_id}", theme=None, config={"displayModeBar": False})
    with st.expander(_("All figures as a table"), icon=":material/table_chart:"):
        pairs = scored[["leg_id", "direction"]].drop_duplicates().itertuples(index=False)
        series = [(LegId(str(leg)), Direction(str(way))) for leg, way in pairs]
        figures_table(metric_summaries(scored), series, names_of_legs(picture), reader)


def _key(picture: QualityPicture, colours: Palette, translate: Translate) -> str:
    """What the lines' colours and dashes mean."""
    drawn = {picture.legs.get(line.leg_id) for line in picture.lines}
    colour_of = participant_colours(picture.participants, colours)
    parts = [
        f'<span><i class="es-key-colour" style="background:{colour_of[one.id]}"></i>{escape(one.name)}</span>'
        for one in picture.participants
        if one.id in drawn
    ]
    for (direction, vantage), dash in zip(picture.kinds, DASHES, strict=False):
        kind = f"{translate(DIRECTIONS_SHORT[direction])} · {translate(VANTAGES[vantage])}"
        parts.append(f'<span><i class="es-key-dash" data-dash="{dash}"></i>{escape(kind)}</span>')
    return f'<div class="es-key-line">{"".join(parts)}</div>'


def problem(status: ImportStatus, reader: Reader) -> None:
    """Draw why a file cannot be read. Script thread."""
    if status.problem is not None:
        st.error(describe(status.problem, reader.translate), icon=":material/broken_image:")
