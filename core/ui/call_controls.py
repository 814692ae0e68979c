"""The live page's controls: take part or listen, invite the customer, end the call. They go when the call has ended."""

from collections.abc import Callable
from enum import StrEnum
from urllib.parse import urlencode

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate
from core.model.access import Right
from core.model.call import Call, CallId, CallOrigin, CallState, Role
from core.ui.attachment import NAME, Attachment
from core.ui.browser_memory import browser_memory
from core.ui.call_list import PERSONA_PAGE, QUALITY_PAGE
from core.ui.impairment_control import IMPAIRABLE, impairment_control
from core.ui.join_link import copy_button, join_address, join_token
from core.ui.leg import MicrophoneConstraints, leg
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader
from core.ui.review import review_controls
from core.ui.spoken_language import languages_of_all
from core.ui.supervision_leg import supervision_leg
from core.ui.turn_figures import turn_figures
from core.ui.wording import ORIGIN_NOTES, ROLES
from core.ui.wrap_up_form import wrap_up_button


class Part(StrEnum):
    """How this browser takes part in the call."""

    TALK = "talk"
    LISTEN = "listen"
    WATCH = "watch"
    """Without sound."""


def call_controls(desk: Desk, call: Call, reader: Reader, open_desk: Callable[[], Desk]) -> None:
    """Draw the row of controls: of taking part while the call goes on, and of its record. Script thread.

    `open_desk` makes the desk anew for what a part of the page does by itself later.
    """
    translate = reader.translate
    if call.state is CallState.ENDED:
        with st.container(horizontal=True, vertical_alignment="center", key="call-controls", gap="small"):
            with said_on_the_page(translate):
                wrap_up_button(open_desk, call, reader)
            review_controls(desk, call, reader)
            if call.origin is not CallOrigin.SCRIPT:
                st.page_link(
                    QUALITY_PAGE,
                    label=translate("Quality"),
                    icon=":material/monitoring:",
                    query_params={"call": call.id},
                    width="content",
                )
            turn_figures(desk, call, reader)
        return
    part = _part(desk, call)
    with st.container(horizontal=True, vertical_alignment="top", key="call-controls", gap="small"):
        if part is Part.TALK:
            _talk(desk, call, translate)
        elif part is Part.LISTEN:
            _listen(desk, call, translate)
        elif call.origin in ORIGIN_NOTES:
            st.caption(translate(ORIGIN_NOTES[call.origin]))
        _choices(desk, call, part, translate)
        if call.origin in IMPAIRABLE and desk.may(Right.DEMO):
            impairment_control(desk, call, translate, open_desk)
        if call.origin is CallOrigin.BROWSER and desk.may(Right.TALK):
            copy_button(join_address(join_token(desk, call.id), st.context.url, desk.settings.public_url), translate)
        if call.origin is CallOrigin.BROWSER and desk.may(Right.CORRECT):
            languages_of_all(desk, call, translate)
        review_controls(desk, call, reader)
        if call.origin is not CallOrigin.SCRIPT:
            # In a tab of its own: leaving this page would end the leg that it shows.
            st.link_button(
                translate("Quality"),
                f"quality?{urlencode({'call': call.id})}",
                icon=":material/monitoring:",
                help=translate("All figures of this call on one time axis, in a new tab."),
            )
        if desk.may(Right.TALK) or call.created_by == desk.person.id:
            _end(desk, call, translate)


def _part(desk: Desk, call: Call) -> Part:
    """What the reader chose; otherwise a call between people is for talking, any other for watching."""
    usual = Part.TALK if _has_agents_seat(call) and desk.may(Right.TALK) else Part.WATCH
    return Part(st.session_state.get(_key("part", call.id), usual))


def _has_agents_seat(call: Call) -> bool:
    """Whether an agent talks in it: in the agent's place may be a persona, or a recording."""
    return call.origin is CallOrigin.BROWSER and call.persona is None


def _talk(desk: Desk, call: Call, translate: Translate) -> None:
    _ = translate
    seat = Attachment(desk, call.id, Role.AGENT, browser_memory())
    participant = seat.participant(call)
    usual = participant.name if participant else browser_memory().recall(NAME) or _(ROLES[Role.AGENT])
    name = st.text_input(
        _("Your name"),
        value=usual,
        max_chars=40,
        key=_key("name", call.id),
        label_visibility="collapsed",
        placeholder=_("Your name"),
        help=_("How the others see you in this call."),
        width=170,
    )
    with st.container(key="talk-leg"):
        view = leg(
            _key("talk", call.id),
            lambda: seat.connect((name or "").strip() or _(ROLES[Role.AGENT])),
            listen_only=False,
            constraints=MicrophoneConstraints.from_settings(desk.settings),
            translate=translate,
            autostart=_starts(call.id),
            ice=seat.ice,
        )
    if view.playing:
        with said_on_the_page(translate):
            seat.follow_mute(call, view.muted)
    if participant is not None and not view.playing:
        st.button(
            _("Reattach as {name}").format(name=participant.name),
            type="primary",
            icon=":material/settings_backup_restore:",
            help=_("You were in this call. Take your place in it again."),
            key=_key("reattach", call.id),
            on_click=_choose,
            args=(call.id, Part.TALK),
        )


def _listen(desk: Desk, call: Call, translate: Translate) -> None:
    with st.container(key="listen-leg"):
        supervision_leg(desk, call, translate, autostart=_starts(call.id))


def _choices(desk: Desk, call: Call, part: Part, translate: Translate) -> None:
    _ = translate
    if part is not Part.LISTEN and call.origin is not CallOrigin.SCRIPT and desk.may(Right.LISTEN):
        st.button(
            _("Listen"),
            icon=":material/headphones:",
            help=_("Hear both sides. Nobody hears you, and no microphone is needed."),
            type="primary" if part is Part.WATCH else "secondary",
            key=_key("to_listen", call.id),
            on_click=_choose,
            args=(call.id, Part.LISTEN),
        )
    if call.persona is not None and call.created_by == desk.person.id:
        st.page_link(
            PERSONA_PAGE,
            label=_("Back to the conversation"),
            icon=":material/record_voice_over:",
            help=_("You talk with the persona on a page of its own."),
            query_params={"call": call.id},
            width="content",
        )
    if part is not Part.TALK and _has_agents_seat(call) and desk.may(Right.TALK):
        st.button(
            _("Talk"),
            icon=":material/mic:",
            key=_key("to_talk", call.id),
            on_click=_choose,
            args=(call.id, Part.TALK),
        )


def _choose(call_id: CallId, part: Part) -> None:
    st.session_state[_key("part", call_id)] = part.value
    st.session_state[_key("starts", call_id)] = _starts(call_id) + 1


def _starts(call_id: CallId) -> int:
    """How often the reader pressed a button that stands for the leg's own START."""
    return int(st.session_state.get(_key("starts", call_id), 0))


def _end(desk: Desk, call: Call, translate: Translate) -> None:
    _ = translate
    with st.popover(_("End call"), icon=":material/call_end:"):
        st.write(_("The call ends for everybody in it. What was said is kept."))
        if st.button(_("End it now"), type="primary", key=_key("end", call.id)):
            with said_on_the_page(translate):
                desk.end_call(call.id)
                st.toast(_("The call is being ended."))


def _key(name: str, call_id: CallId) -> str:
    return f"{name}:{call_id}"
