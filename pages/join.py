"""What a customer's link opens: a name, START, mute, leave."""

import streamlit as st

from core.language.catalogue import translator
from core.ui.interface_language import interface_locale
from core.ui.join_form import join_form
from core.ui.session import guest

customer = guest(st.query_params.get("t", ""))
locale = interface_locale(customer.settings.locale)
_ = translator(locale)

with st.container(key="earshot-join"):
    join_form(customer, locale, _)
