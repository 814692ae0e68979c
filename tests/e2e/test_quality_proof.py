"""What is wrong with a call is measured from both ends as it is, and named as what it is.

Two browsers are in a call through the real server, by way of a proxy that loses and delays what it is told to and keeps
count. Every figure is held against the proxy's own count of the same packets in the same time.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from core.model.diagnosis import Cause
from core.model.media_path import CandidateType
from core.model.sample import Direction, Vantage
from core.settings import PROJECT_ROOT
from tests.e2e.conftest import OpenPage
from tests.e2e.quality_call import (
    BEHIND_THE_PROXY,
    CUSTOMER,
    Figures,
    MeasuredCall,
    described,
    rough_network,
    write_murmur,
)
from tests.fakes.udp_proxy import Roughness, UdpProxy, Way, jitter_ms, lost_pct
from tests.support.browser import launch_chromium, screenshot
from tests.support.coturn import EPHEMERAL, SECRET, coturn_problem, running_coturn
from tests.support.streamlit_server import Server, running_server

SETTLE_S = 3.0
STRETCH_S = 25.0
LOSS_TOLERANCE_PCT = 1.0
"""Points. The stretches of the proxy and of the samples differ by up to a second and a report at either end; of 1250
packets that are lost with 2 %, 25 a second of two packets more or less is a quarter of a point."""
JITTER_TOLERANCE_MS = 8.0
"""Around the proxy's own figure: the way from the proxy on has jitter of its own on a busy machine, and the figures
that are compared are a smoothed one, once a second or at each report, and its mean over all packets."""
WAYS = {Direction.INBOUND: Way.TO_SERVER, Direction.OUTBOUND: Way.TO_CLIENT}


@pytest.fixture(scope="module")
def proxy(network: tuple[str, str]) -> Iterator[UdpProxy]:
    with rough_network(network[0]) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def server(proxy: UdpProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, app = tmp_path_factory.mktemp("quality"), PROJECT_ROOT / "app.py"
    with running_server(app, folder, environment=BEHIND_THE_PROXY, health="/api/health") as server:
        yield server


@pytest.fixture(scope="module")
def murmur(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_murmur(tmp_path_factory.mktemp("murmur") / "murmur.wav")


@pytest.fixture(scope="module")
def lively_browser(playwright: Playwright, murmur: Path) -> Iterator[Browser]:
    with launch_chromium(playwright, microphone=murmur) as browser:
        yield browser


@pytest.fixture
def call(server: Server, proxy: UdpProxy, open_page: OpenPage, lively_browser: Browser) -> Iterator[MeasuredCall]:
    proxy.smooth()
    yield MeasuredCall(server, open_page, lively_browser)
    proxy.smooth()


def injected(call_port: int, proxy: UdpProxy, direction: Direction, stretch: tuple[float, float]) -> Figures:
    packets = proxy.passed(call_port, WAYS[direction], *stretch)
    rate = sum(packet.left_s is not None for packet in packets) / (stretch[1] - stretch[0])
    return Figures(lost_pct(packets), jitter_ms(packets), rate)


def rough_stretch(call: MeasuredCall, proxy: UdpProxy, rough: Roughness, *ways: Way) -> tuple[int, tuple[float, float]]:
    """Be rough to the customer for a while, then end the call; the customer's port, and from when to when."""
    port = call.customer_port
    call.wait(SETTLE_S)
    for way in ways:
        proxy.roughen(port, way, rough)
    call.wait(SETTLE_S)
    stretch = call.wait(STRETCH_S)
    return port, stretch


def compare(
    call: MeasuredCall, proxy: UdpProxy, port: int, stretch: tuple[float, float], name: str
) -> dict[tuple[Direction, Vantage], Figures]:
    """Both vantages against the proxy, both ways: loss and jitter agree within the tolerance."""
    measured = {}
    for direction in Direction:
        truth = injected(port, proxy, direction, stretch)
        each = {vantage: call.figures(direction, vantage, stretch) for vantage in Vantage}
        print(f"{name}, {WAYS[direction].value}:")
        print(described([("injected", truth), *((f"measured by the {v}", f) for v, f in each.items())]))
        for vantage, figures in each.items():
            measured[direction, vantage] = figures
            assert figures.loss_pct == pytest.approx(truth.loss_pct, abs=LOSS_TOLERANCE_PCT), (direction, vantage)
            assert figures.jitter_ms == pytest.approx(truth.jitter_ms, abs=JITTER_TOLERANCE_MS), (direction, vantage)
    return measured


