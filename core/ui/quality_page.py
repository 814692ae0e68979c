"""The Quality page of one call: why it is as it is, its scores, its worst moments, and everything on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
import streamlit as st

from core.calls.measures import CallMeasures
from core.desk import Desk
from core.language.formats import duration
from core.model.call import Call, CallOrigin, CallState, LegId, Participant
from core.model.sample import Direction, Vantage
from core.quality.figures import FIELDS, with_scores
from core.quality.lines import lines
from core.quality.moments import doubted_during_loss, metric_summaries, worst_moments
from core.ui.call_list import LIVE_PAGE
from core.ui.charts.quality_picture import QualityPicture
from core.ui.metric_words import DIRECTIONS, VANTAGES
from core.ui.quality_causes import cause_moments, causes
from core.ui.quality_marks import call_marks, leg_titles, moment_lines, names_of_legs
from core.ui.quality_tables import figures_table, legs_table, scores_table
from core.ui.quality_view import quality_view
from core.ui.reader import Reader
from core.ui.theme import current_theme
from core.ui.wording import CALL_STATES, ORIGIN_LABELS, call_seconds

POINTS = 600
"""About so many points a line of the whole call has; a stretch that is zoomed in on has as many again."""
MOST_MOMENTS = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines are wanted."""

    legs: frozenset[LegId]
    directions: frozenset[Direction]
    vantages: frozenset[Vantage]

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows that are wanted."""
        return frame[
            frame["leg_id"].isin(list(self.legs))
            & frame["direction"].isin([each.value for each in self.directions])
            & frame["vantage"].isin([each.value for each in self.vantages])
        ]


def quality_page(desk: Desk, measures: CallMeasures, moment: float | None, now: float, reader: Reader) -> None:
    """Draw the page. `now` is in seconds since the Unix epoch. Script thread."""
    _, picture = reader.translate, measures.picture
    call = picture.call
    is_running = call.state is not CallState.ENDED
    _header(call, now, is_running, reader)
    if measures.stored.damaged:
        damaged = ", ".join(measures.stored.damaged)
        st.warning(
            _("Some minutes of this call cannot be read and are missing below. Damaged files: {names}").format(
                names=damaged
            ),
            icon=":material/broken_image:",
        )
    if measures.stored.frame.empty:
        _no_figures(call, is_running, reader)
        return
    scored = with_scores(measures.stored.frame)
    causes(picture, _)
    st.subheader(_("Scores"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="top", gap="large", key="quality-tables"):
        scores_table(picture, is_running, reader)
        legs_table(picture, reader)
    st.subheader(_("On one time axis"), anchor=False)
    choice = _choice(scored, picture.call.participants, measures, reader)
    chosen = choice.of(scored)
    span_s = _span(measures, is_running)
    names = names_of_legs(picture)
    quality_view(
        QualityPicture(
            lines=lines(chosen, FIELDS, POINTS),
            utterances=picture.utterances,
            participants=picture.call.participants,
            legs=picture.legs,
            span_s=span_s,
            marks=call_marks(picture, span_s[1], _),
            doubted=doubted_during_loss(picture.utterances, scored, picture.legs),
        ),
        [*cause_moments(picture, _), *moment_lines(worst_moments(scored, MOST_MOMENTS), names, _)],
        call_id=call.id,
        view_token=desk.view_token(call.id),
        moment=moment,
        is_running=is_running,
        theme=current_theme(),
        translate=_,
    )
    with st.expander(_("All figures as a table"), icon=":material/table_chart:"):
        series = dict.fromkeys((LegId(leg), Direction(way)) for leg, way in _series(chosen))
        figures_table(metric_summaries(chosen), series, leg_titles(picture, _), reader)


def _series(frame: pd.DataFrame) -> Sequence[tuple[str, str]]:
    pairs = frame[["leg_id", "direction"]].drop_duplicates().sort_values(["direction", "leg_id"], ascending=False)
    return [(str(leg), str(way)) for leg, way in pairs.itertuples(index=False)]


def _header(call: Call, now: float, is_running: bool, reader: Reader) -> None:
    _ = reader.translate
    people = ", ".join(escape(participant.name) for participant in call.participants) or _("Nobody has joined yet")
    facts = [
        _(CALL_STATES[call.state]),
        f"<b>{duration(call_seconds(call, now))}</b>",
        *([_(ORIGIN_LABELS[call.origin])] if call.origin in ORIGIN_LABELS else []),
        escape(reader.moment(call.created_at, now)),
    ]
    st.title(_("Call quality"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="quality-head"):
        st.html(f'<div class="es-row"><div>{people}</div><div class="es-meta">{" · ".join(facts)}</div></div>')
        st.page_link(
            LIVE_PAGE,
            label=_("Transcript and summary"),
            icon=":material/forum:",
            query_params={"call": call.id},
            width="content",
        )
        if is_running:
            st.button(
                _("Refresh"),
                icon=":material/refresh:",
                key=f"quality-refresh:{call.id}",
                help=_("The call goes on: this is how it was when the page was drawn."),
            )


def _no_figures(call: Call, is_running: bool, reader: Reader) -> None:
    _ = reader.translate
    if call.origin is CallOrigin.SCRIPT:
        st.info(_("A text-only call has no network figures."), icon=":material/text_snippet:")
    elif is_running:
        st.info(_("Figures appear once somebody is connected."), icon=":material/hourglass_empty:")
    else:
        st.info(_("No figures were kept of this call: nobody was connected."), icon=":material/signal_disconnected:")


def _choice(frame: pd.DataFrame, participants: Sequence[Participant], measures: CallMeasures, reader: Reader) -> Choice:
    """Draw the filters. At first, what everybody hears, as far as it was measured."""
    _ = reader.translate
    measured = set(frame["leg_id"])
    legs = {leg: owner for leg, owner in measures.picture.legs.items() if leg in measured}
    people = [participant for participant in participants if participant.id in legs.values()]
    ways = [way for way in DIRECTIONS if (frame["direction"] == way.value).any()]
    vantages = [vantage for vantage in VANTAGES if (frame["vantage"] == vantage.value).any()]
    call_id = measures.picture.call.id
    with st.container(horizontal=True, gap="medium", key="quality-filters"):
        who = st.pills(
            _("Participants"),
            [person.id for person in people],
            default=[person.id for person in people],
            selection_mode="multi",
            format_func={person.id: person.name for person in people}.__getitem__,
            key=f"quality-who:{call_id}",
        )
        way = st.pills(
            _("Direction"),
            ways,
            default=ways[:1],
            selection_mode="multi",
            format_func=lambda each: _(DIRECTIONS[each]),
            key=f"quality-ways:{call_id}",
        )
        by = st.pills(
            _("Measured by"),
            vantages,
            default=vantages,
            selection_mode="multi",
            format_func=lambda each: _(VANTAGES[each]),
            help=_("The server sees what reaches it and what leaves it; the browser sees what is really played."),
            key=f"quality-vantages:{call_id}",
        )
    return Choice(frozenset(leg for leg, owner in legs.items() if owner in who), frozenset(way), frozenset(by))


def _span(measures: CallMeasures, is_running: bool) -> tuple[float, float]:
    frame, picture = measures.stored.frame, measures.picture
    start_s = max(0.0, float((frame["at_s"] - frame["period_s"]).min()))
    last_word_s = max((utterance.end_s for utterance in picture.utterances), default=0.0)
    end_s = max(float(frame["at_s"].max()), last_word_s, picture.now_s if is_running else 0.0)
    return min(start_s, *(u.start_s for u in picture.utterances), end_s), max(end_s, start_s + 1.0)
