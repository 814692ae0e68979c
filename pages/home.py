"""What is going on: start a call, open one that runs, and see whether the server is well."""

import time

import streamlit as st

from core.model.archive import CallQuery
from core.model.call import CallState
from core.ui.call_list import LIVE_PAGE, RECENT_CALLS, REFRESH_S, recent_calls, running_calls
from core.ui.health_line import health_line, troubles
from core.ui.page_errors import said_on_the_page
from core.ui.reader import reader
from core.ui.session import desk
from core.ui.start_buttons import start_buttons

own_desk = desk()
who = reader(own_desk.settings.locale)
_ = who.translate


@st.fragment(run_every=REFRESH_S)
def lists() -> None:
    with said_on_the_page(_):
        # A desk of its own at every tick: the sign-in may have ended since the page was drawn.
        current_desk, now = desk(), time.time()
        running_calls(current_desk, current_desk.calls(), now, who)
        recent_calls(current_desk.search(CallQuery(state=CallState.ENDED, limit=RECENT_CALLS)).calls, now, who)
        health_line(current_desk.health(), _)


with st.container(key="earshot-page"):
    troubles(own_desk.health(), _)
    st.title(_("Overview"), anchor=False)
    st.write(
        _(
            "Earshot writes down what is said in a live call, keeps a summary of it, finds the right page of the "
            "handbook, and shows how good the connection is."
        )
    )
    start_buttons(own_desk, LIVE_PAGE, who.locale, _)
    lists()
