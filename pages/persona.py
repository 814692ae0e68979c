"""An AI persona: choose one, and talk with it."""

import time

import streamlit as st

from core.model.access import Right
from core.model.call import CallId
from core.ui.page_errors import said_on_the_page
from core.ui.persona_choice import persona_choice
from core.ui.persona_hours import persona_hours_panel
from core.ui.persona_seat import persona_seat
from core.ui.reader import reader
from core.ui.session import desk

REFRESH_S = 15.0
BEGUN = "persona_begun"
"""Key of the call that the reader has just begun, in the session's state."""

own_desk = desk()
own_desk.require(Right.TALK)
who = reader(own_desk.settings.locale)
_ = who.translate


def begin(call_id: CallId) -> None:
    st.session_state[BEGUN] = call_id
    st.query_params["call"] = call_id
    st.rerun()


@st.fragment(run_every=REFRESH_S)
def choice() -> None:
    with said_on_the_page(_):
        # A desk of its own at every tick: the sign-in may have ended since the page was drawn.
        persona_choice(desk(), time.time(), who, begin)


call_id = CallId(st.query_params.get("call", ""))
call = own_desk.snapshot(call_id).call if call_id else None
if call is None:
    with st.container(key="earshot-page"):
        st.title(_("AI personas"), anchor=False)
        st.write(_("Choose somebody to talk with. The call is written down and can be supervised like any other."))
        choice()
        persona_hours_panel(own_desk, time.time(), who)
elif call.persona is None:
    st.switch_page("live.py", query_params={"call": call.id})
else:
    with st.container(key="earshot-persona"):
        persona_seat(own_desk, call, who, desk, autostart=st.session_state.get(BEGUN) == call.id)
