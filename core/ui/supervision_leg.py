"""A supervisor's seat in a call: one leg for all modes, from monitoring to taking over."""

from functools import partial

import streamlit as st

from core.calls.hearing import GONE
from core.desk import Desk
from core.language.catalogue import Translate, describe
from core.model.call import Call, CallId, ParticipantId, Role, SupervisionMode
from core.model.errors import EarshotError
from core.ui.attachment import Attachment
from core.ui.browser_memory import browser_memory
from core.ui.leg import MicrophoneConstraints, Supervision, leg
from core.ui.page_errors import said_on_the_page
from core.ui.session import desk as desk_now


def supervision_leg(desk: Desk, call: Call, translate: Translate, autostart: int = 0) -> None:
    """Draw the row of modes for a running call. Script thread, like `core.ui.leg.leg`.

    Args:
        desk: of whoever supervises.
        call: as it is now.
        translate: the reader's language.
        autostart: how often monitoring was asked for elsewhere on the page; see `core.ui.leg.leg`.
    """
    seat = Attachment(desk, call.id, Role.SUPERVISOR, browser_memory())
    participant = seat.participant(call)
    is_there = participant is not None and participant.leg_state not in GONE
    key = f"supervise:{call.id}"
    answer = _Answers(key)
    view = leg(
        key,
        lambda: seat.connect(desk.person.name),
        listen_only=not seat.has_microphone,
        constraints=MicrophoneConstraints.from_settings(desk.settings),
        translate=translate,
        autostart=autostart,
        ice=seat.ice,
        supervision=Supervision(
            mode=participant.mode if participant is not None and is_there else None,
            may_speak=seat.has_microphone,
            answered=answer.number,
            problem=answer.problem,
            choose=partial(_choose, key, call.id, translate),
            with_persona=call.persona is not None,
        ),
    )
    if view.playing and seat.has_microphone:
        with said_on_the_page(translate):
            seat.follow_mute(call, view.muted)


class _Answers:
    """The last request for a mode that was carried out or refused, in the session's state."""

    def __init__(self, key: str) -> None:
        self._key = f"{key}:answer"

    @property
    def number(self) -> int:
        return int(st.session_state.get(self._key, (0, ""))[0])

    @property
    def problem(self) -> str:
        return str(st.session_state.get(self._key, (0, ""))[1])

    def give(self, number: int, problem: str) -> None:
        st.session_state[self._key] = (number, problem)


def _choose(key: str, call_id: CallId, translate: Translate, mode: SupervisionMode, number: int) -> None:
    problem = ""
    try:
        desk = desk_now()
        seat = Attachment(desk, call_id, Role.SUPERVISOR, browser_memory())
        desk.supervise(call_id, seat.participant_id or ParticipantId(""), mode)
    except EarshotError as error:
        problem = describe(error, translate)
    _Answers(key).give(number, problem)
