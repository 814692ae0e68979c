"""What is told of a call that has ended besides its record: how fast it was summed up, and what it cost."""

import streamlit as st

from core.calls.latency import latency_report
from core.desk import Desk
from core.model.call import Call
from core.model.turn_trace import turn_traces
from core.ui.call_list import CALLS_PAGE
from core.ui.latency_view import CALL, LATENCY, VIEW
from core.ui.latency_words import cost_words, length
from core.ui.reader import Reader


def turn_figures(desk: Desk, call: Call, reader: Reader) -> None:
    """Draw them in one line, with the way to the details. Script thread."""
    _ = reader.translate
    record = desk.turns(call.id)
    if not record.utterances:
        return
    report = latency_report(turn_traces(record), desk.settings.latency_budget_s)
    facts = [cost_words(desk.prices.cost_of(record), reader)]
    if report.total:
        facts.insert(0, _("Summary after {time} (median)").format(time=length(report.total.p50_s, reader)))
    if report.exceeding:
        facts.insert(1, _("{count} turns beyond the budget").format(count=report.exceeding))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="turn-figures", width="content"):
        st.caption(" · ".join(fact for fact in facts if fact), width="content")
        st.page_link(
            CALLS_PAGE,
            label=_("Latency"),
            icon=":material/timeline:",
            query_params={VIEW: LATENCY, CALL: call.id},
            width="content",
        )
