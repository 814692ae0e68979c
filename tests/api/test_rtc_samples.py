"""The route by which browsers report: whom it believes, what it takes, and that nothing breaks it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from core.api.application import create_api
from core.api.guards.stack import guards
from core.api.rtc_samples import MOST_SECONDS
from core.backend import Backend
from core.model.call import CallId, LegId, Role
from core.model.health import PartState
from core.model.leg_facts import BrowserFacts, IceFacts, MicrophoneFacts
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, PathState, RtpSample, Vantage
from core.settings import Settings
from tests.support.asgi import ask
from tests.support.waiting import wait_for

PATH = {"state": "connected", "local": "host", "remote": "prflx", "transport": "udp", "id": "CPabc_def"}
SENT = {
    "packets": 50,
    "octets": 4_000,
    "lost": 1,
    "expected": 250,
    "jitter_ms": 2.5,
    "level_dbfs": -23.0,
    "packet_send_delay_ms": 0.0,
    "is_muted": False,
}
RECEIVED = {
    "packets": 49,
    "octets": 3_900,
    "lost": -1,
    "jitter_ms": 3,
    "rtt_ms": 20.5,
    "level_dbfs": -127.0,
    "jitter_buffer_ms": 62.1,
    "jitter_buffer_target_ms": 40.0,
    "jitter_buffer_total_s": 12_345.5,
    "concealed_pct": 0.0,
    "stretched_pct": 1.25,
}
FACTS = {
    "name": "Chromium 156",
    "platform": "Linux",
    "network": "wifi",
    "is_secure": True,
    "microphone": {"echo_cancellation": True, "noise_suppression": False, "sample_rate": 48_000},
    "ice": {"has_turn": True, "local": ["relay/tls", "host/udp", "host/udp"], "remote": ["host/udp"], "errors": [701]},
    "clock_error_ms": 1.5,
}


def a_second(number: int = 0, at_s: float = 0.5, **more: object) -> dict[str, object]:
    return {
        "number": number,
        "at_s": at_s,
        "period_s": 1.0,
        "path": PATH,
        "inbound": SENT,
        "outbound": RECEIVED,
        **more,
    }


@dataclass
class Leg:
    """A leg of a running call, and the route in front of it."""

    backend: Backend
    api: FastAPI
    call_id: CallId
    leg_id: LegId
    token: str

    def post(self, body: object, token: str | None = None) -> tuple[int, dict[str, Any]]:
        """Ask the application itself, as a server would: the answer's status and content."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return asyncio.run(report_to(self.api, content, self.token if token is None else token))

    @property
    def samples(self) -> tuple[RtpSample, ...]:
        return self.backend.snapshot(self.call_id).samples

    @property
    def dropped(self) -> dict[str, int]:
        return dict(self.backend.snapshot(self.call_id).dropped)

    def now_s(self) -> float:
        status, told = self.post({})
        assert status == 202
        return float(told["now_s"])


async def report_to(api: FastAPI, content: bytes, token: str) -> tuple[int, dict[str, Any]]:
    status, answer = await ask(api, "POST", "/rtc/samples", token, content)
    return status, {} if status == 413 else dict(json.loads(answer))


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("samples")
    opened = Backend(Settings(_env_file=None, data_dir=folder, log_level="WARNING", call_limit=1_000))
    assert wait_for(lambda: all(part.state is not PartState.STARTING for part in opened.health()), 60.0)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def api(backend: Backend) -> FastAPI:
    return create_api(lambda: backend, cast(Any, None))


@pytest.fixture
def leg(backend: Backend, api: FastAPI) -> Iterator[Leg]:
    call = backend.start_call("ko", "user:ann")
    agent = backend.join(call.id, Role.AGENT, "민수")
    port = backend.connect(call.id, agent.id)
    yield Leg(backend, api, call.id, port.leg_id, port.leave_token)
    backend.end_call(call.id)


