"""Talking with a persona from a desk: whoever is signed in sits in the customer's place."""

from collections.abc import Callable
from functools import partial
from html import escape

import streamlit as st

from core.desk import Desk
from core.language.catalogue import describe
from core.model.call import Call, CallId, CallState, Role
from core.model.errors import CallEnded, EarshotError
from core.ui.attachment import Attachment
from core.ui.browser_memory import browser_memory
from core.ui.call_list import LIVE_PAGE
from core.ui.join_link import copy_button, join_address, join_token
from core.ui.leg import MicrophoneConstraints, leg
from core.ui.page_errors import said_on_the_page
from core.ui.persona_talk import persona_talk
from core.ui.persona_words import REHEARSAL, REHEARSAL_TIP
from core.ui.reader import Reader


def persona_seat(desk: Desk, call: Call, reader: Reader, open_desk: Callable[[], Desk], autostart: bool) -> None:
    """Draw the seat in a call with a persona. Script thread.

    Args:
        desk: Of whoever talks.
        call: As it is now; it has a persona.
        reader: Whoever reads.
        open_desk: Makes the desk anew for what a part of the page does later.
        autostart: Press START by itself, when the seat appears.
    """
    _ = reader.translate
    assert call.persona is not None
    is_over = call.state is CallState.ENDED
    with st.container(horizontal=True, vertical_alignment="center", key="persona-head", gap="small"):
        st.html(f'<h1 class="es-persona-name">{escape(call.persona.name)}</h1>', width="content")
        if call.persona.is_rehearsal:
            st.badge(_(REHEARSAL), color="orange", icon=":material/theater_comedy:", help=_(REHEARSAL_TIP))
        st.space("stretch")
        if is_over:
            st.page_link(
                LIVE_PAGE, label=_("Open the call's page"), icon=":material/article:", query_params={"call": call.id}
            )
            st.button(_("Talk anew"), icon=":material/arrow_back:", key="talk-anew", on_click=st.query_params.clear)
        else:
            copy_button(join_address(join_token(desk, call.id), st.context.url, desk.settings.public_url), _)
    # What comes and goes with the end of the call stays in a place of its own: the view below keeps its.
    with st.container(key="persona-leg"):
        if is_over:
            st.caption(_("What was said is kept."))
        else:
            _leg(desk, call, reader, autostart)
    token = desk.view_token(call.id)
    persona_talk(
        call,
        view_token=token,
        talk_token=token,
        end=partial(_end, call.id, reader, open_desk),
        end_tip=_("Ends the call for everybody in it. What was said is kept."),
        locale=reader.locale,
        translate=_,
    )


def _leg(desk: Desk, call: Call, reader: Reader, autostart: bool) -> None:
    seat = Attachment(desk, call.id, Role.CUSTOMER, browser_memory())
    view = leg(
        f"persona:{call.id}",
        lambda: seat.connect(desk.person.name),
        listen_only=False,
        constraints=MicrophoneConstraints.from_settings(desk.settings),
        translate=reader.translate,
        autostart=autostart,
        ice=seat.ice,
    )
    if view.playing:
        with said_on_the_page(reader.translate):
            seat.follow_mute(call, view.muted)


def _end(call_id: CallId, reader: Reader, open_desk: Callable[[], Desk]) -> None:
    try:
        open_desk().end_call(call_id)
    except CallEnded:
        return
    except EarshotError as error:
        # Not on the page itself: an element above a running leg would end it.
        st.toast(describe(error, reader.translate), icon=":material/error:")
