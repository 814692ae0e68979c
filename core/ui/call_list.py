"""The lists of calls: those that run, with their last words, and those that have ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Literal

import streamlit as st

from core.backend import Backend
from core.language.catalogue import Translate
from core.model.call import Call, CallState
from core.model.errors import CallNotFound
from core.ui.wording import CALL_STATES, ORIGIN_LABELS, ROLES, call_seconds, duration, spoken_language

REFRESH_S = 3.0
SHOWN_AT_FIRST = 8
_COLOURS: Mapping[CallState, Literal["orange", "green", "gray"]] = {
    CallState.WAITING: "orange",
    CallState.LIVE: "green",
    CallState.ENDED: "gray",
}


def running_calls(backend: Backend, calls: Sequence[Call], live_page: str, now: float, translate: Translate) -> None:
    """Draw the calls that wait or are live. Script thread."""
    _ = translate
    st.subheader(_("Running calls"), anchor=False)
    if not calls:
        st.caption(_("No call is running. Start the demo to see one, or start a call of your own."))
    for call in calls:
        _row(call, live_page, now, translate, last_words=_last_words(backend, call))


def ended_calls(calls: Sequence[Call], live_page: str, now: float, translate: Translate) -> None:
    """Draw the latest calls that have ended. Script thread."""
    _ = translate
    st.subheader(_("Recent calls"), anchor=False)
    if not calls:
        st.caption(_("Calls that have ended are kept and listed here."))
    for call in calls[:SHOWN_AT_FIRST]:
        _row(call, live_page, now, translate)
    if len(calls) > SHOWN_AT_FIRST:
        with st.expander(_("Older calls")):
            for call in calls[SHOWN_AT_FIRST:]:
                _row(call, live_page, now, translate)


def _row(call: Call, live_page: str, now: float, translate: Translate, last_words: str = "") -> None:
    _ = translate
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"call-{call.id}", gap="medium"):
        st.badge(_(CALL_STATES[call.state]), color=_COLOURS[call.state], width=90)
        st.html(f'<div class="es-row">{_description(call, now, translate, last_words)}</div>')
        label = _("Look at it") if call.state is CallState.ENDED else _("Open")
        st.page_link(
            live_page,
            label=label,
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={"call": call.id},
            width="content",
        )


def _description(call: Call, now: float, translate: Translate, last_words: str) -> str:
    _ = translate
    people = ", ".join(
        escape(p.name) + (f" ({_(ROLES[p.role])})" if p.name != _(ROLES[p.role]) else "") for p in call.participants
    )
    facts = [
        f"<b>{duration(call_seconds(call, now))}</b>",
        escape(spoken_language(call, translate)),
        *([_(ORIGIN_LABELS[call.origin])] if call.origin in ORIGIN_LABELS else []),
        escape(_started_at(call)),
    ]
    lines = [
        f"<div>{people or _('Nobody has joined yet')}</div>",
        f'<div class="es-meta">{" · ".join(facts)}</div>',
    ]
    if last_words:
        lines.append(f'<div class="es-last">{escape(last_words)}</div>')
    return "".join(lines)


def _started_at(call: Call) -> str:
    offset = st.context.timezone_offset or 0
    local = datetime.fromtimestamp(call.created_at, timezone(timedelta(minutes=-offset)))
    return f"{local:%Y-%m-%d %H:%M}"


def _last_words(backend: Backend, call: Call) -> str:
    try:
        utterances = backend.snapshot(call.id).utterances
    except CallNotFound:
        return ""
    return f"{utterances[-1].speaker}: {utterances[-1].text}" if utterances else ""
