"""How one call sounded, why, and what was being said at the time."""

import time

import streamlit as st

from core.model.call import CallId
from core.ui.call_list import MOMENT
from core.ui.moment_link import moment_of
from core.ui.quality_page import quality_page
from core.ui.reader import reader
from core.ui.session import desk

own_desk = desk()
who = reader(own_desk.settings.locale)
_ = who.translate

call_id = CallId(st.query_params.get("call", ""))
if not call_id:
    st.switch_page("calls.py")

with st.spinner(_("Reading the figures of the call…")):
    measures = own_desk.quality(call_id)
quality_page(own_desk, measures, moment_of(st.query_params.get(MOMENT, "")), time.time(), who)
