"""What is done to the handbook in a window of its own: an entry added, edited, deleted; a file edited as text, deleted.

Which window is open is kept in the session, so that it stays whatever makes the page run again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.guidance.editing import Draft, with_draft
from core.guidance.entry import split_aliases
from core.guidance.handbook import Handbook, OpenedEntry
from core.guidance.knowledge_folder import KnowledgeChange, KnowledgeText, check_name
from core.language.catalogue import Translate
from core.model.errors import KnowledgeFileNotFound
from core.settings import Settings
from core.ui.file_editor import as_written
from core.ui.knowledge_desk import KnowledgeDesk
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader

OpenDesk = Callable[[], KnowledgeDesk]
WINDOW = "knowledge-window"
UPLOADS = "knowledge-uploads"
"""Counts changes: a field with another number is empty again."""
LONGEST_TITLE = 200
LONGEST_BODY = 15_000
BODY_HEIGHT = 260
TEXT_HEIGHT = 420
FORM_BYTES = 8 * 1024
"""What a request has besides a file itself."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is open, and on what: an entry or a file as it was when it was opened, or the file to add to."""

    kind: Literal["add", "edit", "delete", "edit_file", "delete_file"]
    entry: OpenedEntry | None = None
    file: KnowledgeText | None = None
    path: str = ""


def open_window(window: Window) -> None:
    """Have a window drawn in this run and the next ones, until it is closed. Script thread."""
    st.session_state[WINDOW] = window


def draw_window(open_desk: OpenDesk, reader: Reader) -> None:
    """Draw what is open, if anything is. Script thread; once a run, after everything that may open one."""
    _ = reader.translate
    window: Window | None = st.session_state.get(WINDOW)
    if window is None:
        return
    if window.kind == "add":
        _shown(_("Add an entry"), "large")(_add)(open_desk, window.path, reader)
    elif window.kind == "edit" and window.entry is not None:
        _shown(_("Edit an entry"), "large")(_edit)(open_desk, window.entry, reader)
    elif window.kind == "delete" and window.entry is not None:
        _shown(_("Delete an entry"), "small")(_delete)(open_desk, window.entry, reader)
    elif window.kind == "edit_file" and window.file is not None:
        _shown(_("Edit a file"), "large")(_edit_file)(open_desk, window.file, reader)
    elif window.file is not None:
        _shown(_("Delete a file"), "small")(_delete_file)(open_desk, window.file, reader)


def largest_bytes(settings: Settings) -> int:
    """Bytes of the largest file that can come from a page."""
    return max(0, settings.request_limit_kb * 1024 - FORM_BYTES)


