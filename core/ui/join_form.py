"""The customer's side of a call: a name, START, mute, leave, and a word about the transcript."""

from contextlib import suppress

import streamlit as st

from core.guest import Guest
from core.language.catalogue import Translate
from core.model.call import CallState, LegState, Role
from core.model.errors import CallEnded, CallError
from core.ui.attachment import NAME, Attachment
from core.ui.browser_memory import browser_memory
from core.ui.join_notice import join_notice, stopping_notice
from core.ui.leg import MicrophoneConstraints, leg
from core.ui.page_errors import said_on_the_page
from core.ui.persona_join import persona_join
from core.ui.spoken_language import own_language
from core.ui.wording import ROLES


def join_form(guest: Guest, locale: str, translate: Translate) -> None:
    """Draw it. Script thread.

    Raises:
        CallEnded: the call is over, and this browser was not in it.
        CallNotFound: it was deleted.
    """
    _ = translate
    call = guest.call()
    seat = Attachment(guest, guest.call_id, guest.role, browser_memory())
    if call.persona is not None and guest.role is Role.CUSTOMER:
        persona_join(guest, call, seat, locale, translate)
        return
    if call.state is CallState.ENDED:
        if seat.participant(call) is None:
            raise CallEnded(call_id=call.id)
        st.success(_("The call has ended. You may close this page."))
        return
    st.title(_("Join the call"), anchor=False)
    left = f"left:{guest.call_id}"
    if st.session_state.get(left):
        st.success(_("You have left the call. You may close this page."))
        st.button(_("Join again"), key="join-again", on_click=st.session_state.pop, args=(left,))
        return
    participant = seat.participant(call)
    join_notice(guest.settings, locale, _)
    usual = _(ROLES[guest.role])
    name = st.text_input(
        _("Your name"),
        value=participant.name if participant else browser_memory().recall(NAME) or "",
        placeholder=usual,
        max_chars=40,
        key="join-name",
    )
    language = own_language(guest, call, participant, translate)
    view = leg(
        f"join:{guest.call_id}",
        lambda: seat.connect((name or "").strip() or usual, language),
        listen_only=not guest.role.speaks,
        constraints=MicrophoneConstraints.from_settings(guest.settings),
        translate=translate,
        ice=seat.ice,
    )
    call = guest.call()
    if view.playing:
        with said_on_the_page(translate):
            seat.follow_mute(call, view.muted)
    here = seat.participant(call)
    if view.playing or (here is not None and here.leg_state is LegState.CONNECTED):
        st.button(
            _("Leave the call"),
            icon=":material/call_end:",
            key="join-leave",
            width="stretch",
            on_click=_leave,
            args=(seat, left),
        )
    # Last, so that no button moves away under a finger when it appears.
    stopping_notice(guest, _)


def _leave(seat: Attachment, left: str) -> None:
    st.session_state[left] = True
    # A call that is over has been left already.
    with suppress(CallError):
        seat.leave()
