"""The handbook: what it says, what a question finds in it and why, and its files."""

import streamlit as st

from core.model.access import Right
from core.ui.knowledge_page import knowledge_page
from core.ui.reader import reader
from core.ui.session import desk

own_desk = desk()
own_desk.require(Right.READ_HANDBOOK)
who = reader(own_desk.settings.locale)
with st.container(key="earshot-page"):
    knowledge_page(desk, who)
