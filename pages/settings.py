"""What is in force: settings, handbook, scripted demos."""

import streamlit as st

from core.language.catalogue import translator
from core.ui.interface_language import interface_locale
from core.ui.session import desk
from core.ui.settings_view import settings_view

locale = interface_locale(desk().settings.locale)
with st.container(key="earshot-page"):
    settings_view(desk, locale, translator(locale))
