"""A file from elsewhere: brought, read, and looked at like a call of ours."""

import streamlit as st

from core.language.catalogue import describe
from core.model.access import Right
from core.model.errors import ImportNotFound
from core.ui.call_list import CALLS_PAGE
from core.ui.import_panel import import_panel
from core.ui.imported_view import imported_view, problem
from core.ui.reader import reader
from core.ui.session import desk

FILE = "file"
POLL_S = 0.5

own_desk = desk()
own_desk.require(Right.EXPORT)
who = reader(own_desk.settings.locale)
_ = who.translate


def reading(import_id: str) -> None:
    """How far the file is; the page is drawn anew when it is done."""
    status = own_desk.import_status(import_id)
    if status.is_done:
        st.rerun()
    st.progress(
        status.share, text=_("Reading {name}: {share}").format(name=status.name, share=who.percent(status.share))
    )


with st.container(key="earshot-page"):
    st.title(_("Imported file"), anchor=False)
    st.page_link(CALLS_PAGE, label=_("All calls"), icon=":material/arrow_back:", width="content")
    brought = import_panel(own_desk.xsrf_token, _)
    if brought and brought != st.session_state.get("imported-last"):
        st.session_state["imported-last"] = brought
        st.query_params[FILE] = brought
    held = {status.id: status for status in own_desk.imports()}
    chosen = st.query_params.get(FILE, "")
    if chosen and chosen not in held:
        st.warning(describe(ImportNotFound(), _), icon=":material/info:")
    elif not held:
        st.caption(_("Nothing has been imported yet."))
    if len(held) > 1:
        picked = st.pills(
            _("Files"), list(held), default=chosen if chosen in held else None, format_func=lambda each: held[each].name
        )
        if picked and picked != chosen:
            st.query_params[FILE] = chosen = picked
    status = held.get(chosen) or next(iter(held.values()), None)
    if status is not None:
        st.subheader(status.name, anchor=False)
        if not status.is_done:
            st.fragment(reading, run_every=POLL_S)(status.id)
        problem(status, who)
        imported_view(status, who)
