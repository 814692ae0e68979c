"""Many calls at once: how they sounded, which were worst, what was wrong, and what changed."""

import time

import streamlit as st

from core.ui.fleet_page import fleet_page
from core.ui.reader import reader
from core.ui.session import desk

own_desk = desk()

with st.container(key="earshot-page"):
    fleet_page(own_desk, time.time(), reader(own_desk.settings.locale))
