"""The audit log: who did what, and when."""

import streamlit as st

from core.model.access import Right
from core.model.audit import AuditAction, AuditQuery
from core.ui.audit_table import ACTIONS, audit_table
from core.ui.pager import pager
from core.ui.reader import reader
from core.ui.session import desk

PAGE_SIZE = 50

own_desk = desk()
own_desk.require(Right.SEE_AUDIT)
who = reader(own_desk.settings.locale)
_ = who.translate

with st.container(key="earshot-page"):
    st.title(_("Audit log"), anchor=False)
    st.caption(_("Lines are only ever added. Newest first."))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        person = st.text_input(_("Who"), placeholder=_("Name"), max_chars=100, width=200, key="audit-person")
        action = st.selectbox(
            _("What"),
            ["", *AuditAction],
            format_func=lambda each: _(ACTIONS[AuditAction(each)]) if each else _("All"),
            width=300,
            key="audit-action",
        )
        subject = st.text_input(_("On what"), placeholder=_("Call id"), max_chars=100, width=200, key="audit-subject")
    wanted = (person, action, subject)
    page = st.session_state.get("audit-page", 0) if st.session_state.get("audit-wanted") == wanted else 0
    found = own_desk.audit(
        AuditQuery(
            person=(person or "").strip(),
            action=AuditAction(action) if action else None,
            subject=(subject or "").strip(),
            limit=PAGE_SIZE + 1,
            offset=page * PAGE_SIZE,
        )
    )
    if found:
        audit_table(found[:PAGE_SIZE], who)
    else:
        st.info(_("No line fits."), icon=":material/search_off:")
    # One line more than is shown tells that there is another page.
    turned = pager(page, page * PAGE_SIZE + len(found), PAGE_SIZE, _)
    st.session_state["audit-wanted"] = wanted
    if turned != page:
        st.session_state["audit-page"] = turned
        st.rerun()
