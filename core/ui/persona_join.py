"""The customer's side of a call with a persona, for whoever comes by link."""

from collections.abc import Callable
from contextlib import suppress
from html import escape

import streamlit as st

from core.guest import Guest
from core.language.catalogue import Translate
from core.model.call import Call, CallState
from core.model.errors import CallEnded, CallError
from core.ui.attachment import NAME, Attachment
from core.ui.browser_memory import browser_memory
from core.ui.join_notice import join_notice, stopping_notice
from core.ui.leg import MicrophoneConstraints, leg
from core.ui.page_errors import said_on_the_page
from core.ui.persona_talk import persona_talk
from core.ui.wording import ROLES


def persona_join(guest: Guest, call: Call, seat: Attachment, locale: str, translate: Translate) -> None:
    """Draw it. Script thread. Raises CallEnded: the call is over, and this browser was not in it."""
    _ = translate
    assert call.persona is not None
    is_over = call.state is CallState.ENDED
    if is_over and seat.participant(call) is None:
        raise CallEnded(call_id=call.id)
    st.html(f'<h1 class="es-persona-name">{escape(call.persona.name)}</h1>')
    left = f"left:{call.id}"
    # As many elements in every state: what stands below keeps its place, and what is being written in it.
    with st.container(key="persona-leg"):
        if is_over:
            st.success(_("The call has ended. You may close this page."))
        elif st.session_state.get(left):
            st.success(_("You have left the call. You may close this page."))
            st.button(_("Join again"), key="join-again", on_click=st.session_state.pop, args=(left,))
        else:
            _place(guest, call, seat, locale, translate)
    here = seat.participant(guest.call())
    persona_talk(
        call,
        view_token=guest.view_token(here.id) if here is not None else "",
        talk_token=st.query_params.get("t", ""),
        end=_leaver(seat, left),
        end_tip=_("Leaves the conversation."),
        locale=locale,
        translate=translate,
        has_left=bool(st.session_state.get(left)),
    )
    if not is_over:
        stopping_notice(guest, _)


def _place(guest: Guest, call: Call, seat: Attachment, locale: str, translate: Translate) -> None:
    _ = translate
    join_notice(guest.settings, locale, _)
    participant = seat.participant(call)
    usual = _(ROLES[guest.role])
    name = st.text_input(
        _("Your name"),
        value=participant.name if participant else browser_memory().recall(NAME) or "",
        placeholder=_("Your name"),
        label_visibility="collapsed",
        max_chars=40,
        key="join-name",
    )
    view = leg(
        f"join:{call.id}",
        lambda: seat.connect((name or "").strip() or usual),
        listen_only=False,
        constraints=MicrophoneConstraints.from_settings(guest.settings),
        translate=translate,
        ice=seat.ice,
    )
    if view.playing:
        with said_on_the_page(translate):
            seat.follow_mute(guest.call(), view.muted)


def _leaver(seat: Attachment, left: str) -> Callable[[], None]:
    def leave() -> None:
        st.session_state[left] = True
        # A call that is over has been left already.
        with suppress(CallError):
            seat.leave()

    return leave
