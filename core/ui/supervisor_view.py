"""The Supervisor page: the running calls, worst first, and beside them the chosen one, to see, hear and step into.

The list is mounted once and fed by an event stream of its own (assets/supervision.js). It tells Python which call was
chosen, which makes the page run once; the address names that call, so a reload shows it again.
"""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate, describe
from core.model.access import Right
from core.model.call import CallId, CallOrigin, CallState
from core.model.errors import EarshotError
from core.ui.call_list import LIVE_PAGE
from core.ui.live_view import live_view
from core.ui.moment_link import live_page_address
from core.ui.persona_panel import persona_tools
from core.ui.reader import Reader
from core.ui.supervision_leg import supervision_leg
from core.ui.supervision_words import list_words
from core.ui.theme import ASSETS, current_theme
from core.ui.wording import ORIGIN_NOTES

CALL = "call"
"""Query parameter: the chosen call."""
LIST = "supervision-calls"
SCRIPTS = ("dom.js", "stream.js", "notices.js", "supervision.js")

_component = st.components.v2.component(
    "earshot_supervision",
    css=(ASSETS / "supervision.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
    isolate_styles=False,
)


def supervisor_page(desk: Desk, reader: Reader, correct: Callable[[CallId, str, str], None]) -> None:
    """Draw the page. Script thread. Raises AccessDenied.

    `correct` lets an utterance of a call read differently; called in the callback phase of a run.
    """
    desk.require(Right.LISTEN)
    chosen = CallId(st.query_params.get(CALL, ""))
    with st.container(key="supervision"):
        with st.container(key="supervision-list"):
            _list(desk, reader, chosen)
        if chosen:
            with st.container(key="supervision-call"):
                _call(desk, reader, chosen, correct)


def _list(desk: Desk, reader: Reader, chosen: CallId) -> None:
    query = urlencode({"token": desk.overviews_token(), "locale": reader.locale})
    _component(
        key=LIST,
        data={
            "selected": chosen or None,
            "locale": reader.locale,
            "stream": f"api/supervision/stream?{query}",
            "now": time.time(),
            "words": list_words(reader.translate),
        },
        on_open_change=_open,
    )


def _open() -> None:
    st.query_params[CALL] = str(st.session_state[LIST].get("open") or "")


def _close() -> None:
    del st.query_params[CALL]


def _call(desk: Desk, reader: Reader, call_id: CallId, correct: Callable[[CallId, str, str], None]) -> None:
    translate = reader.translate
    try:
        snapshot = desk.snapshot(call_id)
    except EarshotError as error:
        st.error(describe(error, translate), icon=":material/error:")
        return
    call = snapshot.call
    with st.container(horizontal=True, vertical_alignment="top", key=f"supervision-controls-{call_id}", gap="small"):
        if call.state is CallState.ENDED:
            st.caption(translate("This call has ended. What was said is kept."))
        elif call.origin is CallOrigin.SCRIPT:
            st.caption(translate(ORIGIN_NOTES[call.origin]))
        else:
            with st.container(key=f"supervision-leg-{call_id}"):
                supervision_leg(desk, call, translate)
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", width="content", key="supervision-ways-out"
        ):
            _ways_out(call_id, translate)
    view_token = desk.view_token(call_id)
    live_view(
        snapshot,
        view_token=view_token,
        locale=reader.locale,
        theme=current_theme(),
        public_page=live_page_address(desk.settings),
        moment=None,
        correct=(lambda utterance, text: correct(call_id, utterance, text)) if desk.may(Right.CORRECT) else None,
        translate=translate,
        insight_names=desk.insight_names(call.language, reader.locale),
        persona=persona_tools(desk, call, view_token),
    )


def _ways_out(call_id: CallId, translate: Translate) -> None:
    st.page_link(
        LIVE_PAGE,
        label=translate("Open the call's page"),
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params={"call": call_id},
        width="content",
    )
    st.button(
        translate("Close"),
        icon=":material/close:",
        help=translate("Back to the list of all calls. A call that you are in is left."),
        key=f"supervision-close-{call_id}",
        on_click=_close,
    )
