"""The running calls, worst first, and the one that was chosen: what is said in it, how it sounds, and a way into it."""

import streamlit as st

from core.language.catalogue import describe
from core.model.call import CallId
from core.model.errors import EarshotError
from core.ui.reader import reader
from core.ui.session import desk
from core.ui.supervisor_view import supervisor_page

own_desk = desk()
who = reader(own_desk.settings.locale)


def correct(call_id: CallId, utterance_id: str, text: str) -> None:
    try:
        desk().correct(call_id, utterance_id, text)
    except EarshotError as error:
        # Not on the page itself: an element above a running leg would end it.
        st.toast(describe(error, who.translate), icon=":material/error:")


supervisor_page(own_desk, who, correct)
