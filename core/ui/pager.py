"""Back and forth in a long list."""

import streamlit as st

from core.language.catalogue import Translate


def pager(page: int, total: int, size: int, translate: Translate, back: str = "", forth: str = "") -> int:
    """Draw the buttons, if there is more than one page; the page (from 0) that is wanted now. Script thread.

    `back` and `forth` are what the buttons say of a list that is not in the order of time.
    """
    _ = translate
    pages = max(1, -(-total // size))
    if pages == 1 and page == 0:
        return page
    wanted = page
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center", key="pager"):
        if st.button(back or _("Newer"), icon=":material/chevron_left:", disabled=page <= 0, key="pager-newer"):
            wanted = min(page, pages) - 1
        st.caption(_("Page {page} of {pages}").format(page=page + 1, pages=pages), width="content")
        if st.button(
            forth or _("Older"),
            icon=":material/chevron_right:",
            icon_position="right",
            disabled=page >= pages - 1,
            key="pager-older",
        ):
            wanted = page + 1
    return wanted