def test_a_browser_s_second_comes_into_the_call_as_it_was_measured(leg: Leg) -> None:
    at_s = leg.now_s()
    assert leg.post({"seconds": [a_second(7, at_s)], "facts": FACTS})[0] == 202
    assert wait_for(lambda: len(leg.samples) == 2)
    path = (PathState.CONNECTED, CandidateType.HOST, CandidateType.PEER_REFLEXIVE, PathTransport.UDP, "CPabc_def")
    for sample in leg.samples:
        assert (sample.leg_id, sample.vantage, sample.at_s, sample.period_s) == (leg.leg_id, Vantage.BROWSER, at_s, 1.0)
        told = SENT if sample.direction is Direction.INBOUND else RECEIVED
        assert {name: getattr(sample, name) for name in told} == told
        ends = (sample.path_state, sample.local_candidate, sample.remote_candidate)
        assert (*ends, sample.path_transport, sample.path_id) == path
    told_of_itself = BrowserFacts(
        "Chromium 156",
        "Linux",
        "wifi",
        microphone=MicrophoneFacts(True, False, None, 48_000),
        ice=IceFacts(has_turn=True, local=("host/udp", "relay/tls"), remote=("host/udp",), errors=(701,)),
        clock_error_ms=1.5,
    )
    # The picture follows the files.
    assert wait_for(lambda: leg.backend.snapshot(leg.call_id).leg_facts[leg.leg_id].browser == told_of_itself)


def test_an_empty_report_is_told_the_call_s_time_and_changes_nothing(leg: Leg) -> None:
    before = leg.backend.revision(leg.call_id)
    first, second = leg.now_s(), leg.now_s()
    assert 0 <= first <= second <= leg.backend.snapshot(leg.call_id).now_s
    assert leg.backend.revision(leg.call_id) == before


def test_a_listener_reports_one_direction_and_leaves_out_what_it_does_not_measure(leg: Leg) -> None:
    second = a_second(0, leg.now_s(), path={"state": "connecting"}, outbound={"packets": 0, "octets": 0})
    del second["inbound"]
    assert leg.post({"seconds": [second]})[0] == 202
    assert wait_for(lambda: len(leg.samples) == 1)
    (sample,) = leg.samples
    assert (sample.direction, sample.path_state) == (Direction.OUTBOUND, PathState.CONNECTING)
    assert (sample.jitter_ms, sample.rtt_ms, sample.path_id, sample.is_muted) == (None, None, None, None)


def test_replayed_and_future_seconds_are_left_out_and_counted(leg: Leg) -> None:
    at_s, before = leg.now_s(), leg.backend.figures().repeated
    for _ in range(2):
        leg.post({"seconds": [a_second(1, at_s)]})
    leg.post({"seconds": [a_second(2, at_s + 60.0)]})
    assert wait_for(lambda: {k: v for k, v in leg.dropped.items() if k.startswith("browser")} == {"browser_future": 1})
    assert leg.backend.figures().repeated - before == 1
    assert len(leg.samples) == 2


def test_only_the_leg_s_own_token_is_believed_and_only_while_it_is_there(leg: Leg) -> None:
    tokens, before = leg.backend.tokens, leg.backend.browser_intake.refused
    expired = type(tokens)("another key", 60, 60, lambda: 0.0).leg_token(leg.call_id, leg.leg_id)
    others = {
        "": 403,
        "nonsense": 403,
        expired: 403,
        leg.token + "A": 403,
        tokens.join_token(leg.call_id, Role.CUSTOMER): 403,
        tokens.leg_token(leg.call_id, LegId("never opened")): 404,
        tokens.leg_token(CallId("no such call"), leg.leg_id): 404,
        "A" * 5_000: 422,
    }
    report = {"seconds": [a_second(1, leg.now_s())]}
    assert {token: leg.post(report, token)[0] for token in others} == others
    agent = leg.backend.call(leg.call_id).participants[0]
    leg.backend.connect(leg.call_id, agent.id)
    assert leg.post(report)[0] == 404, "a leg that another has replaced"
    leg.backend.end_call(leg.call_id)
    assert wait_for(lambda: leg.post(report)[0] == 409)
    refused = leg.backend.browser_intake.refused
    assert refused["browser_wrong_token"] - before.get("browser_wrong_token", 0) == 5
    assert refused["browser_malformed"] - before.get("browser_malformed", 0) == 1
    assert refused["browser_without_leg"] - before.get("browser_without_leg", 0) >= 4
    assert leg.samples == ()


