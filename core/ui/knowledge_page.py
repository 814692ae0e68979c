"""The handbook's page: its entries, what a question finds in them, its files.

Nothing here draws itself again: a redraw in the middle of a word would break off what a Korean keyboard is composing.
"""

from collections.abc import Callable

import streamlit as st

from core.guidance.background import KnowledgeReport
from core.language.catalogue import Translate, describe
from core.model.access import Right
from core.settings import PROJECT_ROOT
from core.ui.file_editor import as_written
from core.ui.knowledge_desk import KnowledgeDesk
from core.ui.knowledge_dialogs import draw_window
from core.ui.knowledge_entries import knowledge_entries
from core.ui.knowledge_files import knowledge_files
from core.ui.knowledge_query import knowledge_query
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader
from core.ui.theme import ASSETS

SAMPLE = PROJECT_ROOT / "knowledge"
"""The handbook that comes with Earshot."""


def knowledge_page(open_desk: Callable[[], KnowledgeDesk], reader: Reader) -> None:
    """Draw all of it. Script thread; `open_desk` is called anew at every run and for every change."""
    _ = reader.translate
    st.html(f"<style>{(ASSETS / 'knowledge.css').read_text(encoding='utf-8')}</style>")
    st.title(_("Handbook"), anchor=False)
    with said_on_the_page(_):
        desk = open_desk()
        handbook, may_change = desk.handbook(), desk.may(Right.CHANGE_HANDBOOK)
        report = handbook.report()
        st.caption(_("What agents are shown while they talk. It is looked up by the call's summary."))
        _state(report, handbook.remote_address, may_change, reader)
        entries, query, files = st.tabs([_("Entries"), _("Try a question"), _("Files")])
        with entries, said_on_the_page(_):
            knowledge_entries(open_desk, reader)
        with query, said_on_the_page(_):
            knowledge_query(handbook, reader)
        with files, said_on_the_page(_):
            knowledge_files(open_desk, reader)
        draw_window(open_desk, reader)


def _state(report: KnowledgeReport, remote: str, may_change: bool, reader: Reader) -> None:
    _ = reader.translate
    if remote:
        sentence = _("Calls ask the server {address}. The files here are not in use.")
        st.info(as_written(sentence.format(address=remote)), icon=":material/cloud:")
    if may_change and report.directory.resolve() == SAMPLE.resolve():
        st.warning(
            as_written(
                _(
                    "This is the sample handbook that comes with Earshot, and an update may replace what you change"
                    " here. Copy the folder, and point EARSHOT_KNOWLEDGE_DIR at your own."
                )
            ),
            icon=":material/folder_copy:",
        )
    _trouble(report, _)


def _trouble(report: KnowledgeReport, translate: Translate) -> None:
    _ = translate
    if report.is_loading:
        st.info(_("The handbook is being read."), icon=":material/hourglass_top:")
    if report.problem is not None:
        sentence = as_written(describe(report.problem, _))
        if report.loaded_at is None:
            st.error(sentence, icon=":material/error:")
        else:
            st.warning(f"{sentence} {_('The last good handbook stays in use.')}", icon=":material/warning:")
        return
    for problem in (problem for file in report.files for problem in file.problems):
        st.warning(as_written(describe(problem, _)), icon=":material/warning:")