def test_of_a_clean_call_nothing_is_said(call: MeasuredCall, proxy: UdpProxy) -> None:
    port, stretch = rough_stretch(call, proxy, Roughness())
    call.expect_shown()
    screenshot(call.agent, "quality-clean")
    call.end()
    call.require_calm()
    measured = compare(call, proxy, port, stretch, "clean")
    assert all(figures.loss_pct < 0.5 for figures in measured.values())
    assert call.causes() == []


def test_two_percent_of_loss_both_ways_are_the_customers_network(call: MeasuredCall, proxy: UdpProxy) -> None:
    port, stretch = rough_stretch(call, proxy, Roughness(loss=0.02), *Way)
    call.expect_shown(Cause.ACCESS_NETWORK)
    screenshot(call.agent, "quality-loss")
    call.end()
    call.require_calm()
    compare(call, proxy, port, stretch, "2 % loss")
    assert {(cause, who) for cause, who, _ in call.causes()} == {(Cause.ACCESS_NETWORK, CUSTOMER)}


def test_jitter_on_the_way_from_the_customer_is_the_customers_network(call: MeasuredCall, proxy: UdpProxy) -> None:
    port, stretch = rough_stretch(call, proxy, Roughness(jitter_s=0.5), Way.TO_SERVER)
    call.expect_shown(Cause.ACCESS_NETWORK)
    screenshot(call.agent, "quality-jitter")
    call.end()
    call.require_calm()
    compare(call, proxy, port, stretch, "jitter")
    assert call.causes() == [(Cause.ACCESS_NETWORK, CUSTOMER, Direction.INBOUND)]


def test_a_blocked_direction_is_one_way_audio(call: MeasuredCall, proxy: UdpProxy) -> None:
    port = call.customer_port
    call.wait(SETTLE_S)
    proxy.roughen(port, Way.TO_SERVER, Roughness(loss=1.0))
    call.wait(8.0)
    call.expect_shown(Cause.ONE_WAY_AUDIO)
    screenshot(call.agent, "quality-blocked")
    call.end()
    assert call.causes() == [(Cause.ONE_WAY_AUDIO, CUSTOMER, Direction.INBOUND)]


def test_a_muted_microphone_is_one_and_no_dead_one(call: MeasuredCall, proxy: UdpProxy) -> None:
    call.wait(SETTLE_S)
    call.customer.get_by_role("button", name="Mute").click()
    call.wait(15.0)
    call.expect_shown(Cause.MUTED_MICROPHONE)
    screenshot(call.agent, "quality-muted")
    call.end()
    assert call.causes() == [(Cause.MUTED_MICROPHONE, CUSTOMER, Direction.INBOUND)]


@pytest.fixture
def relayed(
    network: tuple[str, str], tmp_path: Path, open_page: OpenPage, lively_browser: Browser
) -> Iterator[MeasuredCall]:
    """A call in which nothing but a relay may be used, by either end."""
    with running_coturn(network[0], EPHEMERAL) as coturn:
        environment = {
            "EARSHOT_TURN_SERVERS": coturn.urls["udp"],
            "EARSHOT_TURN_SECRET": SECRET,
            "EARSHOT_ICE_POLICY": "relay",
        }
        app = PROJECT_ROOT / "app.py"
        with running_server(app, tmp_path / "data", environment=environment, health="/api/health") as server:
            yield MeasuredCall(server, open_page, lively_browser)


@pytest.mark.skipif(bool(coturn_problem()), reason=f"NOT TESTED: {coturn_problem()}")
def test_a_forced_relay_is_said_to_be_in_use_and_nothing_else(relayed: MeasuredCall) -> None:
    relayed.wait(SETTLE_S)
    stretch = relayed.wait(15.0)
    relayed.expect_shown()
    screenshot(relayed.agent, "quality-relay")
    relayed.end()
    assert {(cause, direction) for cause, _, direction in relayed.causes()} == {(Cause.RELAY_IN_USE, None)}
    assert len(relayed.causes()) == 2
    for direction in Direction:
        samples = relayed.of_customer(direction, Vantage.BROWSER, stretch)
        assert {sample.local_candidate for sample in samples} == {CandidateType.RELAY}
        assert all(relayed.figures(direction, vantage, stretch).loss_pct < 0.5 for vantage in Vantage)
