"""Legs that need a relay, against a real TURN server: what connects, what flows, and what is said when it does not."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiortc import RTCIceGatherer, RTCIceServer, rtcicetransport
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from core.media import compat_ice
from core.media.compat_ice import limit_addresses
from core.media.events import LegChanged, LegSpec
from core.media.ice import OWN_ADDRESSES, IceConfiguration, IceServer, ephemeral_credentials
from core.media.leg import CLOSE_TIMEOUT_S
from core.media.player import FileClient
from core.media.sound_file import SoundFile
from core.model.call import LegId, LegState, ParticipantId
from core.model.errors import RelayRefused, RelayUnreachable
from core.model.health import PartState
from core.model.media_path import CandidateType, MediaPath, PathTransport
from core.settings import BridgeKind, IcePolicy
from tests.media.rig import CALL, Rig, assert_continuous, media_rig
from tests.support.coturn import (
    EPHEMERAL,
    PASSWORD,
    PORT,
    RELAY_PORTS,
    SECRET,
    USERNAME,
    Coturn,
    coturn_marks,
    running_coturn,
)
from tests.support.namespace import namespace_marks, own_namespace

pytestmark = [*namespace_marks(), *coturn_marks()]

FIXED_CREDENTIALS = {"turn_username": USERNAME, "turn_password": PASSWORD}
SENTENCE_LIMIT_S = 10.0
NOBODY = "turn:10.99.0.2:3499"
"""A TURN server that does not answer: see `silent`."""

Tones = dict[int, Path]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    with own_namespace() as addresses:
        yield addresses


@pytest.fixture
def coturn(network: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Coturn]:
    with running_coturn(network[0]) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        yield server


@pytest.fixture
def direct_paths_blocked(network: tuple[str, str]) -> None:
    """What a mobile network or a tunnel does: no UDP gets through but a TURN server's."""
    low, high = RELAY_PORTS
    ports = f"{PORT},{low}:{high}"
    iptables("-A", "OUTPUT", "-p", "udp", "-m", "multiport", "--ports", ports, "-j", "ACCEPT")
    iptables("-A", "OUTPUT", "-p", "udp", "-j", "DROP")


def iptables(*rule: str) -> None:
    subprocess.run(["iptables", *rule], check=True, capture_output=True)


@pytest.fixture
def silent(network: tuple[str, str]) -> str:
    """A TURN server whose packets are swallowed."""
    for protocol in ("udp", "tcp"):
        iptables("-A", "OUTPUT", "-p", protocol, "--dport", "3499", "-j", "DROP")
    return NOBODY


def client_side(coturn: Coturn, way: str = "udp", *, relay_only: bool = True) -> IceConfiguration:
    return IceConfiguration((IceServer(coturn.urls[way], USERNAME, PASSWORD),), relay_only)


def paths(rig: Rig) -> dict[str, MediaPath | None]:
    """By leg, the path that it connected on."""
    return {str(c.leg_id): c.path for c in rig.of(LegChanged) if c.state is LegState.CONNECTED}


async def assert_call_works(rig: Rig, tones: Tones, ice: IceConfiguration) -> None:
    """Two clients hear each other, without a gap."""
    alice = await rig.connect("alice", tones[440], ice=ice)
    bob = await rig.connect("bob", tones[1000], ice=ice)
    await rig.route(alice=["bob"], bob=["alice"])
    await rig.until_hears(alice, 1000)
    await rig.until_hears(bob, 440)
    assert_continuous(await rig.listen(alice, 100))


async def assert_refused(rig: Rig, error: type[Exception], match: str) -> None:
    """A leg that may use a relay only is refused in time, with a sentence, and is lost."""
    await rig.media.open_leg(LegSpec(LegId("lost"), CALL, ParticipantId("lost"), speech=False))
    began_s = time.monotonic()
    with pytest.raises(error, match=match):
        await rig.media.answer(LegId("lost"), await an_offer())
    assert time.monotonic() - began_s < SENTENCE_LIMIT_S
    await rig.until(lambda: LegState.LOST in rig.states("lost"))
    assert rig.media.health.state is PartState.DEGRADED


async def an_offer() -> str:
    offers: list[str] = []

    async def keep(offer: str) -> str:
        offers.append(offer)
        raise RelayUnreachable(server="")

    client = FileClient(SoundFile(Path("none.wav")), keep)
    with pytest.raises(RelayUnreachable):
        await client.connect()
    await client.close()
    return offers[0]


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_both_sides_go_through_the_relay_alone_where_only_a_relay_is_allowed(
    coturn: Coturn, way: str, tones: Tones
) -> None:
    settings = {"turn_servers": (coturn.urls[way],), "ice_policy": IcePolicy.RELAY, **FIXED_CREDENTIALS}
    async with media_rig(**settings) as rig:
        await assert_call_works(rig, tones, client_side(coturn, way))
        assert rig.media.health.state is PartState.UP
        for path in paths(rig).values():
            assert path is not None
            assert path.local is CandidateType.RELAY
            assert path.remote in (CandidateType.RELAY, CandidateType.PEER_REFLEXIVE)
            assert path.transport is PathTransport(way)


