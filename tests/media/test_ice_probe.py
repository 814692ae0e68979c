"""What is found out about a STUN or TURN server, from a real one and from ones that fail in each way."""

import asyncio
import re
import subprocess
from collections.abc import Iterator

import pytest

from core.media.ice import IceServer
from core.media.ice_probe import ProbeOutcome, probe_stun, probe_turn
from tests.support.coturn import FIXED, PASSWORD, PORT, USERNAME, Coturn, coturn_marks, running_coturn
from tests.support.namespace import namespace_marks, own_namespace

pytestmark = [*namespace_marks(), *coturn_marks()]

LIMIT_S = 3.0
NOBODY = "10.99.0.2:3499"


@pytest.fixture
def network() -> Iterator[tuple[str, str]]:
    with own_namespace() as addresses:
        yield addresses


@pytest.fixture
def coturn(network: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Coturn]:
    with running_coturn(network[0], (*FIXED, "user-quota=1")) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        yield server


def swallowed(protocol: str, port: str) -> None:
    subprocess.run(["iptables", "-A", "INPUT", "-p", protocol, "--dport", port, "-j", "DROP"], check=True)


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_a_relay_gives_an_address_and_gets_it_back(coturn: Coturn, way: str) -> None:
    server = IceServer(coturn.urls[way], USERNAME, PASSWORD)
    probe = await probe_turn(server, LIMIT_S)
    assert (probe.outcome, probe.address.partition(":")[0]) == (ProbeOutcome.REACHED, coturn.address)
    assert re.search(r"lifetime=0\b", coturn.log), "the relay has it back"
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert not names, "nothing of it goes on"


async def test_a_relay_that_has_no_address_left_is_no_refusal(coturn: Coturn) -> None:
    server = IceServer(coturn.urls["udp"], USERNAME, PASSWORD)
    probes = await asyncio.gather(*(probe_turn(server, LIMIT_S) for _ in range(4)))
    assert ProbeOutcome.BUSY in {probe.outcome for probe in probes}
    assert any("486" in probe.reason for probe in probes)


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_wrong_credentials_are_told_from_everything_else(coturn: Coturn, way: str) -> None:
    probe = await probe_turn(IceServer(coturn.urls[way], USERNAME, "wrong-horse"), LIMIT_S)
    assert probe.outcome is ProbeOutcome.REFUSED
    assert "wrong-horse" not in probe.reason


async def test_a_certificate_that_nobody_vouches_for_is_told(coturn: Coturn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    probe = await probe_turn(IceServer(coturn.urls["tls"], USERNAME, PASSWORD), LIMIT_S)
    assert probe.outcome is ProbeOutcome.UNTRUSTED
    assert "certificate" in probe.reason.lower()


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("way", ["udp", "tcp"])
@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_relay_that_is_not_there_is_told_in_time(way: str, is_silent: bool) -> None:
    if is_silent:
        swallowed(way, "3499")
    probe = await probe_turn(IceServer(f"turn:{NOBODY}?transport={way}", USERNAME, PASSWORD), LIMIT_S)
    assert probe.outcome is ProbeOutcome.UNREACHABLE
    assert probe.reason


@pytest.mark.usefixtures("network")
async def test_a_name_that_nobody_knows_is_told() -> None:
    for url in ("turn:no-such-host.invalid:3478", "turn:no-such-host.invalid:3478?transport=tcp"):
        probe = await probe_turn(IceServer(url, USERNAME, PASSWORD), LIMIT_S)
        assert (probe.outcome, probe.reason) == (ProbeOutcome.UNREACHABLE, "its name is not known")
    assert (await probe_stun("stun:no-such-host.invalid:3478", LIMIT_S)).reason == "its name is not known"


async def test_a_stun_server_tells_the_address_it_sees(coturn: Coturn) -> None:
    probe = await probe_stun(coturn.stun_url, LIMIT_S)
    assert (probe.outcome, probe.address.partition(":")[0]) == (ProbeOutcome.REACHED, coturn.address)


async def test_a_silent_stun_server_is_told_in_time(coturn: Coturn) -> None:
    swallowed("udp", str(PORT))
    probe = await probe_stun(coturn.stun_url, 1.0)
    assert (probe.outcome, probe.reason) == (ProbeOutcome.UNREACHABLE, "it did not answer in time")
