"""A page with a leg that nobody can connect, for AppTest."""

import streamlit as st

from core.calls.leg_port import LegPort
from core.language.catalogue import translator
from core.model.errors import LegNotFound
from core.ui.leg import MicrophoneConstraints, leg


def refuse() -> LegPort:
    raise LegNotFound(leg_id="none")


view = leg("page", refuse, listen_only=False, constraints=MicrophoneConstraints(), translate=translator("ko"))
st.write(f"playing {view.playing} {view.state} {view.error} {view.muted}")
