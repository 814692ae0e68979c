"""The line on top of every page but the customer's: where one may go, who one is, the interface's language."""

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate, message
from core.model.access import Right
from core.ui.interface_language import language_switch
from core.ui.sign_in import who_am_i

PAGES = (
    ("home.py", message("Overview"), ":material/graphic_eq:", Right.SEE_OWN_CALLS),
    ("persona.py", message("AI personas"), ":material/record_voice_over:", Right.TALK),
    ("supervisor.py", message("Supervisor"), ":material/headset_mic:", Right.LISTEN),
    ("calls.py", message("Calls"), ":material/call:", Right.SEE_OWN_CALLS),
    ("fleet.py", message("Quality"), ":material/monitoring:", Right.SEE_ALL_CALLS),
    ("knowledge.py", message("Handbook"), ":material/menu_book:", Right.READ_HANDBOOK),
    ("doctor.py", message("Doctor"), ":material/stethoscope:", Right.SEE_OWN_CALLS),
    ("settings.py", message("Settings"), ":material/settings:", Right.SEE_SETTINGS),
    ("audit.py", message("Audit log"), ":material/history:", Right.SEE_AUDIT),
)


def header(desk: Desk, locale: str, translate: Translate) -> None:
    """Draw the line. Script thread."""
    _ = translate
    with st.container(horizontal=True, vertical_alignment="center", key="earshot-header", gap="xsmall"):
        st.html('<span class="es-brand">Earshot</span>', width="content")
        for path, label, icon, right in PAGES:
            if desk.may(right):
                st.page_link(path, label=_(label), icon=icon, width="content")
        st.space("stretch")
        who_am_i(desk, _)
        language_switch(locale, _("Interface language"))


def customers_way(translate: Translate) -> None:
    """Tell somebody whose account opens no page how to get into a call. Script thread."""
    with st.container(key="earshot-page"):
        st.info(translate("To join a call as a customer, open the link that you were sent."), icon=":material/link:")


def dead_end(sentence: str, home: str | None, translate: Translate) -> None:
    """Say why there is nothing to show, and offer the way back, if there is one. Script thread."""
    _ = translate
    # The page that was broken off may have begun a container of its own.
    with st.container(key="earshot-dead-end"):
        st.error(sentence, icon=":material/error:")
        if home:
            st.page_link(home, label=_("Back to the calls"), icon=":material/arrow_back:")
