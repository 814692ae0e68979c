"""The leg widget: START and STOP, mute, level, choice of microphone, and the connection's state in words.

Three pieces make it one: streamlit-webrtc's frame holds the button and the browser's peer connection; the panel beside
it (assets/leg_panel.js) wraps that connection before START can be pressed and is all that the reader sees else; and
`core.ui.compat` ties the signalling to a leg port. A rerun of the page changes none of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

import streamlit as st

from core.calls.leg_port import LegPort
from core.language.catalogue import Translate, describe
from core.media.ice import OWN_ADDRESSES, IceConfiguration
from core.model.call import LegId, LegState, SupervisionMode
from core.model.errors import EarshotError
from core.settings import Settings
from core.ui.compat import browser_side
from core.ui.leg_words import leg_problems, leg_words
from core.ui.supervision_words import leg_problems_of_supervision, mode_words
from core.ui.theme import ASSETS

SCRIPTS = (
    "dom.js",
    "connections.js",
    "probe.js",
    "microphone.js",
    "microphone_controls.js",
    "supervision_modes.js",
    "ice_trouble.js",
    "retries.js",
    "leg_panel.js",
)
"""Joined in this order to the panel's one module."""
STYLES = ("leg_panel.css", "supervision_modes.css")

_panel = st.components.v2.component(
    "earshot_leg_panel",
    css="\n".join((ASSETS / name).read_text() for name in STYLES),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
)


@dataclass(frozen=True, slots=True)
class MicrophoneConstraints:
    """What the browser is asked for, made for speech; the reader can change the first three in the panel."""

    echo_cancellation: bool = True
    noise_suppression: bool = False
    """Off: it makes voices robotic and speech harder to recognise."""
    auto_gain_control: bool = True
    sample_rate_hz: int = 48_000
    channels: int = 1
    latency_s: float = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The constraints that the server's owner decided on."""
        return cls(
            echo_cancellation=settings.echo_cancellation,
            noise_suppression=settings.noise_suppression,
            auto_gain_control=settings.auto_gain_control,
        )

    def as_track_constraints(self) -> dict[str, object]:
        """The same as `MediaTrackConstraints` (W3C Media Capture and Streams); plain values are wishes, not demands."""
        return {
            "echoCancellation": self.echo_cancellation,
            "noiseSuppression": self.noise_suppression,
            "autoGainControl": self.auto_gain_control,
            "sampleRate": self.sample_rate_hz,
            "channelCount": self.channels,
            "latency": self.latency_s,
        }


@dataclass(frozen=True, slots=True)
class Supervision:
    """A row of modes in the place of START and STOP; only a mode that is heard asks the browser for a microphone."""

    mode: SupervisionMode | None
    """In which mode the reader is in the call, as the server knows it; None for somebody who is not there."""
    may_speak: bool
    """Whether modes are offered in which others hear the reader."""
    answered: int
    """The number of the last request for a mode that was dealt with, 0 at first."""
    problem: str
    """Why that request was refused, in the reader's language; empty for one that was carried out."""
    choose: Callable[[SupervisionMode, int], None]
    """Takes a request for a mode, and its number. Called in the callback phase of a run."""
    with_persona: bool = False
    """Whether an AI persona talks with the customer: some modes then mean something else."""


@dataclass(frozen=True, slots=True)
class LegView:
    """The widget as of this script run."""

    playing: bool
    """The browser's connection stands."""
    state: LegState | None
    """The server's view of the running leg; None without one."""
    leg_id: LegId | None
    error: EarshotError | None
    """Why the last START failed. The widget itself says so to the reader."""
    muted: bool
    """The reader has muted the microphone. It is already silent in the browser; the server is to be told."""


def leg(
    key: str,
    connect: Callable[[], LegPort],
    *,
    listen_only: bool,
    constraints: MicrophoneConstraints,
    translate: Translate,
    autostart: int = 0,
    ice: IceConfiguration = OWN_ADDRESSES,
    supervision: Supervision | None = None,
) -> LegView:
    """Draw the widget of one leg. Script thread, at every run of the page, outside fragments that run by themselves.

    Put it where the number of elements before it in the same container never changes: Streamlit builds a frame anew
    when something appears above it. The call then comes back by itself, but with a gap of a second or two.

    Args:
        key: names the widget in the session and must not change while the leg lives.
        connect: opens a leg, once for every START and every reconnection. An EarshotError it raises reaches the reader.
        listen_only: the reader only hears, and is asked for no microphone.
        constraints: what the microphone is asked for.
        translate: the reader's language.
        autostart: how often START was pressed somewhere else on the page: it is pressed for the reader when the number
            grows, and when the widget appears with one.
        ice: the browser's STUN and TURN servers; may be another one at every run. None by default, so that nothing
            leaves the network.
        supervision: for a supervisor's leg, whose microphone is silent until a mode needs it.
    """
    name = "leg-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key)
    words = leg_words(translate)
    if supervision is not None:
        words |= {"supervision": mode_words(translate, with_persona=supervision.with_persona)}
        words["problems"] = {**leg_problems(translate), **leg_problems_of_supervision(translate)}
    said = st.session_state.get(f"{name}-panel", {})
    with st.container(key=name):
        st.html(f"<style>{(ASSETS / 'leg_frame.css').read_text()}</style>")
        side = browser_side(
            name,
            connect,
            listen_only=listen_only,
            audio_constraints=constraints.as_track_constraints(),
            words={"start": translate("START"), "stop": translate("STOP")},
            lost=bool(said.get("lost", False)),
            ice=ice.as_browser_configuration(),
        )
        panel = _panel(
            key=f"{name}-panel",
            data={
                # Not the container: Streamlit leaves the frame of a leg that was shown before in it until the run ends.
                "frame": side.frame,
                "listenOnly": listen_only,
                "constraints": constraints.as_track_constraints(),
                "words": words,
                "autostart": autostart,
                "muted": bool(said.get("muted", False)),
                "lost": bool(said.get("lost", False)),
                "error": _error_data(side.error, translate),
                "endedByServer": side.ended_by_server,
                "supervision": _supervision_data(supervision),
            },
            default={"muted": False, "lost": False},
            on_muted_change=_nothing_more,
            on_lost_change=_nothing_more,
            on_mode_change=partial(_take_mode, f"{name}-panel", supervision),
        )
    return LegView(
        playing=side.playing,
        state=side.port.state if side.port else None,
        leg_id=side.port.leg_id if side.port else None,
        error=side.error,
        muted=bool(panel.muted),
    )


def _error_data(error: EarshotError | None, translate: Translate) -> dict[str, object] | None:
    if error is None:
        return None
    return {"text": describe(error, translate), "retryable": error.retryable}


def _supervision_data(supervision: Supervision | None) -> dict[str, object] | None:
    if supervision is None:
        return None
    return {
        "mode": supervision.mode,
        "may_speak": supervision.may_speak,
        "answered": supervision.answered,
        "problem": supervision.problem,
    }


def _take_mode(panel: str, supervision: Supervision | None) -> None:
    given = st.session_state[panel].get("mode")
    if supervision is not None and isinstance(given, dict):
        supervision.choose(SupervisionMode(given.get("mode", "")), int(given.get("number", 0)))


def _nothing_more() -> None:
    """Muting makes the page run again, and `LegView.muted` says the rest."""
