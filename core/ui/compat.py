"""Only home of private Streamlit and streamlit-webrtc APIs; `tests/ui/test_compat.py` says when one of them changes.

streamlit-webrtc stays the browser's side and the signalling, but its worker, which would run aiortc on Streamlit's own
event loop, is replaced by `LegWorker`: offer, candidates and close go to a leg port, and the answer comes back. Two of
its habits are cured on the way:

- It counts script runs, and takes a widget that several runs did not render for orphaned. A fragment's run counts too,
  so a page that refreshes itself killed its own calls. It is no longer told of runs; a page that is really gone is
  noticed by `core.ui.leg_watch`.
- It asks for an answer to the same offer at every run until it gets one. An offer that was refused is remembered, and
  the browser's side is told to stop.
"""

import atexit
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSessionState
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit_webrtc import WebRtcMode, component

from core.model.call import LegId, LegState
from core.model.errors import EarshotError
from core.ui.leg_watch import LegWatch, Presence

logger = logging.getLogger(__name__)


_NOT_IN_A_CLASS = re.compile(r"[^a-zA-Z0-9_-]")
"""What Streamlit replaces where it makes a class of an element's key."""

LEAVE_ATTRIBUTE = "x-earshot-leave"
"""Carries a leg's token in its answer, for the panel's script: who is connected can say good-bye, however early.
Browsers ignore attributes that they do not know (RFC 8866, section 5.13)."""


class Port(Protocol):
    """What a worker needs of a leg; `core.calls.leg_port.LegPort` is one."""

    @property
    def leg_id(self) -> LegId:
        """The leg's id."""

    @property
    def leave_token(self) -> str:
        """What the browser shows to end the leg when its tab is closed."""

    @property
    def state(self) -> LegState | None:
        """The leg's state, None once it is forgotten."""

    def answer(self, offer_sdp: str) -> str:
        """The answer to the one offer; may wait for seconds. Raises EarshotError."""

    def add_candidate(self, candidate: Mapping[str, object]) -> None:
        """Pass on one ICE candidate; returns at once."""

    def close(self) -> None:
        """End the leg; idempotent, returns at once."""

    def lose(self) -> None:
        """End the leg as one that was lost; idempotent, returns at once."""


@dataclass(frozen=True, slots=True)
class Description:
    """A session description, with the two names that streamlit-webrtc reads."""

    sdp: str
    type: str = "answer"


@dataclass(eq=False, slots=True)
class LegSeat:
    """What outlives a script run: one a widget and browser session, kept in the session's state."""

    connect: Callable[[], Port]
    """Opens a leg; called once for every START."""
    session_id: str
    widget: str
    """Key of the widget's frontend in the session's state."""
    worker: "LegWorker | None" = None
    """The running worker. streamlit-webrtc's context holds but a weak reference to it."""
    error: EarshotError | None = None
    """Why the last START failed."""
    refused_offer: str = ""
    """The offer that was not answered."""
    lost: bool = False
    """The browser has given the running leg up: what stops now was lost, and nobody leaves."""
    last_state: LegState | None = None
    """The last leg's state just before we closed it; CLOSED: the server had ended it on purpose."""

    def __call__(self) -> None:
        """Never called: `webrtc_streamer` wants a callable where the seat travels to the worker."""


