"""What was wrong in many calls: kinds of trouble, and the calls that had one."""

from dataclasses import replace
from html import escape

import streamlit as st

from core.language.formats import duration
from core.quality.fleet import Fleet
from core.quality.fleet_question import FleetFilter, IssueLine
from core.ui.fleet_calls import call_lines
from core.ui.fleet_search import FleetSearch
from core.ui.fleet_words import SOURCES, issue_name
from core.ui.reader import Reader

FLEET_PAGE = "fleet.py"


def issues_view(fleet: Fleet, search: FleetSearch, wanted: FleetFilter, total: int, now: float, reader: Reader) -> None:
    """Draw the kinds of trouble, or the calls that had the one that is chosen. Script thread."""
    _ = reader.translate
    if search.issue is not None:
        source, kind = search.issue
        _link(_("All issues"), ":material/arrow_back:", replace(search, issue=None))
        st.subheader(_("Calls with: {issue}").format(issue=issue_name(source, kind, reader)), anchor=False)
        call_lines(
            lambda limit, offset: fleet.affected(wanted, source, kind, limit, offset), f"{source}-{kind}", now, reader
        )
        return
    found = fleet.issues(wanted)
    if not found:
        st.success(_("Nothing was wrong in these calls."), icon=":material/check_circle:")
        return
    st.caption(_("Alerts say what was wrong; causes say why, as far as the figures tell. A call can have several."))
    for line in found:
        _issue(line, search, total, reader)


def _issue(line: IssueLine, search: FleetSearch, total: int, reader: Reader) -> None:
    _ = reader.translate
    share = line.calls / total
    facts = " · ".join(
        (
            escape(_(SOURCES[line.source])),
            escape(_("{count} times").format(count=reader.number(line.count))),
            escape(_("{length} in all").format(length=duration(line.seconds))),
        )
    )
    calls = _("{count} calls ({share})").format(count=reader.number(line.calls), share=reader.percent(share))
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"fleet-issue-{line.source}-{line.kind}"
    ):
        st.html(
            f'<div class="es-row es-issue"><div><b>{escape(issue_name(line.source, line.kind, reader))}</b></div>'
            f'<div class="es-meta">{facts}</div>'
            f'<div class="es-share" aria-hidden="true"><i style="width:{100 * share:.1f}%"></i></div></div>'
        )
        _link(calls, ":material/arrow_forward:", replace(search, issue=(line.source, line.kind)))


def _link(label: str, icon: str, search: FleetSearch) -> None:
    st.page_link(FLEET_PAGE, label=label, icon=icon, query_params=search.parameters(), width="content")
