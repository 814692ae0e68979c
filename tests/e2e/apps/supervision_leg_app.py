"""A supervisor's leg alone, on a server that does at once what it is asked for, or refuses if the address says so."""

import os
from pathlib import Path

import streamlit as st

from core.calls.leg_port import LegPort
from core.language.catalogue import translator
from core.model.call import LegState, SupervisionMode
from core.ui.leg import MicrophoneConstraints, Supervision, leg
from tests.fakes.leg_port import EchoHouse


@st.cache_resource
def echo_house() -> EchoHouse:
    return EchoHouse(Path(os.environ["EARSHOT_DATA_DIR"]) / "legs.jsonl")


def connect() -> LegPort:
    port = echo_house().open()
    st.session_state["leg"] = port.leg_id
    st.session_state["mode"] = SupervisionMode.MONITOR
    return port


def choose(mode: SupervisionMode, number: int) -> None:
    refusal = st.query_params.get("refuse", "")
    st.session_state["answer"] = (number, refusal)
    if not refusal:
        st.session_state["mode"] = mode


st.set_page_config(page_title="Supervision", layout="wide")
st.button("Run again")
number, problem = st.session_state.get("answer", (0, ""))
state = echo_house().leg_state(st.session_state["leg"]) if "leg" in st.session_state else None
leg(
    "supervise",
    connect,
    listen_only=False,
    constraints=MicrophoneConstraints(),
    translate=translator(st.query_params.get("locale", "en")),
    supervision=Supervision(
        mode=st.session_state.get("mode") if state not in (None, LegState.CLOSED) else None,
        may_speak=True,
        answered=number,
        problem=problem,
        choose=choose,
    ),
)
st.code(f"mode={st.session_state.get('mode')}", language=None)
