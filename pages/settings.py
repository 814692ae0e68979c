"""What is in force: settings, handbook, scripted demos."""

import streamlit as st

from core.language.catalogue import translator
from core.model.access import Right
from core.ui.interface_language import interface_locale
from core.ui.session import desk
from core.ui.settings_view import settings_view

own_desk = desk()
own_desk.require(Right.SEE_SETTINGS)
locale = interface_locale(own_desk.settings.locale)
with st.container(key="earshot-page"):
    settings_view(desk, locale, translator(locale))
