"""Lists of calls: those that run, with their last words, those that have ended, and those that a search has found."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

import streamlit as st

from core.desk import Desk
from core.language.formats import duration
from core.model.archive import FoundCall
from core.model.call import Call, CallId, CallOrigin, CallState, Role
from core.model.cost import Cost
from core.model.errors import CallNotFound
from core.model.persona import PersonaState
from core.ui.latency_words import cost_words
from core.ui.persona_panel_words import PERSONA_STATES
from core.ui.persona_words import REHEARSAL, REHEARSAL_TIP
from core.ui.reader import Reader
from core.ui.wording import CALL_STATES, ORIGIN_LABELS, ROLES, call_seconds, spoken_language

REFRESH_S = 3.0
RECENT_CALLS = 6
LIVE_PAGE = "live.py"
CALLS_PAGE = "calls.py"
IMPORTED_PAGE = "imported.py"
QUALITY_PAGE = "quality.py"
PERSONA_PAGE = "persona.py"
PERSONA_TROUBLE = (PersonaState.ENDED, PersonaState.RECONNECTING)
"""States in which a running call has lost its persona, for good or for now."""
MOMENT = "t"
"""Query parameter of the live page: the moment to show, in seconds on the call's clock."""
_COLOURS: Mapping[CallState, Literal["orange", "green", "gray"]] = {
    CallState.WAITING: "orange",
    CallState.LIVE: "green",
    CallState.ENDED: "gray",
}


def running_calls(desk: Desk, calls: Sequence[Call], now: float, reader: Reader) -> None:
    """Draw the calls that wait or are live. Script thread."""
    _ = reader.translate
    st.subheader(_("Running calls"), anchor=False)
    if not calls:
        st.caption(_("No call is running. Start the demo to see one, or start a call of your own."))
    glances = [(call, *_glance(desk, call)) for call in calls]
    # Whose persona is gone needs somebody; otherwise the order is that of the server.
    for call, last_words, state in sorted(glances, key=lambda each: each[2] not in PERSONA_TROUBLE):
        trouble = _(PERSONA_STATES[state]) if state in PERSONA_TROUBLE else ""
        _row(FoundCall(call), now, reader, last_words=last_words, trouble=trouble)


def recent_calls(found: Sequence[FoundCall], now: float, reader: Reader) -> None:
    """Draw the latest calls that have ended, and the way to all of them. Script thread."""
    _ = reader.translate
    st.subheader(_("Recent calls"), anchor=False)
    if not found:
        st.caption(_("Calls that have ended are kept and listed here."))
        return
    found_calls(found, "", now, reader)
    st.page_link(CALLS_PAGE, label=_("All calls"), icon=":material/search:", width="content")


def found_calls(
    found: Sequence[FoundCall], said: str, now: float, reader: Reader, costs: Mapping[CallId, Cost] | None = None
) -> None:
    """Draw calls with their summaries and, where words were searched for, what was said with the words marked."""
    for each in found:
        cost = (costs or {}).get(each.call.id)
        _row(each, now, reader, said=said, cost=cost_words(cost, reader) if cost else "")


def _row(
    found: FoundCall,
    now: float,
    reader: Reader,
    said: str = "",
    last_words: str = "",
    cost: str = "",
    trouble: str = "",
) -> None:
    _, call = reader.translate, found.call
    moment = {} if found.quote_at_s is None else {MOMENT: f"{found.quote_at_s:.1f}"}
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"call-{call.id}", gap="medium"):
        st.badge(_(CALL_STATES[call.state]), color=_COLOURS[call.state], width=90)
        st.html(f'<div class="es-row">{_description(found, now, reader, said, last_words, cost)}</div>')
        if call.persona is not None:
            st.badge(
                _(REHEARSAL) if call.persona.is_rehearsal else _(ROLES[Role.PERSONA]),
                color="orange" if call.persona.is_rehearsal else "violet",
                icon=":material/record_voice_over:",
                help=_(REHEARSAL_TIP) if call.persona.is_rehearsal else _("An AI persona talks in the agent's place."),
            )
        if trouble:
            st.badge(trouble, color="red", icon=":material/warning:")
        if call.origin is not CallOrigin.SCRIPT:
            st.page_link(
                QUALITY_PAGE,
                label=_("Quality"),
                icon=":material/monitoring:",
                query_params={"call": call.id, **moment},
                width="content",
            )
        st.page_link(
            LIVE_PAGE,
            label=_("Look at it") if call.state is CallState.ENDED else _("Open"),
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={"call": call.id, **moment},
            width="content",
        )


def _description(found: FoundCall, now: float, reader: Reader, said: str, last_words: str, cost: str) -> str:
    _, call = reader.translate, found.call
    people = ", ".join(
        escape(p.name) + (f" ({_(ROLES[p.role])})" if p.name != _(ROLES[p.role]) else "") for p in call.participants
    )
    facts = [
        f"<b>{duration(call_seconds(call, now))}</b>",
        escape(spoken_language(call, _)),
        *([_(ORIGIN_LABELS[call.origin])] if call.origin in ORIGIN_LABELS else []),
        escape(reader.moment(call.created_at, now)),
        *([escape(cost)] if cost else []),
    ]
    lines = [
        f"<div>{people or _('Nobody has joined yet')}</div>",
        f'<div class="es-meta">{" · ".join(facts)}</div>',
    ]
    if found.summary:
        lines.append(f'<div class="es-about">{escape(found.summary)}</div>')
    if found.quote:
        lines.append(f'<div class="es-quote">“{marked(found.quote, said.split())}”</div>')
    if last_words:
        lines.append(f'<div class="es-last">{escape(last_words)}</div>')
    return "".join(lines)


def marked(text: str, words: Sequence[str]) -> str:
    """A text as HTML in which every occurrence of the words is marked."""
    if not words:
        return escape(text)
    # Split by a group, every second part is one of the words.
    parts = re.split(f"({'|'.join(map(re.escape, words))})", text, flags=re.IGNORECASE)
    return "".join(f"<mark>{escape(part)}</mark>" if index % 2 else escape(part) for index, part in enumerate(parts))


def _glance(desk: Desk, call: Call) -> tuple[str, PersonaState | None]:
    """The last words of a running call, and what its persona is doing."""
    try:
        picture = desk.snapshot(call.id)
    except CallNotFound:
        return "", None
    state = picture.persona.status.state if picture.persona is not None else None
    last = picture.utterances[-1] if picture.utterances else None
    return (f"{last.speaker}: {last.text}" if last else ""), state
