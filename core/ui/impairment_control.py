"""The control that impairs one side of a voice demo, so that one sees what the dashboard makes of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate, describe, message
from core.model.call import Call, CallId, CallOrigin, Participant, ParticipantId
from core.model.errors import EarshotError
from core.model.impairment import CLEAN, Impairment, ImpairmentKind
from core.ui.page_errors import said_on_the_page
from core.ui.wording import ORIGIN_NOTES, ROLES

KINDS: Mapping[ImpairmentKind, tuple[str, str]] = {
    ImpairmentKind.LOSS: (message("Lossy network"), message("Packets get lost, each by chance.")),
    ImpairmentKind.JITTER: (message("Jittery network"), message("Packets come late, each by a chance time.")),
    ImpairmentKind.DRIFT: (
        message("Drifting clock"),
        message("Time stamps run faster than time. It takes half a minute to be measured."),
    ),
    ImpairmentKind.DEAD_MICROPHONE: (
        message("Dead microphone"),
        message("Packets go on, with nothing but silence in them."),
    ),
    ImpairmentKind.BLOCKED: (message("One way"), message("No sound gets out of this side; it hears the other.")),
}
"""What each kind is called, and what it does."""

STRENGTHS: Mapping[ImpairmentKind, tuple[Sequence[int], int, str]] = {
    ImpairmentKind.LOSS: ((1, 2, 3, 5, 8, 12, 20, 30), 8, message("{n} % of the packets")),
    ImpairmentKind.JITTER: ((20, 40, 60, 90, 120, 160, 200), 160, message("{n} ms late on average")),
    ImpairmentKind.DRIFT: ((15, 30, 60, 120, 240, 600), 120, message("{n} ms a minute")),
}
"""What can be chosen of each kind that has a strength, what is chosen at first, and how it reads."""

SIDE, KIND = "impaired_side", "impairment"
"""Keys of the choices; a kind's strength has the kind's own."""

IMPAIRABLE = (CallOrigin.DEMO, CallOrigin.DEMO_DIRECT)


def impairment_control(desk: Desk, call: Call, translate: Translate, open_desk: Callable[[], Desk]) -> None:
    """Draw the control of a running voice demo: which side, what, how strong; and what is in force. Script thread.

    `open_desk` makes the desk anew for what a button does at the next run.
    """
    _ = translate
    with st.popover(
        _("Impair this demo"),
        icon=":material/network_ping:",
        help=_("Disturb one of the voices on purpose, and see what the dashboard makes of it."),
    ):
        if call.origin is not CallOrigin.DEMO:
            st.write(_(ORIGIN_NOTES[CallOrigin.DEMO_DIRECT]))
            st.write(_("There is no network between the voices that could be impaired."))
            return
        with said_on_the_page(translate):
            _choices(desk, call, translate, open_desk)


def _choices(desk: Desk, call: Call, translate: Translate, open_desk: Callable[[], Desk]) -> None:
    _ = translate
    in_force = desk.impairments(call.id)
    voices = [participant for participant in call.participants if participant.id in in_force]
    if not voices:
        return
    impaired = [voice for voice in voices if in_force[voice.id].kinds]
    # Each part keeps its place, or a browser shows the buttons twice while the page runs.
    if impaired:
        lines = [_in_words(voice, in_force[voice.id], translate) for voice in impaired]
        st.warning("  \n".join(lines), icon=":material/warning:")
    else:
        st.caption(_("Both sides are clean."))
    st.segmented_control(
        _("Side"),
        options=[voice.id for voice in voices],
        default=voices[-1].id,
        format_func=lambda chosen: next(_side(voice, translate) for voice in voices if voice.id == chosen),
        required=True,
        key=_key(SIDE, call.id),
    )
    kind = st.radio(
        _("What happens to it"),
        options=list(KINDS),
        format_func=lambda chosen: _(KINDS[chosen][0]),
        captions=[_(caption) for __, caption in KINDS.values()],
        key=_key(KIND, call.id),
    )
    with st.container():
        if kind in STRENGTHS:
            options, usual, reading = STRENGTHS[kind]
            st.select_slider(
                _("How strongly"),
                options=options,
                value=usual,
                format_func=lambda n: _(reading).format(n=n),
                key=_key(kind.value, call.id),
            )
    with st.container(horizontal=True):
        st.button(
            _("Impair"),
            type="primary",
            key=_key("impair", call.id),
            on_click=_impair,
            args=(open_desk, call.id, translate),
        )
        st.button(
            _("Clean again"),
            disabled=not impaired,
            key=_key("impair_no_more", call.id),
            on_click=_apply,
            args=(open_desk, call.id, tuple(in_force), CLEAN, translate),
        )


def _impair(open_desk: Callable[[], Desk], call_id: CallId, translate: Translate) -> None:
    # What is chosen now: the page may not have run since.
    chosen = st.session_state
    kind = ImpairmentKind(chosen[_key(KIND, call_id)])
    strength: Any = True
    if kind in STRENGTHS:
        strength = chosen.get(_key(kind.value, call_id), STRENGTHS[kind][1])
    _apply(open_desk, call_id, (chosen[_key(SIDE, call_id)],), Impairment(**{kind.value: strength}), translate)


def _apply(
    open_desk: Callable[[], Desk],
    call_id: CallId,
    sides: Sequence[ParticipantId],
    impairment: Impairment,
    translate: Translate,
) -> None:
    try:
        for side in sides:
            open_desk().impair(call_id, side, impairment)
    except EarshotError as error:
        # Not on the page itself: an element above a running leg would end it.
        st.toast(describe(error, translate), icon=":material/error:")


def _side(voice: Participant, translate: Translate) -> str:
    return f"{voice.name} ({translate(ROLES[voice.role])})"


def _in_words(voice: Participant, impairment: Impairment, translate: Translate) -> str:
    """What is done to a voice, such as `Chris (Customer): Lossy network, 8 % of the packets`."""
    _ = translate
    parts = []
    for kind in impairment.kinds:
        strength = impairment.strength(kind)
        reading = "" if strength is None else ", " + _(STRENGTHS[kind][2]).format(n=f"{strength:g}")
        parts.append(_(KINDS[kind][0]) + reading)
    return f"{_side(voice, translate)}: {'; '.join(parts)}"


def _key(name: str, call_id: CallId) -> str:
    return f"{name}:{call_id}"
