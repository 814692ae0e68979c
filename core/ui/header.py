"""The line on top of every page but the customer's: the name, the way to the calls, the interface's language."""

import streamlit as st

from core.language.catalogue import Translate
from core.ui.interface_language import language_switch


def header(home: str, locale: str, translate: Translate) -> None:
    """Draw the line. `home` is the path of the page with the list of calls. Script thread."""
    _ = translate
    with st.container(horizontal=True, vertical_alignment="center", key="earshot-header", gap="medium"):
        st.html('<span class="es-brand">Earshot</span>', width="content")
        st.page_link(home, label=_("Calls"), icon=":material/call:", width="content")
        st.space("stretch")
        language_switch(locale, _("Interface language"))


def dead_end(sentence: str, home: str | None, translate: Translate) -> None:
    """Say why there is nothing to show, and offer the way back, if there is one. Script thread."""
    _ = translate
    with st.container(key="earshot-page"):
        st.error(sentence, icon=":material/error:")
        if home:
            st.page_link(home, label=_("Back to the calls"), icon=":material/arrow_back:")
