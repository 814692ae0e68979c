"""The choice of what somebody in a call speaks: the call's language at first, changed at any time."""

import streamlit as st

from core.desk import Desk
from core.guest import Guest
from core.language.catalogue import Translate, describe
from core.model.call import PRESENT, Call, Language, LegState, Participant, ParticipantId
from core.model.errors import EarshotError
from core.ui.wording import LANGUAGE_BADGES, ROLES, SPOKEN_LANGUAGES

HERE = PRESENT | {LegState.LOST}


def own_language(guest: Guest, call: Call, participant: Participant | None, translate: Translate) -> Language:
    """Draw the choice of one's own language, and return it; before one has joined, too. Script thread."""
    _ = translate
    return _choice(
        guest,
        call,
        participant,
        label=_("The language you speak"),
        is_labelled=True,
        translate=translate,
    )


def languages_of_all(desk: Desk, call: Call, translate: Translate) -> None:
    """Draw a button that opens the languages of everybody in the call. Script thread."""
    _ = translate
    panel = st.popover(
        _("Languages"),
        icon=":material/translate:",
        help=_("What each participant speaks, and is written down in."),
        key=f"languages:{call.id}",
        on_change="rerun",
    )
    # What was drawn with the page may be old by now: somebody joined, or changed a language on the other side.
    if not panel.open:
        return
    with panel:
        speakers = [p for p in call.participants if p.role.speaks and p.leg_state in HERE]
        if not speakers:
            st.caption(_("Nobody has joined yet"))
        for participant in speakers:
            # A label is Markdown, and a name is whatever a guest wrote.
            st.text(participant.name)
            _choice(desk, call, participant, label=_(ROLES[participant.role]), is_labelled=False, translate=translate)


def _choice(
    desk: Desk | Guest,
    call: Call,
    participant: Participant | None,
    *,
    label: str,
    is_labelled: bool,
    translate: Translate,
) -> Language:
    spoken = (participant.language if participant is not None else None) or call.language
    key = f"language:{call.id}:{participant.id if participant is not None and isinstance(desk, Desk) else ''}"
    shown = f"{key}:shown"
    if st.session_state.get(shown) != spoken or key not in st.session_state:
        # The other side may have changed it, too: what the call says counts.
        st.session_state[shown] = st.session_state[key] = spoken
    chosen = st.selectbox(
        label,
        list(dict.fromkeys([call.language, *SPOKEN_LANGUAGES, spoken])),
        format_func=lambda tag: LANGUAGE_BADGES.get(tag, tag),
        label_visibility="visible" if is_labelled else "collapsed",
        key=key,
        on_change=_change,
        args=(desk, call, participant.id if participant is not None else None, key, translate),
    )
    return chosen or spoken


def _change(
    desk: Desk | Guest, call: Call, participant_id: ParticipantId | None, key: str, translate: Translate
) -> None:
    if participant_id is None:
        # It goes along with the seat when it is taken.
        return
    try:
        desk.set_language(call.id, participant_id, st.session_state[key])
    except EarshotError as error:
        # Not on the page itself: an element above a running leg would end it.
        st.toast(describe(error, translate), icon=":material/error:")
