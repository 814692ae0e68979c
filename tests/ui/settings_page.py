"""The settings view alone, for `tests.fakes.settings_desk.current`; the session's `locale` is the reader's."""

import streamlit as st

from core.language.catalogue import translator
from core.ui.settings_view import settings_view
from tests.fakes import settings_desk

settings_view(lambda: settings_desk.current, st.session_state["locale"], translator(st.session_state["locale"]))