@pytest.mark.parametrize("bridge", [BridgeKind.TAP, BridgeKind.RELAY])
async def test_every_bridge_sends_through_a_relay(coturn: Coturn, bridge: BridgeKind, tones: Tones) -> None:
    settings = {"turn_servers": (coturn.urls["udp"],), "ice_policy": IcePolicy.RELAY, **FIXED_CREDENTIALS}
    async with media_rig(bridge, **settings) as rig:
        await assert_call_works(rig, tones, client_side(coturn))


@pytest.mark.parametrize("policy", list(IcePolicy))
@pytest.mark.usefixtures("direct_paths_blocked")
async def test_failure_9_mobile_networks_reach_the_server_by_relay(
    coturn: Coturn, policy: IcePolicy, tones: Tones
) -> None:
    settings = {"turn_servers": (coturn.urls["udp"],), "ice_policy": policy, **FIXED_CREDENTIALS}
    async with media_rig(**settings) as rig:
        await assert_call_works(rig, tones, client_side(coturn, relay_only=policy is IcePolicy.RELAY))
        assert all(path is not None and path.is_relayed for path in paths(rig).values())


async def test_a_direct_path_is_taken_where_there_is_one(coturn: Coturn, tones: Tones) -> None:
    settings = {"turn_servers": (coturn.urls["udp"],), "stun_servers": (coturn.stun_url,), **FIXED_CREDENTIALS}
    async with media_rig(**settings) as rig:
        await assert_call_works(rig, tones, client_side(coturn, relay_only=False))
        assert not any(path is None or path.is_relayed for path in paths(rig).values())


async def test_credentials_made_from_the_secret_are_taken(network: tuple[str, str], tones: Tones) -> None:
    with running_coturn(network[0], EPHEMERAL) as coturn:
        url = coturn.urls["udp"]
        username, password = ephemeral_credentials(SECRET, time.time() + 60, "browser")
        ice = IceConfiguration((IceServer(url, username, password),), relay_only=True)
        async with media_rig(turn_servers=(url,), turn_secret=SECRET, ice_policy=IcePolicy.RELAY) as rig:
            await assert_call_works(rig, tones, ice)
        assert ":server" in coturn.log
        assert SECRET not in coturn.log


async def test_expired_credentials_are_refused(network: tuple[str, str]) -> None:
    with running_coturn(network[0], EPHEMERAL) as coturn:
        username, password = ephemeral_credentials(SECRET, time.time() - 60, "server")
        settings = {"turn_username": username, "turn_password": password, "ice_policy": IcePolicy.RELAY}
        async with media_rig(turn_servers=(coturn.urls["udp"],), **settings) as rig:
            await assert_refused(rig, RelayRefused, "refused the credentials")


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_a_wrong_password_is_said_at_once(coturn: Coturn, way: str) -> None:
    wrong = {"turn_username": USERNAME, "turn_password": "wrong-horse", "ice_policy": IcePolicy.RELAY}
    async with media_rig(turn_servers=(coturn.urls[way],), **wrong) as rig:
        began_s = time.monotonic()
        await assert_refused(rig, RelayRefused, f"{coturn.address}.* refused the credentials.*EARSHOT_TURN_SECRET")
        assert time.monotonic() - began_s < SENTENCE_LIMIT_S / 2


@pytest.mark.parametrize("way", ["udp", "tcp"])
async def test_a_relay_that_does_not_answer_is_said_within_seconds(silent: str, way: str) -> None:
    unreachable = {"turn_servers": (f"{silent}?transport={way}",), "ice_policy": IcePolicy.RELAY}
    async with media_rig(**unreachable, **FIXED_CREDENTIALS) as rig:
        await assert_refused(rig, RelayUnreachable, f"{silent}.*EARSHOT_TURN_SERVERS")


def a_gatherer(url: str, policy: RTCIceTransportPolicy, monkeypatch: pytest.MonkeyPatch) -> RTCIceGatherer:
    """aiortc's own, with a TURN server, in this process; it finds addresses as the media process does."""
    monkeypatch.setattr(rtcicetransport, "Connection", rtcicetransport.Connection)
    limit_addresses(None, "")
    return RTCIceGatherer([RTCIceServer(url, username=USERNAME, credential=PASSWORD)], policy)


async def test_where_other_addresses_do_a_silent_relay_is_not_waited_for_as_long(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat_ice, "BESIDE_TIMEOUT_S", 0.1)
    gatherer = a_gatherer(silent, RTCIceTransportPolicy.ALL, monkeypatch)
    async with asyncio.timeout(compat_ice.GATHER_TIMEOUT_S / 2):
        await gatherer.gather()
    assert {candidate.type for candidate in gatherer.getLocalCandidates()} == {"host"}
    await gatherer._connection.close()


