"""The event log of a call's persona: what Earshot and the provider have sent each other.

The list is mounted once and asks for what is new by itself (assets/persona_events.js), so that nothing of the page runs
again while one reads.
"""

from urllib.parse import quote, urlencode

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate
from core.model.access import Right
from core.model.call import Call, CallState
from core.persona.event_log import KEPT
from core.ui.call_list import LIVE_PAGE
from core.ui.reader import Reader
from core.ui.theme import ASSETS

SCRIPTS = ("dom.js", "persona_events.js")

_component = st.components.v2.component(
    "earshot_persona_events",
    css=(ASSETS / "persona_events.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
    isolate_styles=False,
)


def persona_events_page(desk: Desk, call: Call, reader: Reader) -> None:
    """Draw the page. Script thread. Raises AccessDenied."""
    _ = reader.translate
    desk.require(Right.SEE_ALL_CALLS, call.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(_("Event log"), anchor=False, width="stretch")
        st.page_link(
            LIVE_PAGE,
            label=_("Open the call's page"),
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params={"call": call.id},
            width="content",
        )
        if call.persona is not None and call.state is not CallState.ENDED and desk.may(Right.EXPORT):
            st.link_button(
                _("Download"),
                f"api/calls/{quote(call.id)}/persona/events",
                icon=":material/download:",
                help=_("All events that are kept, one JSON object a line."),
            )
    if call.persona is None:
        st.info(_("No AI persona takes part in this call, so there are no events."), icon=":material/info:")
        return
    st.caption(
        _(
            "What Earshot and the provider of {name} have sent each other, without the sound. It is kept in memory "
            "while the call goes on, and nowhere else."
        ).format(name=call.persona.name)
    )
    _component(
        key=f"persona-events-{call.id}",
        data={
            "call_id": call.id,
            "locale": reader.locale,
            "kept": KEPT,
            "log": f"api/calls/{quote(call.id)}/persona/log?{urlencode({'token': desk.view_token(call.id)})}",
            "words": persona_events_words(_, reader.number(KEPT)),
        },
    )


def persona_events_words(translate: Translate, kept: str) -> dict[str, object]:
    """The words that assets/persona_events.js shows; `kept` is how many events are kept at most."""
    _ = translate
    return {
        "log": _("Events, newest first"),
        "loading": _("Loading the events…"),
        "offline": _("The server cannot be reached. The events are asked for again in a moment."),
        "failed": _("The events could not be read. Reload the page."),
        "search": _("Search in the events"),
        "direction": _("Direction"),
        "both": _("Both directions"),
        "directions": {"sent": _("Sent to the provider"), "received": _("Received from the provider")},
        "types": _("All types"),
        "types_chosen": _("Types: {count}"),
        "connection": _("Connection"),
        "all_connections": _("All connections"),
        "connection_number": _("Connection {number}"),
        "connection_short": _("conn. {number}"),
        "clear": _("Show all"),
        "pause": _("Pause"),
        "resume": _("Go on"),
        "count": _("Events: {all}"),
        "count_filtered": _("{shown} of {all}"),
        "more": _("Show older ones: {count}"),
        "sound": _("{seconds} s of sound, events: {times}"),
        "no_type": _("(no type)"),
        "none_fits": _("No event fits."),
        "none_yet": _("Nothing has been sent yet. Events appear here as soon as the session opens."),
        "none_kept": _("Nothing is kept of the events of this call: they are in memory only while a call goes on."),
        "bound": _("The last {count} events are kept; older ones make room.").format(count=kept),
        "lost": _("Only the last {kept} events are kept. Older ones that are gone: {count}.").replace("{kept}", kept),
    }
