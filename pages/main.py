"""The frame of every page: which pages there are, what is above them, and what is said when one cannot be shown."""

import streamlit as st

from core.language.catalogue import describe, translator
from core.model.access import Right
from core.model.errors import EarshotError, NotSignedIn, RoleUnknown, SignInEnded
from core.settings import InterfaceLocale
from core.ui.browser_memory import kept_memory
from core.ui.header import customers_way, dead_end, header
from core.ui.interface_language import interface_locale
from core.ui.session import desk, settings
from core.ui.sign_in import sign_in_page
from core.ui.theme import ASSETS, apply_page_style

try:
    configured = settings().locale
except EarshotError:
    configured = InterfaceLocale.AUTO
locale = interface_locale(configured)
_ = translator(locale)

home = st.Page("home.py", title=_("Overview"), default=True)
live = st.Page("live.py", title=_("Call"), url_path="live", visibility="hidden")
join = st.Page("join.py", title=_("Join the call"), url_path="join", visibility="hidden")
inner = [
    st.Page("persona.py", title=_("AI personas"), url_path="persona", visibility="hidden"),
    st.Page("supervisor.py", title=_("Supervisor"), url_path="supervisor", visibility="hidden"),
    st.Page("calls.py", title=_("Calls"), url_path="calls", visibility="hidden"),
    st.Page("fleet.py", title=_("Quality"), url_path="fleet", visibility="hidden"),
    st.Page("persona_events.py", title=_("Event log"), url_path="persona_events", visibility="hidden"),
    st.Page("quality.py", title=_("Call quality"), url_path="quality", visibility="hidden"),
    st.Page("imported.py", title=_("Imported file"), url_path="imported", visibility="hidden"),
    st.Page("knowledge.py", title=_("Handbook"), url_path="knowledge", visibility="hidden"),
    st.Page("doctor.py", title=_("Doctor"), url_path="doctor", visibility="hidden"),
    st.Page("settings.py", title=_("Settings"), url_path="settings", visibility="hidden"),
    st.Page("audit.py", title=_("Audit log"), url_path="audit", visibility="hidden"),
]
page = st.navigation([home, live, join, *inner], position="hidden")

st.set_page_config(page_title=f"{page.title} · Earshot", page_icon=str(ASSETS / "icon.svg"), layout="wide")
apply_page_style()
with kept_memory():
    try:
        if page == join:
            page.run()
        else:
            own_desk = desk()
            header(own_desk, locale, _)
            if own_desk.may(Right.SEE_OWN_CALLS):
                page.run()
            else:
                customers_way(_)
    except (NotSignedIn, SignInEnded, RoleUnknown) as error:
        sign_in_page(error, locale, _)
    except EarshotError as error:
        dead_end(describe(error, _), "home.py" if page != join else None, _)
