"""The language of the interface: the browser's, unless the settings or the reader chose one."""

import streamlit as st

from core.language.catalogue import LOCALES, choose_locale
from core.settings import InterfaceLocale
from core.ui.browser_memory import browser_memory
from core.ui.wording import INTERFACE_LANGUAGES

CHOICE = "interface_language"
"""Key of the reader's choice, in the session's state and in the browser's memory."""


def interface_locale(configured: InterfaceLocale) -> str:
    """The locale of this session: the reader's choice, else the configured one, else the browser's. Script thread."""
    chosen = st.session_state.get(CHOICE) or browser_memory().recall(CHOICE)
    if chosen in LOCALES:
        return str(chosen)
    if configured is not InterfaceLocale.AUTO:
        return configured.value
    return choose_locale(st.context.locale)


def language_switch(current: str, label: str) -> None:
    """Draw the switch between the interface's languages; a choice is kept in the browser. Script thread."""
    st.segmented_control(
        label,
        LOCALES,
        default=current,
        format_func=lambda locale: INTERFACE_LANGUAGES[locale],
        key="interface_language_switch",
        label_visibility="collapsed",
        on_change=_choose,
    )


def _choose() -> None:
    chosen = st.session_state.get("interface_language_switch")
    if chosen:
        st.session_state[CHOICE] = chosen
        browser_memory().remember(CHOICE, chosen)
