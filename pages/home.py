"""The calls: start one, open one."""

import time

import streamlit as st

from core.language.catalogue import translator
from core.model.call import CallState
from core.ui.call_list import REFRESH_S, ended_calls, running_calls
from core.ui.health_line import health_line, troubles
from core.ui.interface_language import interface_locale
from core.ui.page_errors import said_on_the_page
from core.ui.session import backend
from core.ui.start_buttons import start_buttons

server = backend()
_ = translator(interface_locale(server.settings.locale))


@st.fragment(run_every=REFRESH_S)
def lists() -> None:
    with said_on_the_page(_):
        calls = server.calls()
        now = time.time()
        running_calls(server, [c for c in calls if c.state is not CallState.ENDED], "live.py", now, _)
        ended_calls([c for c in calls if c.state is CallState.ENDED], "live.py", now, _)
        health_line(server.health(), _)


with st.container(key="earshot-page"):
    troubles(server.health(), _)
    st.title(_("Calls"), anchor=False)
    st.write(
        _(
            "Earshot writes down what is said in a live call, keeps a summary of it, finds the right page of the "
            "handbook, and shows how good the connection is."
        )
    )
    start_buttons(server, "live.py", _)
    lists()
