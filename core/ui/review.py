"""What can be done with a call's record beside reading it: take it along as a file, delete it."""

from functools import partial

import streamlit as st

from core.calls.export import MEDIA_TYPES, ExportFormat
from core.desk import Desk
from core.language.catalogue import message
from core.model.access import Right
from core.model.call import Call, CallId, CallState
from core.ui.call_list import CALLS_PAGE
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader

FORMATS = {
    ExportFormat.REPORT: message("Report to read and print (HTML)"),
    ExportFormat.JSON: message("Everything (JSON)"),
    ExportFormat.CSV: message("Transcript as a table (CSV)"),
    ExportFormat.VTT: message("Transcript as subtitles (WebVTT)"),
    ExportFormat.SAMPLES_CSV: message("RTP figures as a table (CSV)"),
    ExportFormat.SAMPLES_PARQUET: message("RTP figures for analysts (Parquet)"),
}


def review_controls(desk: Desk, call: Call, reader: Reader) -> None:
    """Draw those controls that this person may use. Script thread."""
    _ = reader.translate
    if desk.may(Right.EXPORT):
        with st.popover(_("Download"), icon=":material/download:"):
            for kind, label in FORMATS.items():
                st.download_button(
                    _(label),
                    # Made when it is clicked, and written into the audit log then.
                    data=partial(_content, desk, call.id, kind, reader.locale),
                    file_name=f"earshot-{call.id}.{kind.value}",
                    mime=MEDIA_TYPES[kind],
                    on_click="ignore",
                    key=f"download-{kind.value}:{call.id}",
                    width="stretch",
                )
    may_delete = desk.may(Right.DELETE) and call.state is CallState.ENDED
    if may_delete and st.button(_("Delete"), icon=":material/delete:", key=f"delete:{call.id}"):
        st.dialog(_("Delete this call?"))(_ask)(desk, call, reader)


def _content(desk: Desk, call_id: CallId, kind: ExportFormat, locale: str) -> bytes:
    return desk.export(call_id, kind, locale).content


def _ask(desk: Desk, call: Call, reader: Reader) -> None:
    _ = reader.translate
    people = ", ".join(participant.name for participant in call.participants) or _("Nobody has joined yet")
    st.text(f"{reader.date_and_time(call.created_at)} · {people}")
    st.write(
        _("Transcript, summaries, figures: everything of this call is deleted for good. The audit log says who did it.")
    )
    sure = st.checkbox(_("I want to delete this call for good."), key=f"delete-sure:{call.id}")
    if st.button(_("Delete for good"), type="primary", disabled=not sure, key=f"delete-now:{call.id}"):
        with said_on_the_page(_):
            desk.delete_call(call.id)
            st.switch_page(CALLS_PAGE)