class LegWorker:
    """Has the interface of streamlit-webrtc's `WebRtcWorker`; is a leg's end in the page's process.

    Made and used by script threads; `stop` may also come from the watch's thread.
    """

    backend = "aiortc"
    video_processor = audio_processor = None
    video_receiver = audio_receiver = None
    source_video_track = source_audio_track = None
    sink_video_track = sink_audio_track = None
    input_video_track = input_audio_track = None
    output_video_track = output_audio_track = None

    def __init__(self, *, player_factory: LegSeat, **_ours_has_no_use_for: object) -> None:
        self.seat = player_factory
        self.offer_sdp = ""
        self.local_description: Description | None = None
        self._port: Port | None = None
        self._stopped = False
        self._lock = threading.Lock()
        self._candidate_ids: set[str] = set()

    @property
    def port(self) -> Port | None:
        """The leg, once there was an offer and until `stop`."""
        return self._port

    @property
    def name(self) -> str:
        """The leg's id, for the log."""
        return str(self._port.leg_id) if self._port else "without a port"

    def look(self) -> Presence:
        """Whether the page still shows the widget. Any thread."""
        return presence(self.seat)

    @property
    def stopped(self) -> bool:
        """Whether the leg has been closed; a stopped worker is of no more use."""
        return self._stopped

    def process_offer(self, sdp: str, type_: str, timeout: float | None = None) -> Description | None:
        """Open a leg and have the offer answered. What goes wrong is left in the seat, for the page to say.

        Script thread; waits as long as the port does (ten seconds at most).
        """
        seat = self.seat
        if sdp == seat.refused_offer:
            return None
        self.offer_sdp = sdp
        try:
            self._port = seat.connect()
            answer = self._port.answer(sdp)
        except EarshotError as error:
            logger.warning("a browser's offer was not answered: %s", error)
            seat.error, seat.refused_offer = error, sdp
            self.stop()
            return None
        seat.error, seat.refused_offer, seat.last_state = None, "", None
        seat.worker = self
        self.local_description = Description(f"{answer}a={LEAVE_ATTRIBUTE}:{self._port.leave_token}\r\n")
        legs.watch(self)
        return self.local_description

    def set_ice_candidates_from_offerer(self, candidates: Mapping[str, Mapping[str, object]]) -> None:
        """Pass on the candidates that are new; streamlit-webrtc hands over all of them at every run."""
        port = self._port
        if port is None or self._stopped:
            return
        for candidate_id, candidate in candidates.items():
            if candidate_id not in self._candidate_ids:
                self._candidate_ids.add(candidate_id)
                port.add_candidate(candidate)

    def update_video_callbacks(self, **_callbacks: object) -> None:
        """Media does not pass here, so there is nothing to call back with."""

    def update_audio_callbacks(self, **_callbacks: object) -> None:
        """Media does not pass here, so there is nothing to call back with."""

    def stop(self, timeout: float | None = None) -> None:
        """End the leg. Any thread; idempotent; returns at once."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        port, seat = self._port, self.seat
        if seat.worker is self:
            seat.worker = None
        legs.forget(self)
        if port is not None:
            seat.last_state = port.state
            if seat.lost:
                port.lose()
            else:
                port.close()


def presence(seat: LegSeat) -> Presence:
    """Whether the page of a seat still shows its widget. Any thread.

    Streamlit drops a widget's state at the end of the first whole run that did not render it, whether the reader went
    to another page or the script left it out. A fragment's run, and one that was interrupted, drop nothing.
    A message that the browser sent just before it learned of that brings the state back until the next whole run; the
    leg then ends when the bridge misses the browser.
    """
    if not Runtime.exists():
        return Presence.GONE
    sessions = Runtime.instance()._session_mgr
    info = sessions.get_session_info(seat.session_id)
    if info is None or info.session._state is AppSessionState.SHUTDOWN_REQUESTED:
        return Presence.GONE
    if seat.widget not in info.session.session_state:
        return Presence.GONE
    return Presence.HERE


legs = LegWatch()
"""Keeps this process's workers alive, and stops those whose page is gone; closed when the process ends.

The server cannot close it: streamlit-webrtc must not be imported before Streamlit's runtime stands, or its frontend is
registered nowhere.
"""
atexit.register(legs.close)


@dataclass(frozen=True, slots=True)
class BrowserSide:
    """The browser's side of a leg, as of this script run."""

    playing: bool
    """The browser's connection stands."""
    signalling: bool
    """The browser has made an offer and waits for the answer."""
    port: Port | None
    error: EarshotError | None
    """Why the last START failed, until the next one."""
    ended_by_server: bool
    """The last leg was ended on purpose by the server, so the browser must not come back by itself."""
    frame: str
    """CSS class of the element around the browser's frame, of this widget only."""


