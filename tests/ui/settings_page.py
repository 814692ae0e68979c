"""The settings view alone, for `tests.fakes.settings_desk.current`; the session's `locale` is the reader's."""

from zoneinfo import ZoneInfo

import streamlit as st

from core.language.catalogue import translator
from core.ui.reader import Reader
from core.ui.settings_view import settings_view
from tests.fakes import settings_desk

locale = st.session_state["locale"]
settings_view(lambda: settings_desk.current, Reader(locale, ZoneInfo("Asia/Seoul"), translator(locale)))
