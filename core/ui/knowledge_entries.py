"""The handbook's entries: listed, searched, read."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.guidance.handbook import Handbook, PlacedEntry
from core.model.access import Right
from core.ui.file_editor import as_written
from core.ui.knowledge_dialogs import OpenDesk, Window, open_window
from core.ui.pager import pager
from core.ui.reader import Reader
from core.ui.wording import LANGUAGE_BADGES

PAGE_SIZE = 15
PAGE = "knowledge-page"
WANTED = "knowledge-wanted"


def knowledge_entries(open_desk: OpenDesk, reader: Reader) -> None:
    """Draw a page of the list. Script thread. Raises GuidanceError, AccessError."""
    _ = reader.translate
    desk = open_desk()
    handbook, may_change = desk.handbook(), desk.may(Right.CHANGE_HANDBOOK)
    # What the reader is likely to look for comes first.
    entries = sorted(handbook.entries(), key=lambda placed: placed.entry.language != reader.locale)
    files = sorted({placed.path for placed in entries})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            _("Search entries"),
            placeholder=_("Search in titles, texts and other words"),
            label_visibility="collapsed",
            icon=":material/search:",
            key="knowledge-search",
        )
        path = st.selectbox(
            _("File"),
            ["", *files],
            format_func=lambda each: each or _("All files"),
            label_visibility="collapsed",
            width=220,
            key="knowledge-file",
        )
        if may_change and st.button(_("Add an entry"), type="primary", icon=":material/add:", key="knowledge-add"):
            open_window(Window("add", path=path or ""))
    found = [placed for placed in entries if path in ("", placed.path) and _holds(placed, words or "")]
    _say_count(found, entries, reader)
    wanted = (words, path)
    page = st.session_state.get(PAGE, 0) if st.session_state.get(WANTED) == wanted else 0
    page = min(page, max(0, (len(found) - 1) // PAGE_SIZE))
    with st.container(gap="xsmall"):
        for placed in found[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]:
            _entry(placed, may_change, handbook, reader)
    turned = pager(page, len(found), PAGE_SIZE, _, back=_("Back"), forth=_("Next"))
    st.session_state[WANTED] = wanted
    if turned != page:
        st.session_state[PAGE] = turned
        st.rerun()
    if not may_change:
        st.caption(_("Supervisors and administrators may change the handbook."))


def _holds(placed: PlacedEntry, words: str) -> bool:
    entry = placed.entry
    text = " ".join((entry.title, *entry.aliases, entry.body, entry.source)).casefold()
    return all(word in text for word in words.casefold().split())


def _say_count(found: Sequence[PlacedEntry], entries: Sequence[PlacedEntry], reader: Reader) -> None:
    _ = reader.translate
    if not entries:
        st.info(_("There are no entries yet."), icon=":material/menu_book:")
    elif not found:
        st.info(_("No entry fits. Search for less."), icon=":material/search_off:")
    else:
        st.caption(_("Entries: {count}").format(count=reader.number(len(found))))


def _entry(placed: PlacedEntry, may_change: bool, handbook: Handbook, reader: Reader) -> None:
    _ = reader.translate
    entry, key = placed.entry, f"{placed.path}:{placed.number}"
    badge = LANGUAGE_BADGES.get(entry.language, entry.language)
    label = f"**{as_written(entry.title)}**  :small[:gray[{badge} · {as_written(placed.path)}]]"
    with st.expander(label, key=f"knowledge-entry-{key}"):
        aliases = "".join(f'<span class="es-chip">{escape(alias)}</span>' for alias in entry.aliases)
        also = f'<div class="es-also">{escape(_("Other words"))}</div>{aliases}' if aliases else ""
        st.html(
            f'<div class="es-entry"><div class="es-body">{escape(entry.body)}</div><div class="es-chips">{also}</div>'
            f'<div class="es-source">{escape(entry.source)}</div></div>'
        )
        if not may_change:
            return
        with st.container(horizontal=True, gap="small"):
            if st.button(_("Edit"), icon=":material/edit:", key=f"knowledge-edit-{key}"):
                open_window(Window("edit", entry=handbook.open(placed)))
            if st.button(_("Delete"), icon=":material/delete:", key=f"knowledge-delete-{key}"):
                open_window(Window("delete", entry=handbook.open(placed)))
