"""The page about many calls: figures and trends, the worst calls, issues, and two groups compared."""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from core.desk import Desk
from core.model.call import CallOrigin
from core.quality.fleet import Fleet
from core.quality.fleet_question import FleetFilter
from core.ui.fleet_calls import call_lines
from core.ui.fleet_compare import compare_view
from core.ui.fleet_figures import figures_view
from core.ui.fleet_filters import filter_form
from core.ui.fleet_issues import issues_view
from core.ui.fleet_search import View, read_fleet_search, write_fleet_search
from core.ui.reader import Reader

MAKE = "make demo-data"


def fleet_page(desk: Desk, now: float, reader: Reader) -> None:
    """Draw the page; `now` is in seconds since the Unix epoch. Script thread."""
    _, fleet = reader.translate, desk.fleet()
    moment = datetime.fromtimestamp(now, UTC)
    st.title(_("Quality of all calls"), anchor=False)
    search = read_fleet_search()
    if not fleet.options(FleetFilter()).calls:
        _damaged(fleet, FleetFilter(), reader)
        _empty(reader)
        return
    options = fleet.options(search.filter(reader.zone, moment))
    search = filter_form(search, options, reader)
    write_fleet_search(search)
    wanted = search.filter(reader.zone, moment)
    _damaged(fleet, wanted, reader)
    total = _caption(fleet, wanted, reader)
    if search.view is View.COMPARE:
        compare_view(fleet, search, options, moment, reader)
    elif not total:
        st.info(_("No call fits. Choose a longer period, or fewer conditions."), icon=":material/search_off:")
    elif search.view is View.WORST:
        st.caption(_("First the calls in which somebody was not heard, then those that sounded worst and longest so."))
        call_lines(lambda limit, offset: fleet.worst(wanted, limit, offset), "worst", now, reader)
    elif search.view is View.ISSUES:
        issues_view(fleet, search, wanted, total, now, reader)
    else:
        figures_view(fleet, search, wanted, reader)
        _damaged_samples(fleet, reader)


def _damaged(fleet: Fleet, wanted: FleetFilter, reader: Reader) -> None:
    if damaged := fleet.damaged(wanted):
        _ = reader.translate
        said = _(
            "Some days cannot be read and are missing below; they are made anew at the next start. Damaged files: "
            "{names}"
        )
        names = ", ".join(path.name for path in damaged)
        st.warning(said.format(names=names), icon=":material/broken_image:")


def _damaged_samples(fleet: Fleet, reader: Reader) -> None:
    if damaged := fleet.damaged_samples:
        _ = reader.translate
        said = _("Some seconds are missing above, because these sample files cannot be read: {names}")
        names = ", ".join(f"{path.parent.name}/{path.name}" for path in damaged)
        st.warning(said.format(names=names), icon=":material/broken_image:")


def _empty(reader: Reader) -> None:
    _ = reader.translate
    with st.container(border=True, key="fleet-empty"):
        st.subheader(_("No call has ended yet"), anchor=False)
        st.write(_("When a call ends, its figures are kept, and calls can be compared here."))
        st.write(
            _(
                "To see the page with something in it, stop the server, run this command, and start it again. It makes "
                "200 calls that never were, marked as demo data; `make demo-data-remove` takes them away again."
            )
        )
        st.code(MAKE, language="bash")
        st.page_link("home.py", label=_("Or start a demo call"), icon=":material/graphic_eq:", width="content")


def _caption(fleet: Fleet, wanted: FleetFilter, reader: Reader) -> int:
    """Say how many calls fit, and how many of them never were; the number of all."""
    _ = reader.translate
    with st.spinner(_("Working out the figures…")):
        total = fleet.worst(wanted, 1).total
    told = [_("Calls: {count}").format(count=reader.number(total))]
    is_in = CallOrigin.SYNTHETIC.value not in wanted.without and wanted.origin in ("", CallOrigin.SYNTHETIC.value)
    if is_in and (made_up := fleet.worst(replace(wanted, origin=CallOrigin.SYNTHETIC.value), 1).total):
        told.append(_("of these demo data: {count}").format(count=reader.number(made_up)))
    st.caption(" · ".join(told))
    return total
