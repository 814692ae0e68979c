"""A list of calls that are compared with each other: the figures of each one's worst connection, and the way to it."""

from collections.abc import Callable
from html import escape

import streamlit as st

from core.language.catalogue import message
from core.language.formats import duration
from core.quality.fleet_question import CallLine, CallLines, IssueSource, Metric
from core.ui.fleet_words import METRICS, figure, issue_name
from core.ui.pager import pager
from core.ui.reader import Reader
from core.ui.wording import ORIGIN_LABELS, SPOKEN_LANGUAGES

WORST_TIP = message(
    "Of the connection that was worst: mean MOS, jitter of nineteen of twenty seconds, loss, median delay."
)
NO_FIGURES = message("no figures")
PAGE_SIZE = 15
QUALITY_PAGE = "quality.py"


def call_lines(ask: Callable[[int, int], CallLines], name: str, now: float, reader: Reader) -> None:
    """Draw a stretch of a list; `ask(limit, offset)` gives it. `name` tells lists apart. Script thread."""
    _ = reader.translate
    key = f"fleet-page-{name}"
    page = int(st.session_state.get(key, 0))
    found = ask(PAGE_SIZE, page * PAGE_SIZE)
    if not found.lines and page:
        page = 0
        found = ask(PAGE_SIZE, 0)
    if not found.lines:
        st.info(_("No call fits. Choose a longer period, or fewer conditions."), icon=":material/search_off:")
        return
    for line in found.lines:
        _line(line, name, now, reader)
    wanted = pager(page, found.total, PAGE_SIZE, _, _("Worse"), _("Better"))
    st.session_state[key] = wanted
    if wanted != page:
        st.rerun()


def _line(line: CallLine, name: str, now: float, reader: Reader) -> None:
    _ = reader.translate
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key=f"call-{name}-{line.call_id}", gap="medium"
    ):
        st.html(f'<div class="es-row">{_description(line, now, reader)}</div>')
        st.page_link(
            QUALITY_PAGE,
            label=_("Look at it"),
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={"call": line.call_id},
            width="content",
        )


def _description(line: CallLine, now: float, reader: Reader) -> str:
    _ = reader.translate
    language = _(SPOKEN_LANGUAGES[line.language]) if line.language in SPOKEN_LANGUAGES else line.language
    labels = {origin.value: label for origin, label in ORIGIN_LABELS.items()}
    facts = [
        f"<b>{duration(line.length_s)}</b>",
        escape(language),
        *([escape(_(labels[line.origin]))] if line.origin in labels else []),
        escape(reader.moment(line.created_at, now)),
    ]
    figures = " · ".join(
        f"{escape(_(METRICS[metric].name))} {escape(figure(metric, value, reader))}"
        for metric, value in (
            (Metric.MOS, line.mos),
            (Metric.JITTER, line.jitter_ms),
            (Metric.LOSS, line.lost_pct),
            (Metric.RTT, line.rtt_ms),
        )
        if value is not None
    )
    issues = [issue_name(IssueSource.CAUSE, kind, reader) for kind in line.causes]
    issues += [issue_name(IssueSource.ALERT, kind, reader) for kind in line.alerts]
    lines = [
        f"<div>{escape(', '.join(line.people)) or escape(_('Nobody has joined yet'))}</div>",
        f'<div class="es-meta">{" · ".join(facts)}</div>',
        f'<div class="es-numbers" title="{escape(_(WORST_TIP), quote=True)}">{figures or escape(_(NO_FIGURES))}</div>',
    ]
    if issues:
        marks = "".join(f"<span>{escape(each)}</span>" for each in dict.fromkeys(issues))
        lines.append(f'<div class="es-issues">{marks}</div>')
    return "".join(lines)
