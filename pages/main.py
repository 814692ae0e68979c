"""The frame of every page: which pages there are, what is above them, and what is said when one cannot be shown."""

import streamlit as st

from core.language.catalogue import describe, translator
from core.model.errors import EarshotError
from core.settings import InterfaceLocale
from core.ui.browser_memory import write_memory
from core.ui.header import dead_end, header
from core.ui.interface_language import interface_locale
from core.ui.session import backend
from core.ui.theme import ASSETS, apply_page_style

try:
    configured = backend().settings.locale
except EarshotError:
    configured = InterfaceLocale.AUTO
locale = interface_locale(configured)
_ = translator(locale)

home = st.Page("home.py", title=_("Calls"), default=True)
live = st.Page("live.py", title=_("Call"), url_path="live", visibility="hidden")
join = st.Page("join.py", title=_("Join the call"), url_path="join", visibility="hidden")
page = st.navigation([home, live, join], position="hidden")

st.set_page_config(page_title=f"{page.title} · Earshot", page_icon=str(ASSETS / "icon.svg"), layout="wide")
apply_page_style()
if page != join:
    header("home.py", locale, _)
try:
    page.run()
except EarshotError as error:
    dead_end(describe(error, _), "home.py" if page != join else None, _)
write_memory()