async def test_a_relay_that_cannot_be_trusted_is_not_used(coturn: Coturn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    settings = {"turn_servers": (coturn.urls["tls"],), "ice_policy": IcePolicy.RELAY, **FIXED_CREDENTIALS}
    async with media_rig(**settings) as rig:
        await assert_refused(rig, RelayUnreachable, "cannot be trusted")


async def test_a_call_goes_on_without_a_relay_where_it_may_and_the_health_says_so(coturn: Coturn, tones: Tones) -> None:
    wrong = {"turn_username": USERNAME, "turn_password": "wrong-horse"}
    async with media_rig(turn_servers=(coturn.urls["udp"],), **wrong) as rig:
        await assert_call_works(rig, tones, OWN_ADDRESSES)
        assert rig.media.health.state is PartState.DEGRADED
        assert coturn.urls["udp"] in str(rig.media.health.detail)
        assert "wrong-horse" not in str(rig.media.health.detail)


def sockets_to_turn(process: psutil.Process) -> int:
    """How many sockets of a process are open to the TURN server."""
    return sum(1 for entry in process.net_connections() if entry.raddr and entry.raddr.port == PORT)


@pytest.mark.parametrize("way", ["udp", "tcp"])
async def test_a_leg_is_closed_in_time_though_the_relay_answers_no_more(coturn: Coturn, way: str, tones: Tones) -> None:
    settings = {"turn_servers": (coturn.urls[way],), "ice_policy": IcePolicy.RELAY, **FIXED_CREDENTIALS}
    async with media_rig(**settings) as rig:
        await rig.connect("alice", tones[440], ice=client_side(coturn))
        assert rig.media.pid is not None
        process = psutil.Process(rig.media.pid)
        assert sockets_to_turn(process) == 1
        for protocol in ("udp", "tcp"):
            iptables("-I", "OUTPUT", "-p", protocol, "--sport", str(PORT), "-j", "DROP")
        began_s = time.monotonic()
        await rig.media.close_leg(LegId("alice"))
        assert time.monotonic() - began_s < CLOSE_TIMEOUT_S
        assert sockets_to_turn(process) == 0
        # For the client, which would ask for a minute.
        iptables("-F", "OUTPUT")


async def test_an_address_that_comes_too_late_is_given_up(coturn: Coturn, monkeypatch: pytest.MonkeyPatch) -> None:
    gatherer = a_gatherer(coturn.urls["udp"], RTCIceTransportPolicy.RELAY, monkeypatch)
    gathering = asyncio.create_task(gatherer.gather(), name="gathering")
    await asyncio.sleep(0)
    await gatherer._connection.close()
    await gathering
    assert gatherer.getLocalCandidates() == []
    assert sockets_to_turn(psutil.Process()) == 0


async def test_a_port_range_an_advertised_address_stun_and_turn_go_together(coturn: Coturn) -> None:
    low, high, outside = 41000, 41003, "203.0.113.7"
    settings = {
        "turn_servers": (coturn.urls["udp"],),
        "stun_servers": (coturn.stun_url,),
        "media_ports": f"{low}-{high}",
        "media_address": outside,
        **FIXED_CREDENTIALS,
    }
    async with media_rig(**settings) as rig:
        await rig.media.open_leg(LegSpec(LegId("a"), CALL, ParticipantId("a"), speech=False))
        answer = await rig.media.answer(LegId("a"), await an_offer())
    told: dict[str, set[tuple[str, int]]] = {}
    for line in answer.splitlines():
        if line.startswith("a=candidate:"):
            parts = line.split()
            told.setdefault(parts[parts.index("typ") + 1], set()).add((parts[4], int(parts[5])))
    assert {address for address, _ in told["host"]} == {outside}
    assert all(low <= port <= high for _, port in told["host"] | told["srflx"])
    ((relay, port),) = told["relay"]
    assert relay == coturn.address
    assert RELAY_PORTS[0] <= port <= RELAY_PORTS[1]


@pytest.mark.usefixtures("network")
async def test_a_demo_plays_without_the_relay(tones: Tones, silent: str) -> None:
    """Its clients are on the server's machine: what stands between browsers and the server is not between them."""
    unreachable = {"turn_servers": (silent,), "ice_policy": IcePolicy.RELAY}
    async with media_rig(**unreachable, **FIXED_CREDENTIALS) as rig:
        await rig.media.open_leg(LegSpec(LegId("demo"), CALL, ParticipantId("demo"), speech=False))
        await rig.media.play({LegId("demo"): tones[440]}, CALL)
        await rig.until(lambda: paths(rig))
        path = paths(rig)["demo"]
        assert path is not None
        assert not path.is_relayed
