"""The list of scripted demos alone, for `tests.fakes.settings_desk.current`; `chosen` is what was clicked."""

import streamlit as st

from core.language.catalogue import translator
from core.ui.scripted_demos import scripted_demos
from tests.fakes import settings_desk

locale = st.session_state["locale"]
st.session_state["chosen"] = scripted_demos(settings_desk.current.scenarios(), locale, translator(locale))