BROKEN: list[object] = [
    {"seconds": [a_second()] * (MOST_SECONDS + 1)},
    {"seconds": [a_second(-1)]},
    {"seconds": [a_second(2**31 + 1)]},
    {"seconds": [{**a_second(), "number": 1.5}]},
    {"seconds": [{**a_second(), "number": True}]},
    {"seconds": [a_second(period_s=0)]},
    {"seconds": [a_second(period_s=10_000)]},
    {"seconds": [a_second(at_s=1e9)]},
    {"seconds": [a_second(at_s="now")]},
    {"seconds": [a_second(path={"state": "closed"})]},
    {"seconds": [a_second(path={})]},
    {"seconds": [a_second(path={**PATH, "id": "<script>"})]},
    {"seconds": [a_second(path={**PATH, "local": "cable"})]},
    {"seconds": [a_second(inbound={**SENT, "packets": -1})]},
    {"seconds": [a_second(inbound={**SENT, "octets": 10**12})]},
    {"seconds": [a_second(inbound={**SENT, "rtt_ms": 1.0})]},
    {"seconds": [a_second(outbound={**RECEIVED, "concealed_pct": 101})]},
    {"seconds": [a_second(outbound={**RECEIVED, "surprise": 1})]},
    {"facts": {**FACTS, "name": "<b>bold</b>"}},
    {"facts": {**FACTS, "name": "x" * 41}},
    {"facts": {**FACTS, "ice": {"local": ["host/udp"] * 13}}},
    {"facts": {**FACTS, "ice": {"local": ["10.0.0.1"]}}},
    {"more": 1},
    [],
    b'{"seconds": [{"number": 1, "at_s": NaN, "period_s": 1.0, "path": {"state": "connected"}}]}',
    b'{"seconds": [{"number": 1, "at_s": 1e999, "period_s": 1.0, "path": {"state": "connected"}}]}',
    b"\xff\xfe{",
    b"",
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_nonsense_is_refused_counted_and_nothing_is_taken(leg: Leg, body: object) -> None:
    before = leg.backend.browser_intake.refused.get("browser_malformed", 0)
    assert leg.post(body)[0] in (400, 422)
    assert leg.backend.browser_intake.refused["browser_malformed"] == before + 1
    assert leg.backend.figures().dropped["browser_malformed"] == before + 1
    assert leg.samples == ()


def test_a_full_report_fits_into_what_is_read_and_a_larger_one_is_refused_unread(leg: Leg) -> None:
    at_s = leg.now_s()
    full = {"seconds": [a_second(number, at_s + number / 1000) for number in range(MOST_SECONDS)], "facts": FACTS}
    (size_limit,) = [each for each in guards(leg.backend.settings) if each.cls.__name__ == "SizeLimits"]
    guarded = size_limit.cls(leg.api, **size_limit.kwargs)
    assert asyncio.run(report_to(guarded, json.dumps(full).encode(), leg.token))[0] == 202
    assert asyncio.run(report_to(guarded, json.dumps(full).encode() + b" " * 64 * 1024, leg.token))[0] == 413
    assert wait_for(lambda: len(leg.samples) == 2 * MOST_SECONDS)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(field=st.sampled_from(sorted(a_second())), value=json_values)
def test_no_report_breaks_the_server(backend: Backend, api: FastAPI, field: str, value: object) -> None:
    token = backend.tokens.leg_token(CallId("no such call"), LegId("none"))
    content = json.dumps({"seconds": [{**a_second(), field: value}]}).encode()
    assert asyncio.run(report_to(api, content, token))[0] in (404, 422)