def browser_side(
    key: str,
    connect: Callable[[], Port],
    *,
    listen_only: bool,
    audio_constraints: Mapping[str, object],
    words: Mapping[str, str],
    lost: bool,
    ice: Mapping[str, object],
) -> BrowserSide:
    """Draw streamlit-webrtc's widget, its signalling tied to a leg port. Script thread.

    Args:
        key: names the widget in the session; the same key at every run.
        connect: opens a leg, at every START. May raise EarshotError.
        listen_only: the browser only receives, and asks for no microphone.
        audio_constraints: `MediaTrackConstraints` of the microphone.
        words: `start` and `stop`, the button's labels.
        lost: whether the browser has given up the connection that it had.
        ice: `RTCConfiguration` of the browser's side. It is taken at START; another one at a later run, with newer
            credentials, changes neither the widget nor a connection.
    """
    widget = component.generate_frontend_component_key(key)
    seat = _seat(key, widget, connect)
    seat.lost = lost
    offer = _current_offer(widget)
    _drop_finished_worker(key, offer)
    told_to_stop = bool(offer) and offer == seat.refused_offer
    context = component.webrtc_streamer(
        key=key,
        mode=WebRtcMode.RECVONLY if listen_only else WebRtcMode.SENDRECV,
        frontend_rtc_configuration=dict(ice),
        server_rtc_configuration={"iceServers": []},
        media_stream_constraints={"audio": False if listen_only else dict(audio_constraints), "video": False},
        desired_playing_state=False if told_to_stop else None,
        player_factory=cast(Any, seat),
        sendback_video=False,
        audio_html_attrs={"autoPlay": True, "controls": False},
        translations=cast(Any, dict(words)),
        media_toggle_controls=False,
    )
    if seat.error is not None and not told_to_stop and seat.refused_offer == _current_offer(widget):
        st.rerun()
    return BrowserSide(
        playing=context.state.playing,
        signalling=context.state.signalling,
        port=seat.worker.port if seat.worker else None,
        error=seat.error,
        ended_by_server=seat.last_state is LegState.CLOSED,
        frame=f"st-key-{_NOT_IN_A_CLASS.sub('-', widget)}",
    )


def _seat(key: str, widget: str, connect: Callable[[], Port]) -> LegSeat:
    ctx = get_script_run_ctx()
    seat: LegSeat = st.session_state.setdefault(
        f"{key}:seat", LegSeat(connect=connect, session_id=ctx.session_id if ctx else "", widget=widget)
    )
    seat.connect = connect
    return seat


def _current_offer(widget: str) -> str:
    """The SDP of the browser's pending offer, or nothing."""
    value = st.session_state.get(widget) or {}
    return str((value.get("sdpOffer") or {}).get("sdp", ""))


def _drop_finished_worker(key: str, offer: str) -> None:
    """Forget a worker that was stopped, or that answered another offer than the one now pending, and its answer.

    streamlit-webrtc does so when it sees the browser idle in between, which it misses when the script was busy.
    """
    context = st.session_state.get(key)
    if context is None:
        return
    worker = context._get_worker()
    if worker is not None and not worker.stopped and (not offer or worker.offer_sdp == offer):
        return
    if worker is not None:
        worker.stop()
    context._set_worker(None)
    context._sdp_answer_json = None
    context._is_sdp_answer_sent = False


def _no_session_info() -> None:
    """Stands in for streamlit-webrtc's look at the session, from which it takes the number of script runs."""


setattr(component, "WebRtcWorker", LegWorker)  # noqa: B010
setattr(component, "get_this_session_info", _no_session_info)  # noqa: B010
