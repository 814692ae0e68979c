"""What a call's AI persona and its provider have sent each other."""

import streamlit as st

from core.model.call import CallId
from core.ui.persona_events_view import persona_events_page
from core.ui.reader import reader
from core.ui.session import desk

own_desk = desk()
who = reader(own_desk.settings.locale)

call_id = CallId(st.query_params.get("call", ""))
if not call_id:
    st.switch_page("calls.py")

with st.container(key="earshot-page"):
    persona_events_page(own_desk, own_desk.snapshot(call_id).call, who)
