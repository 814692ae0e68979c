"""The Doctor's component: assets/doctor.js draws every check, runs the browser's own, and asks the server for its."""

import streamlit as st

from core.desk import Desk
from core.model.access import Right
from core.ui.doctor_words import doctor_words
from core.ui.leg import MicrophoneConstraints
from core.ui.reader import Reader
from core.ui.theme import ASSETS

SCRIPTS = ("dom.js", "doctor_checks.js", "doctor_trial.js", "doctor.js")
"""Joined in this order to the component's one module."""

_component = st.components.v2.component(
    "earshot_doctor",
    css=(ASSETS / "doctor.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
)


def doctor_view(desk: Desk, who: Reader) -> None:
    """Mount it. Script thread; a rerun leaves what is drawn as it is."""
    _component(
        key=f"doctor-{who.locale}",
        data={
            "token": desk.doctor_token(),
            "locale": who.locale,
            "may_talk": desk.may(Right.TALK),
            "may_see_server": desk.may(Right.SEE_SERVER),
            "constraints": MicrophoneConstraints.from_settings(desk.settings).as_track_constraints(),
            "words": doctor_words(who.translate),
        },
    )
