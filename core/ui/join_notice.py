"""What a customer is told before joining: what happens to their words, and that the server is about to stop."""

from html import escape

import streamlit as st

from core.guest import Guest
from core.language.catalogue import Translate
from core.settings import Settings
from core.ui.wording import NOTES

LOOK_S = 3.0
"""How often an open Join page asks whether the server is being stopped."""


def own_notice(settings: Settings, locale: str) -> str:
    """The operator's notice in the reader's language, or in the other one; empty where the standard one is meant."""
    korean, english = settings.join_notice_ko.strip(), settings.join_notice_en.strip()
    return (korean or english) if locale == "ko" else (english or korean)


def join_notice(settings: Settings, locale: str, translate: Translate) -> None:
    """Draw the notice; the operator's is plain text, whatever is in it. Script thread."""
    if text := own_notice(settings, locale):
        with st.container(border=True, key="join-notice"):
            st.html(f'<p class="es-notice">{escape(text)}</p>')
    else:
        st.info(
            translate("This call is transcribed: what you say is written down and kept."), icon=":material/edit_note:"
        )


@st.fragment(run_every=LOOK_S)
def stopping_notice(guest: Guest, translate: Translate) -> None:
    """Say it as long as the page is open, once the server is being stopped. Script thread."""
    if guest.is_server_stopping:
        sentence = NOTES["server_stopping"]
        st.warning(translate(sentence), icon=":material/warning:")