def _shown(title: str, width: Literal["small", "large"]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return st.dialog(title, width=width, on_dismiss=_close)


def _close() -> None:
    st.session_state.pop(WINDOW, None)


def change_and_close(desk: KnowledgeDesk, change: KnowledgeChange, done: str, translate: Translate) -> None:
    """Change a file, say so, and draw the page anew without a window or a file that waits to be uploaded.

    Script thread. Raises GuidanceError.
    """
    with st.spinner(translate("The files are being read…")):
        desk.change_handbook(change)
    _close()
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    st.toast(done, icon=":material/check:")
    st.rerun()


def _add(open_desk: OpenDesk, path: str, reader: Reader) -> None:
    _ = reader.translate
    options = sorted({placed.path for placed in open_desk().handbook().entries()})
    chosen = st.selectbox(
        _("File"),
        options,
        index=options.index(path) if path in options else None,
        placeholder=_("Choose a file, or type a new name such as en/plans.md"),
        accept_new_options=True,
        key="knowledge-add-file",
    )
    draft = _form(Draft("", ""), "add", _)
    if draft is None:
        return
    with said_on_the_page(_):
        name = (chosen or "").strip()
        check_name(name)
        desk = open_desk()
        file = _file_or_new(desk.handbook(), name)
        text = with_draft(file.text, name, None, draft)
        change_and_close(
            desk, KnowledgeChange(name, text, file.digest, draft.on_one_line), _("The entry was added."), _
        )


def _file_or_new(handbook: Handbook, name: str) -> KnowledgeText:
    try:
        return handbook.text(name)
    except KnowledgeFileNotFound:
        return KnowledgeText(name, "", "")


def _edit(open_desk: OpenDesk, opened: OpenedEntry, reader: Reader) -> None:
    _ = reader.translate
    file, placed = opened.file, opened.placed
    st.caption(as_written(placed.entry.source))
    draft = _form(opened.draft, f"{file.digest[:8]}-{placed.number}", _)
    if draft is None:
        return
    with said_on_the_page(_):
        text = with_draft(file.text, file.path, placed.number, draft)
        change = KnowledgeChange(file.path, text, file.digest, draft.on_one_line)
        change_and_close(open_desk(), change, _("The entry was saved."), _)


def _form(draft: Draft, key: str, translate: Translate) -> Draft | None:
    """The fields of an entry; what is in them once they are to be saved."""
    _ = translate
    with st.form(f"knowledge-form-{key}", border=False):
        title = st.text_input(_("Title"), draft.title, max_chars=LONGEST_TITLE, key=f"knowledge-title-{key}")
        aliases = st.text_input(
            _("Other words"),
            ", ".join(draft.aliases),
            max_chars=LONGEST_BODY,
            placeholder=_("charged twice, double billed"),
            help=_("What callers call it, with commas between. They decide how well the entry is found."),
            key=f"knowledge-aliases-{key}",
        )
        body = st.text_area(
            _("Text"),
            draft.body,
            height=BODY_HEIGHT,
            max_chars=LONGEST_BODY,
            help=_("Short sentences, the first step first: the agent is shown those that fit the call."),
            key=f"knowledge-body-{key}",
        )
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:", key=f"knowledge-save-{key}"):
            return Draft(title or "", body or "", split_aliases(aliases or ""))
    return None


def _delete(open_desk: OpenDesk, opened: OpenedEntry, reader: Reader) -> None:
    _ = reader.translate
    file, placed = opened.file, opened.placed
    st.markdown(f"**{as_written(placed.entry.title)}**  \n{as_written(placed.entry.source)}")
    st.caption(_("Agents are not shown it any more. This cannot be undone here."))
    if st.button(_("Delete"), type="primary", icon=":material/delete:", key="knowledge-delete-sure"):
        with said_on_the_page(_):
            text = with_draft(file.text, file.path, placed.number, None)
            change = KnowledgeChange(file.path, text, file.digest, placed.entry.title)
            change_and_close(open_desk(), change, _("The entry was deleted."), _)


def _edit_file(open_desk: OpenDesk, file: KnowledgeText, reader: Reader) -> None:
    _ = reader.translate
    st.caption(as_written(file.path))
    if len(file.text.encode()) > largest_bytes(open_desk().settings):
        st.info(
            _("The file is too large to be edited here. Download it, and put the new one into the folder."),
            icon=":material/info:",
        )
        return
    with st.form("knowledge-text-form", border=False):
        text = st.text_area(
            _("Text of the file"),
            file.text,
            height=TEXT_HEIGHT,
            label_visibility="collapsed",
            key=f"knowledge-text-{file.digest[:8]}",
        )
        is_wanted = st.form_submit_button(_("Save"), type="primary", icon=":material/save:", key="knowledge-text-save")
    if is_wanted:
        with said_on_the_page(_):
            change = KnowledgeChange(file.path, text or "", file.digest)
            change_and_close(open_desk(), change, _("The file was saved."), _)


def _delete_file(open_desk: OpenDesk, file: KnowledgeText, reader: Reader) -> None:
    _ = reader.translate
    st.markdown(f"**{as_written(file.path)}**")
    st.caption(_("All its entries go with it. This cannot be undone here."))
    if st.button(_("Delete"), type="primary", icon=":material/delete:", key="knowledge-delete-file-sure"):
        with said_on_the_page(_):
            change = KnowledgeChange(file.path, None, file.digest)
            change_and_close(open_desk(), change, _("The file was deleted."), _)
