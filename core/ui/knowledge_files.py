"""The handbook's files: listed, uploaded, downloaded, edited as text, deleted."""

import json
from collections.abc import Iterable
from html import escape
from pathlib import PurePosixPath

import streamlit as st

from core.guidance.handbook import Handbook
from core.guidance.knowledge import KnowledgeFile, decoded
from core.guidance.knowledge_folder import KnowledgeChange, check_name
from core.language.catalogue import describe
from core.model.access import Right
from core.model.errors import KnowledgeFileInvalid, KnowledgeFileNotFound, KnowledgeTextInvalid
from core.ui.file_editor import as_written
from core.ui.knowledge_desk import KnowledgeDesk
from core.ui.knowledge_dialogs import UPLOADS, OpenDesk, Window, change_and_close, largest_bytes, open_window
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader
from core.ui.wording import LANGUAGE_BADGES, SPOKEN_LANGUAGES


def knowledge_files(open_desk: OpenDesk, reader: Reader) -> None:
    """Draw the list and what can be done. Script thread. Raises GuidanceError, AccessError."""
    _ = reader.translate
    desk = open_desk()
    handbook = desk.handbook()
    files = sorted(handbook.report().files, key=lambda file: (not file.problems, file.path))
    if not files:
        st.info(_("There are no files yet."), icon=":material/folder_open:")
    else:
        _table(files, reader)
    if not desk.may(Right.CHANGE_HANDBOOK):
        return
    limit = largest_bytes(desk.settings)
    if files:
        _one_file(handbook, [file.path for file in files], reader)
    _upload(open_desk, handbook, limit, reader)


def _table(files: Iterable[KnowledgeFile], reader: Reader) -> None:
    rows = "".join(f'<div class="es-line" role="listitem">{_file(file, reader)}</div>' for file in files)
    st.html(f'<div class="es-files" role="list">{rows}</div>')


def _file(file: KnowledgeFile, reader: Reader) -> str:
    _ = reader.translate
    number = reader.number(file.entries)
    if file.problems and not file.entries:
        count = _("left out")
    elif file.languages or not file.entries:
        count = _("{count} entries").format(count=number)
    else:
        count = _("{count} groups of words").format(count=number)
    problems = "".join(f'<div class="es-problem">{escape(describe(each, _))}</div>' for each in file.problems)
    languages = " ".join(
        f'<span class="es-chip" title="{escape(_(SPOKEN_LANGUAGES.get(tag, tag)))}">'
        f"{escape(LANGUAGE_BADGES.get(tag, tag))}</span>"
        for tag in file.languages
    )
    return f"<div><code>{escape(file.path)}</code>{problems}</div><div>{escape(count)}</div><div>{languages}</div>"


def _one_file(handbook: Handbook, paths: list[str], reader: Reader) -> None:
    _ = reader.translate
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        path = st.selectbox(_("One file"), paths, width=280, key="knowledge-one-file")
        if st.button(_("Edit as text"), icon=":material/edit_note:", key="knowledge-text"):
            open_window(Window("edit_file", file=handbook.text(path)))
        st.download_button(
            _("Download"),
            data=lambda: handbook.text(path).text.encode(),
            file_name=PurePosixPath(path).name,
            icon=":material/download:",
            on_click="ignore",
            key="knowledge-download",
        )
        if st.button(_("Delete the file"), icon=":material/delete:", key="knowledge-delete-file"):
            open_window(Window("delete_file", file=handbook.text(path)))


def _upload(open_desk: OpenDesk, handbook: Handbook, limit: int, reader: Reader) -> None:
    _ = reader.translate
    st.subheader(_("Upload a file"), anchor=False)
    st.caption(
        _(
            "Markdown, CSV or JSON, saved as UTF-8, up to {limit} KiB; put larger ones into the folder itself. A file"
            " that is wrong somewhere is refused, with the line."
        ).format(limit=limit // 1024)
    )
    # Streamlit's own words in the field are English, and name a limit that is not the one here.
    choose = json.dumps(_("Choose a file"), ensure_ascii=False)
    st.html(f"<style>:root {{ --es-choose: {choose}; }}</style>")
    given = st.file_uploader(
        _("Upload a file"),
        type=["md", "csv", "json"],
        label_visibility="collapsed",
        key=f"knowledge-upload-{st.session_state.get(UPLOADS, 0)}",
    )
    if given is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        folder = st.text_input(
            _("Folder"), max_chars=60, width=220, placeholder=_("none"), key="knowledge-upload-folder"
        )
        name = "/".join(part for part in ((folder or "").strip().strip("/"), given.name) if part)
        with said_on_the_page(_):
            check_name(name)
            digest = _digest(handbook, name)
            label = _("Replace {path}") if digest else _("Upload as {path}")
            if st.button(
                as_written(label.format(path=name)), type="primary", icon=":material/upload:", key="knowledge-upload-go"
            ):
                _put(open_desk(), name, given.getvalue(), digest, reader)
    if digest:
        st.warning(_("There is a file of this name; it would be replaced as a whole."), icon=":material/warning:")


def _digest(handbook: Handbook, name: str) -> str:
    try:
        return handbook.text(name).digest
    except KnowledgeFileNotFound:
        return ""


def _put(desk: KnowledgeDesk, name: str, data: bytes, digest: str, reader: Reader) -> None:
    try:
        text = decoded(data, name)
    except KnowledgeFileInvalid as error:
        raise KnowledgeTextInvalid(path=name, reason=error.reason) from error
    change_and_close(
        desk, KnowledgeChange(name, text, digest), reader.translate("The file was saved."), reader.translate
    )
