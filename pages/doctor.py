"""Checks before a call: what is wrong with this browser, the way to the server, or the server, and how to cure it."""

import streamlit as st

from core.ui.doctor_view import doctor_view
from core.ui.reader import reader
from core.ui.session import desk

own_desk = desk()
who = reader(own_desk.settings.locale)
_ = who.translate
with st.container(key="earshot-page"):
    st.title(_("Doctor"), anchor=False)
    st.caption(_("Checks before a call. Nothing here disturbs calls that are going on, and nothing is recorded."))
    doctor_view(own_desk, who)
