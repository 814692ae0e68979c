"""One call, live or ended: what is said, what it is about, what the handbook says, and how the line is."""

import streamlit as st

from core.language.catalogue import translator
from core.model.call import CallId
from core.ui.call_controls import call_controls
from core.ui.interface_language import interface_locale
from core.ui.live_view import live_view
from core.ui.session import backend
from core.ui.theme import current_theme

server = backend()
locale = interface_locale(server.settings.locale)
_ = translator(locale)

call_id = CallId(st.query_params.get("call", ""))
if not call_id:
    st.switch_page("home.py")
snapshot = server.snapshot(call_id)
call_controls(server, snapshot.call, _)
live_view(snapshot, view_token=server.view_token(call_id), locale=locale, theme=current_theme(), translate=_)
