"""Where the media process listens, and what browsers are told, with real packets."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiortc import RTCPeerConnection

from core.media.events import LegSpec
from core.model.call import LegId, LegState, ParticipantId
from core.model.errors import MediaPortsUsedUp
from core.settings import BridgeKind
from tests.media.rig import CALL, Rig, media_rig
from tests.support.namespace import namespace_marks, own_namespace

pytestmark = namespace_marks()

LOW, HIGH = 41000, 41003
"""Two legs fit, each with a port on either address."""
OUTSIDE = "203.0.113.7"

Tones = dict[int, Path]


@pytest.fixture
def own_network() -> Iterator[tuple[str, str]]:
    with own_namespace() as addresses:
        yield addresses


def audio_ports(rig: Rig) -> set[int]:
    """The UDP ports that the media process listens on, except for multicast DNS."""
    (media,) = [child for child in psutil.Process().children(recursive=True) if "core.media" in child.cmdline()]
    return {entry.laddr.port for entry in media.net_connections("udp")} - {5353}


def candidate_addresses(sdp: str) -> set[str]:
    return {line.split()[4] for line in sdp.splitlines() if line.startswith("a=candidate:")}


async def offered(rig: Rig, name: str) -> str:
    """The answer to one more leg's offer."""
    await rig.media.open_leg(LegSpec(LegId(name), CALL, ParticipantId(name), speech=False))
    connection = RTCPeerConnection()
    try:
        connection.addTransceiver("audio")
        await connection.setLocalDescription(await connection.createOffer())
        return await rig.media.answer(LegId(name), connection.localDescription.sdp)
    finally:
        await connection.close()


@pytest.mark.usefixtures("own_network")
@pytest.mark.parametrize("bridge", list(BridgeKind))
async def test_a_call_works_on_the_ports_of_the_range_alone(bridge: BridgeKind, tones: Tones) -> None:
    async with media_rig(bridge, media_ports=f"{LOW}-{HIGH}") as rig:
        alice = await rig.connect("alice", tones[440])
        bob = await rig.connect("bob", tones[1000])
        await rig.route(alice=["bob"], bob=["alice"])
        await rig.until_hears(alice, 1000)
        await rig.until_hears(bob, 440)
        ports = audio_ports(rig)
        assert ports
        assert ports <= set(range(LOW, HIGH + 1))


@pytest.mark.usefixtures("own_network")
async def test_legs_that_connect_at_the_same_time_take_different_ports_until_all_are_used(tones: Tones) -> None:
    async with media_rig(media_ports=f"{LOW}-{HIGH}") as rig:
        await asyncio.gather(*(rig.connect(name, tones[440]) for name in ("a", "b", "c", "d")))
        with pytest.raises(MediaPortsUsedUp, match=f"{LOW}-{HIGH}"):
            await offered(rig, "e")
        assert LegState.LOST in rig.states("e")
        await rig.media.close_leg(LegId("a"))
        await rig.until(lambda: LegState.CLOSED in rig.states("a"))
        await rig.connect("f", tones[440])
        await rig.until(lambda: LegState.CONNECTED in rig.states("f"))


@pytest.mark.usefixtures("own_network")
async def test_browsers_are_told_the_advertised_address_alone() -> None:
    async with media_rig(media_address=OUTSIDE) as rig:
        sdp = await offered(rig, "a")
    assert candidate_addresses(sdp) == {OUTSIDE}
    assert f"c=IN IP4 {OUTSIDE}" in sdp


async def test_an_advertised_address_of_the_machine_s_own_leaves_out_the_others(own_network: tuple[str, str]) -> None:
    async with media_rig(media_address=own_network[1]) as rig:
        assert candidate_addresses(await offered(rig, "a")) == {own_network[1]}


@pytest.fixture
def router(own_network: tuple[str, str]) -> None:
    """What a cloud's router does: packets to the public address arrive at the machine's own, on the same port."""
    rule = ["-t", "nat", "-A", "OUTPUT", "-d", OUTSIDE, "-p", "udp", "-j", "DNAT", "--to-destination", own_network[0]]
    subprocess.run(["ip", "route", "add", OUTSIDE, "dev", "va"], check=True)
    subprocess.run(["iptables", *rule], check=True)


@pytest.mark.usefixtures("router")
async def test_a_call_goes_through_a_router_that_translates_the_address(tones: Tones) -> None:
    async with media_rig(media_address=OUTSIDE, media_ports=f"{LOW}-{HIGH}") as rig:
        alice = await rig.connect("alice", tones[440])
        bob = await rig.connect("bob", tones[1000])
        await rig.route(alice=["bob"], bob=["alice"])
        await rig.until_hears(alice, 1000)
        await rig.until_hears(bob, 440)
