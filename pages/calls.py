"""All calls: found by when, who, in which language, and by what was said."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from core.model.access import Right
from core.ui.call_list import IMPORTED_PAGE, found_calls
from core.ui.call_search import PAGE_SIZE, read_search, search_form, write_search
from core.ui.latency_view import LATENCY, latency_view, view_switch
from core.ui.pager import pager
from core.ui.reader import reader
from core.ui.session import desk

own_desk = desk()
who = reader(own_desk.settings.locale)
_ = who.translate

with st.container(key="earshot-page"):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(_("Calls"), anchor=False, width="stretch")
        if own_desk.may(Right.EXPORT):
            st.page_link(IMPORTED_PAGE, label=_("Import a file"), icon=":material/upload_file:", width="content")
    search = search_form(read_search(), _)
    write_search(search)
    now = time.time()
    query = search.query(who.zone, datetime.fromtimestamp(now, UTC))
    if view_switch(_) == LATENCY:
        latency_view(own_desk, query, now, who)
        st.stop()
    found = own_desk.search(query)
    st.caption(_("Calls found: {count}").format(count=who.number(found.total)))
    if not found.calls:
        st.info(_("No call fits. Search for less, or for a longer time."), icon=":material/search_off:")
    found_calls(found.calls, search.said, now, who, own_desk.costs([each.call for each in found.calls]))
    page = pager(search.page, found.total, PAGE_SIZE, _)
    if page != search.page:
        write_search(replace(search, page=page))
        st.rerun()
