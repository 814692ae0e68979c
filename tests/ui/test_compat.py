"""Guards the private APIs that `core/ui/compat.py` leans on, and tries what it builds on them."""

import ast
import inspect
import itertools
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
import streamlit_webrtc
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.session_manager import SessionManager
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest
from streamlit_webrtc import component, session_info
from streamlit_webrtc.webrtc import WebRtcWorker

from core.calls.leg_port import LegPort
from core.model.call import LegId, LegState
from core.model.errors import CallEnded, EarshotError
from core.ui import compat, leg_watch
from core.ui.compat import LegSeat, LegWorker
from core.ui.leg_watch import LegWatch, Presence
from core.ui.theme import ASSETS

SEE = "; look at core/ui/compat.py before you move to this version"
WORKER_NAMES = {"worker", "running_worker", "active_worker", "worker_to_stop"}


def streamlit_webrtc_changed(what: str) -> str:
    return f"streamlit-webrtc {streamlit_webrtc.__version__} has changed: {what}{SEE}"


def streamlit_changed(what: str) -> str:
    return f"Streamlit {st.__version__} has changed: {what}{SEE}"


def worker_uses() -> set[str]:
    """Every attribute that streamlit-webrtc's component reads on its worker."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(component))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in WORKER_NAMES:
            found.add(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript):
            name = node.func.value
            if isinstance(name, ast.Name) and name.id == "_WorkerForwarded":
                found.add(ast.literal_eval(node.args[0]))
    return found


@pytest.mark.parametrize("name", sorted(worker_uses() - {"clear_audio_output"}))
def test_guard_our_worker_has_all_that_streamlit_webrtc_asks_of_it(name: str) -> None:
    worker = LegWorker(player_factory=seat_for(FakePort()))
    assert hasattr(worker, name), streamlit_webrtc_changed(f"it reads `{name}` on its worker")


def test_guard_the_scan_of_worker_attributes_still_finds_them() -> None:
    expected = {"process_offer", "local_description", "set_ice_candidates_from_offerer", "stop", "backend"}
    assert expected <= worker_uses(), streamlit_webrtc_changed("its component no longer calls its worker so")


def test_guard_the_worker_is_made_from_the_name_that_we_replace() -> None:
    source = inspect.getsource(component.webrtc_streamer)
    assert "WebRtcWorker(" in source, streamlit_webrtc_changed("the worker is made elsewhere")
    assert component.WebRtcWorker is LegWorker, streamlit_webrtc_changed("our worker is not in its place")
    parameters = inspect.signature(WebRtcWorker.__init__).parameters
    assert "player_factory" in parameters, streamlit_webrtc_changed("a worker has no player_factory any more")
    assert "player_factory=player_factory," in source, streamlit_webrtc_changed("player_factory no longer travels")


@pytest.mark.parametrize("name", ["_get_worker", "_set_worker", "_sdp_answer_json", "_is_sdp_answer_sent", "state"])
def test_guard_the_context_has_what_we_reset(name: str) -> None:
    context = component.WebRtcStreamerContext(
        worker=None, state=component.WebRtcStreamerState(playing=False, signalling=False)
    )
    assert hasattr(context, name), streamlit_webrtc_changed(f"its context has no `{name}` any more")


def test_guard_streamlit_webrtc_learns_of_runs_by_the_function_that_we_replace() -> None:
    for function in (component._get_or_create_context, component._restore_snapshot_if_needed):
        assert "get_this_session_info()" in inspect.getsource(function), streamlit_webrtc_changed(
            f"{function.__name__} learns of script runs in another way"
        )


def test_guard_no_public_stun_server_is_added_to_an_empty_list() -> None:
    assert component._resolve_server_rtc_configuration({"iceServers": []}).iceServers == [], streamlit_webrtc_changed(
        "the server's empty ICE list is filled"
    )
    assert component.enhance_frontend_rtc_configuration({"iceServers": []}) == {"iceServers": []}, (
        streamlit_webrtc_changed("the browser's empty ICE list is filled")
    )


@pytest.mark.parametrize(
    "text",
    [
        "new RTCPeerConnection(",
        "navigator.mediaDevices.getUserMedia(",
        "args.desired_playing_state",
        "args.sdp_answer_json",
        "args.media_toggle_controls",
        "name:`MuiButton`",
        "MuiAlert",
        "sdpOffer",
        "iceCandidates",
    ],
)
def test_guard_the_frame_does_what_the_leg_panel_wraps_and_hides(text: str) -> None:
    assets = Path(component.build_dir) / "assets"
    bundle = "".join(file.read_text() for file in assets.glob("index-*.js"))
    assert text in bundle, streamlit_webrtc_changed(f"its frontend no longer contains {text!r}")


def test_guard_streamlit_tells_which_sessions_are_there() -> None:
    assert "_session_mgr" in inspect.getsource(Runtime.__init__), streamlit_changed("Runtime has no _session_mgr")
    assert hasattr(SessionManager, "get_session_info"), streamlit_changed("a session manager tells of no session")
    assert hasattr(AppSessionState, "SHUTDOWN_REQUESTED"), streamlit_changed("sessions end in another way")
    assert "self._state = " in inspect.getsource(AppSession), streamlit_changed("a session has no _state")
    assert isinstance(AppSession.session_state, property), streamlit_changed("a session's state is not to be had")
    assert "__contains__" in vars(SessionState), streamlit_changed("a session's state cannot be asked for a key")


class FakePort:
    """A leg that answers with what it was told to."""

    def __init__(self, failure: EarshotError | None = None) -> None:
        self.leg_id = LegId("leg-1")
        self.leave_token = "token"
        self.state: LegState | None = LegState.CONNECTED
        self.failure = failure
        self.offers: list[str] = []
        self.candidates: list[Mapping[str, object]] = []
        self.closes = self.losses = 0

    def answer(self, offer_sdp: str) -> str:
        self.offers.append(offer_sdp)
        if self.failure is not None:
            raise self.failure
        return f"answer to {offer_sdp}\r\n"

    def add_candidate(self, candidate: Mapping[str, object]) -> None:
        self.candidates.append(candidate)

    def close(self) -> None:
        self.closes += 1

    def lose(self) -> None:
        self.losses += 1


def seat_for(port: FakePort) -> LegSeat:
    return LegSeat(connect=lambda: port, session_id="session", widget="widget")


@pytest.fixture
def still_watch(monkeypatch: pytest.MonkeyPatch) -> LegWatch:
    """A watch that finds every page in its place."""
    watch = LegWatch()
    monkeypatch.setattr(compat, "legs", watch)
    monkeypatch.setattr(compat, "presence", lambda seat: Presence.HERE)
    return watch


def test_a_leg_port_is_a_port() -> None:
    for name in ("leg_id", "leave_token", "state", "answer", "add_candidate", "close", "lose"):
        assert hasattr(LegPort, name) or name in inspect.getsource(LegPort.__init__)


def test_a_worker_passes_the_offer_to_the_port_and_brings_the_answer_back(still_watch: LegWatch) -> None:
    port = FakePort()
    seat = seat_for(port)
    worker = LegWorker(player_factory=seat, mode="SENDRECV", sendback_audio=True)
    description = worker.process_offer("offer", "offer", timeout=10)
    assert description is not None
    assert description.sdp.startswith("answer to offer\r\n")
    assert description.type == "answer"
    assert worker.local_description == description
    assert seat.worker is worker, "nobody keeps the worker alive"
    worker.set_ice_candidates_from_offerer({"a": {"candidate": "1"}})
    worker.set_ice_candidates_from_offerer({"a": {"candidate": "1"}, "b": {"candidate": "2"}})
    assert [candidate["candidate"] for candidate in port.candidates] == ["1", "2"]
    worker.stop()
    worker.stop()
    assert port.closes == 1
    assert seat.worker is None
    assert seat.last_state is LegState.CONNECTED


def test_whoever_is_connected_can_say_good_bye_since_the_answer_itself_says_how(still_watch: LegWatch) -> None:
    description = LegWorker(player_factory=seat_for(FakePort())).process_offer("offer", "offer")
    assert description is not None
    assert "a=x-earshot-leave:token" in description.sdp.splitlines()
    assert compat.LEAVE_ATTRIBUTE in (ASSETS / "connections.js").read_text(), "the panel reads another attribute"


@pytest.mark.parametrize("at", ["connect", "answer"])
def test_a_refused_offer_is_remembered_and_not_asked_again(still_watch: LegWatch, at: str) -> None:
    refusal = CallEnded(call_id="c-1")
    port = FakePort(refusal if at == "answer" else None)
    opened: list[FakePort] = []

    def connect() -> FakePort:
        opened.append(port)
        if at == "connect":
            raise refusal
        return port

    seat = LegSeat(connect=connect, session_id="session", widget="widget")
    assert LegWorker(player_factory=seat).process_offer("offer", "offer") is None
    assert seat.error is refusal
    assert LegWorker(player_factory=seat).process_offer("offer", "offer") is None
    assert len(opened) == 1
    assert port.closes == (1 if at == "answer" else 0)
    port.failure, seat.connect = None, lambda: port
    assert LegWorker(player_factory=seat).process_offer("next offer", "offer") is not None
    assert seat.error is None
    still_watch.close()


def test_no_number_of_runs_without_the_widget_makes_streamlit_webrtc_stop_its_worker(
    still_watch: LegWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = itertools.count(1, 10)

    class Sessions:
        def get_session_info(self, session_id: str) -> SimpleNamespace:
            return SimpleNamespace(script_run_count=next(counts))

    monkeypatch.setattr(session_info, "get_session_id", lambda: "session")
    monkeypatch.setattr(Runtime, "_instance", SimpleNamespace(_session_mgr=Sessions()))
    port = FakePort()
    worker = LegWorker(player_factory=seat_for(port))
    worker.process_offer("offer", "offer")
    component._get_or_create_context("fragments")._set_worker(worker)
    for _ in range(3):
        context = component._get_or_create_context("fragments")
    assert context._get_worker() is worker
    assert port.closes == 0
    worker.stop()


@pytest.mark.parametrize(
    ("pending", "kept"), [("", True), ("offer", True), ("a newer offer", False)], ids=["none", "same", "newer"]
)
def test_a_worker_goes_only_when_the_browser_has_made_another_offer(
    still_watch: LegWatch, pending: str, kept: bool
) -> None:
    port = FakePort()
    worker = LegWorker(player_factory=seat_for(port))
    worker.process_offer("offer", "offer")
    context = component._get_or_create_context(f"offers {pending}")
    context._set_worker(worker)
    context._sdp_answer_json = "answer"
    context._is_sdp_answer_sent = True
    compat._drop_finished_worker(f"offers {pending}", pending)
    assert (context._get_worker() is worker) is kept
    assert (context._sdp_answer_json == "answer") is kept
    assert port.closes == (0 if kept else 1)
    worker.stop()


def test_the_watch_stops_a_worker_whose_page_is_gone_and_then_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = LegWatch()
    monkeypatch.setattr(compat, "legs", watch)
    monkeypatch.setattr(compat, "presence", lambda seat: Presence.GONE)
    monkeypatch.setattr(leg_watch, "LOOK_PERIOD_S", 0.01)
    port = FakePort()
    LegWorker(player_factory=seat_for(port)).process_offer("offer", "offer")
    thread = watch._thread
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()
    assert port.closes == 1


def test_a_leg_that_the_browser_gave_up_is_lost_and_not_left(still_watch: LegWatch) -> None:
    port = FakePort()
    seat = seat_for(port)
    worker = LegWorker(player_factory=seat)
    worker.process_offer("offer", "offer")
    seat.lost = True
    worker.stop()
    assert (port.losses, port.closes) == (1, 0)


def test_closing_the_watch_closes_every_leg_and_ends_its_thread(still_watch: LegWatch) -> None:
    ports = [FakePort(), FakePort()]
    for port in ports:
        LegWorker(player_factory=seat_for(port)).process_offer("offer", "offer")
    thread = still_watch._thread
    assert thread is not None
    still_watch.close()
    assert not thread.is_alive()
    assert [port.closes for port in ports] == [1, 1]
    still_watch.close()


def test_without_a_server_every_page_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtime, "_instance", None)
    assert compat.presence(seat_for(FakePort())) is Presence.GONE


def test_the_widget_renders_where_there_is_no_browser() -> None:
    page = AppTest.from_file(str(Path(__file__).parent / "leg_page.py"), default_timeout=30).run()
    assert not page.exception
    assert page.markdown[-1].value == "playing False None None False"
    assert not page.run().exception
