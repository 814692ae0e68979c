"""What is in force: settings, handbook, vocabulary hints, scripted demos."""

import streamlit as st

from core.model.access import Right
from core.ui.reader import reader
from core.ui.session import desk
from core.ui.settings_view import settings_view

own_desk = desk()
own_desk.require(Right.SEE_SETTINGS)
who = reader(own_desk.settings.locale)
with st.container(key="earshot-page"):
    settings_view(desk, who)
