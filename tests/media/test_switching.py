"""A supervisor's mode changes while somebody talks: what the agent hears goes on, without a hole or a new stream."""

from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray

from core.media.opus import OpusDecoder
from core.media.packet import CLOCK_RATE, MediaPacket, signed_difference
from core.model.call import LegState
from core.settings import BridgeKind
from tests.media.rig import assert_continuous, media_rig, write_tone
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

Sound = NDArray[np.float64]
WINDOW = CLOCK_RATE // 100
LONGEST_HOLE_S = 0.1
SWITCHES = 4


def played(packets: list[MediaPacket]) -> Sound:
    """The sound as an ear without a jitter buffer plays it: each packet at its timestamp, nothing in between."""
    decoder = OpusDecoder()
    starts = [0]
    for before, after in pairwise(packets):
        starts.append(starts[-1] + signed_difference(after.timestamp, before.timestamp, 32))
    sound = np.zeros(starts[-1] + CLOCK_RATE, np.int16)
    for start, packet in zip(starts, packets, strict=True):
        pcm = decoder.decode(packet.payload)
        sound[start : start + len(pcm)] = pcm
    return sound[: starts[-1]].astype(float)


def longest_hole_s(sound: Sound, loud: float) -> float:
    """The longest stretch of 10 ms windows that are less than half as loud as they should be."""
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
    longest = hole = 0
    for quiet in np.sqrt(np.mean(windows**2, axis=1)) < loud / 2:
        hole = hole + 1 if quiet else 0
        longest = max(longest, hole)
    return longest * WINDOW / CLOCK_RATE


def test_a_hole_is_measured_as_it_is() -> None:
    sound = np.tile([8000.0, -8000.0], CLOCK_RATE // 2)
    sound[10_000 : 10_000 + CLOCK_RATE // 10] = 0
    assert longest_hole_s(sound, 8000) == pytest.approx(0.1, abs=0.011)


@pytest.mark.parametrize("bridge", list(BridgeKind))
async def test_a_coach_comes_and_goes_without_a_hole_in_what_the_customer_says(
    bridge: BridgeKind, tones: dict[int, Path], tmp_path: Path
) -> None:
    quiet = write_tone(tmp_path / "quiet.wav", 440, seconds=1.0, peak=0)
    async with media_rig(bridge) as rig:
        agent = await rig.connect("agent", tones[1000])
        await rig.connect("customer", tones[440])
        coach = await rig.connect("coach", quiet)
        await rig.route(agent=["customer"], customer=["agent"], coach=["agent", "customer"])
        await rig.until_hears(agent, 440)
        await rig.until_hears(coach, 440, 1000)
        first = len(agent.packets)
        holes: dict[str, list[float]] = {"comes": [], "goes": []}
        for change in ("comes", "goes") * SWITCHES:
            begin = len(agent.packets) - 1
            heard_by_agent = ["customer", "coach"] if change == "comes" else ["customer"]
            await rig.route(agent=heard_by_agent, customer=["agent"], coach=["agent", "customer"])
            await rig.listen(agent, 25)
            holes[change].append(longest_hole_s(played(agent.packets[begin:]), 8000 / np.sqrt(2)))
        heard = agent.packets[first:]
        assert rig.states("agent") == [LegState.OPEN, LegState.CONNECTING, LegState.CONNECTED]
    assert_continuous(heard)
    # The usual one counts: a single longer hole is the machine's, whose cores others use, too.
    assert median(holes["comes"]) < LONGEST_HOLE_S
    assert median(holes["goes"]) < LONGEST_HOLE_S
