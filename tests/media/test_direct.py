"""A machine that has nothing but loopback."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.media.addresses import only_loopback
from core.media.events import PlaybackEnded, PlaybackKind
from core.model.audio import PcmChunk
from core.model.call import LegId, LegState
from core.model.errors import AudioFileUnreadable
from core.model.sample import RtpSample
from core.settings import BridgeKind
from tests.media.rig import media_rig
from tests.media.test_controller import play_pair
from tests.support.namespace import namespace_command, namespace_marks, own_namespace

pytestmark = namespace_marks()

Tones = dict[int, Path]


@pytest.fixture
def loopback_alone() -> Iterator[None]:
    with own_namespace():
        for end in ("va", "vb"):
            subprocess.run(["ip", "addr", "flush", "dev", end], check=True)
        yield


def test_other_addresses_are_seen() -> None:
    with own_namespace():
        assert not only_loopback()


@pytest.mark.usefixtures("loopback_alone")
def test_loopback_and_link_local_addresses_do_not_count() -> None:
    assert only_loopback()


def test_a_command_runs_in_a_namespace_of_its_own() -> None:
    code = "from core.media.addresses import only_loopback; print(only_loopback())"
    command = namespace_command([sys.executable, "-c", code])
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.usefixtures("loopback_alone")
@pytest.mark.parametrize("bridge", list(BridgeKind))
async def test_files_feed_the_bridge_directly(bridge: BridgeKind, tones: Tones) -> None:
    async with media_rig(bridge) as rig:
        assert await play_pair(rig, tones[440], tones[1000]) is PlaybackKind.DIRECT
        await rig.until(lambda: LegState.CONNECTED in rig.states("left"))
        await rig.until(lambda: rig.of(PlaybackEnded))
        assert rig.of(PlaybackEnded)[0].error is None
        seconds = sum(len(c.pcm) / 32000 for c in rig.of(PcmChunk) if c.leg_id == "right")
        assert seconds == pytest.approx(1.0, abs=0.25)
        await rig.until(lambda: rig.of(RtpSample))
        assert all(sample.jitter_ms is None and sample.lost is None for sample in rig.of(RtpSample))
        for name in ("left", "right"):
            await rig.media.close_leg(LegId(name))
        await rig.until(lambda: LegState.CLOSED in rig.states("right"))


@pytest.mark.usefixtures("loopback_alone")
async def test_an_unreadable_file_is_named(tones: Tones, tmp_path: Path) -> None:
    broken = tmp_path / "깨진.wav"
    broken.write_bytes(b"RIFF not a sound")
    async with media_rig() as rig:
        with pytest.raises(AudioFileUnreadable, match=r"깨진\.wav"):
            await play_pair(rig, tones[440], broken)
