"""What a customer's link opens: a name, START, mute, leave."""

import streamlit as st

from core.language.catalogue import translator
from core.ui.interface_language import interface_locale
from core.ui.join_form import join_form
from core.ui.session import backend

server = backend()
_ = translator(interface_locale(server.settings.locale))

grant = server.read_join_token(st.query_params.get("t", ""))
with st.container(key="earshot-join"):
    join_form(server, grant, _)
