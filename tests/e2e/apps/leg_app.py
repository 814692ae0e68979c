"""A page with one leg and two panels that refresh all the time, to try the leg widget on."""

import os
import time
from pathlib import Path

import streamlit as st

from core.language.catalogue import translator
from core.model.errors import CallEnded, MediaProcessDown
from core.ui.leg import MicrophoneConstraints, leg
from tests.fakes.leg_port import EchoHouse

REFUSALS = {"ended": CallEnded(call_id="c-1"), "down": MediaProcessDown()}


@st.cache_resource
def echo_house() -> EchoHouse:
    return EchoHouse(Path(os.environ["EARSHOT_DATA_DIR"]) / "legs.jsonl")


def call_page() -> None:
    query = st.query_params
    house = echo_house()
    # A file that the test writes lets it act on the server in mid-call.
    order = Path(os.environ["EARSHOT_DATA_DIR"]) / "order"
    hold = Path(os.environ["EARSHOT_DATA_DIR"]) / "hold"

    @st.fragment(run_every=0.5 if query.get("refresh") else None)
    def ticking() -> None:
        ticks = st.session_state["ticks"] = st.session_state.get("ticks", 0) + 1
        st.caption(f"ticks {ticks}")
        if order.exists():
            word = order.read_text()
            order.unlink()
            house.refusal = REFUSALS.get(word)
            if word in ("lose", "close"):
                house.end_all(on_purpose=word == "close")

    @st.fragment(run_every=0.5 if query.get("refresh") else None)
    def drawing() -> None:
        st.bar_chart({"y": [st.session_state.get("ticks", 0) % 7, 3, 1]}, height=120)

    st.page_link(OTHER, label="Leave")
    st.button("Run again")
    runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.caption(f"runs {runs}")
    if st.button("Change what stands above the leg"):
        st.session_state["above"] = not st.session_state.get("above", False)
    if st.session_state.get("above"):
        st.info("Something new above the leg")
    if not query.get("hide") and not st.checkbox("Without the leg"):
        starts = count("Begin elsewhere") + int(query.get("autostart", 0))
        others = count("Another leg")
        view = leg(
            f"test{others or ''}",
            house.open,
            listen_only=bool(query.get("listen")),
            constraints=MicrophoneConstraints(),
            translate=translator(query.get("locale", "en")),
            autostart=starts + (others if query.get("other") else 0),
        )
        st.code(f"playing={view.playing} state={view.state} muted={view.muted} leg={view.leg_id}", language=None)
    # Each in a container of its own: what an interrupted run takes away must not move what comes after it.
    with st.container():
        ticking()
    with st.container():
        drawing()
    # As long as a run goes on, what it has not drawn again stays on the page.
    while hold.exists():
        time.sleep(0.05)


def count(label: str) -> int:
    """How often a button was pressed."""
    st.session_state[label] = st.session_state.get(label, 0) + st.button(label)
    return int(st.session_state[label])


def other_page() -> None:
    st.page_link(CALL, label="Back")


st.set_page_config(page_title="Leg", layout="wide")
CALL = st.Page(call_page, title="Call", default=True)
OTHER = st.Page(other_page, title="Other", url_path="other")
st.navigation([CALL, OTHER], position="hidden").run()
