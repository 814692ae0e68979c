"""One call, live or ended: what is said, what it is about, what the handbook says, and how the line is."""

import streamlit as st

from core.language.catalogue import describe
from core.model.access import Right
from core.model.call import CallId, Role
from core.model.errors import EarshotError
from core.ui.attachment import Attachment
from core.ui.browser_memory import browser_memory
from core.ui.call_controls import call_controls
from core.ui.call_list import MOMENT
from core.ui.live_view import live_view
from core.ui.moment_link import live_page_address, moment_of
from core.ui.persona_panel import persona_tools
from core.ui.reader import reader
from core.ui.session import desk
from core.ui.theme import current_theme

own_desk = desk()
who = reader(own_desk.settings.locale)

call_id = CallId(st.query_params.get("call", ""))
if not call_id:
    st.switch_page("home.py")


def correct(utterance_id: str, text: str) -> None:
    try:
        desk().correct(call_id, utterance_id, text)
    except EarshotError as error:
        # Not on the page itself: an element above a running leg would end it.
        st.toast(describe(error, who.translate), icon=":material/error:")


snapshot = own_desk.snapshot(call_id)
view_token = own_desk.view_token(call_id)
call_controls(own_desk, snapshot.call, who, desk)
live_view(
    snapshot,
    view_token=view_token,
    locale=who.locale,
    theme=current_theme(),
    public_page=live_page_address(own_desk.settings),
    moment=moment_of(st.query_params.get(MOMENT, "")),
    correct=correct if own_desk.may(Right.CORRECT) else None,
    translate=who.translate,
    is_agent=Attachment(own_desk, call_id, Role.AGENT, browser_memory()).participant(snapshot.call) is not None,
    insight_names=own_desk.insight_names(snapshot.call.language, who.locale),
    persona=persona_tools(own_desk, snapshot.call, view_token),
)
