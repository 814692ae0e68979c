"""A persona's voice on the real media process, heard by real clients."""

from pathlib import Path

import numpy as np
import pytest

from core.media.events import LegSpec, VoiceSent
from core.model.call import LegId, LegState, ParticipantId
from core.model.persona import PERSONA_FORMAT
from core.settings import BridgeKind
from tests.media.rig import CALL, Rig, media_rig, write_tone
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

PERSONA = LegId("persona")


def tone(hertz: int, seconds: float, peak: int = 8000) -> bytes:
    """A tone in the persona's format."""
    at = np.arange(round(seconds * PERSONA_FORMAT.sample_rate)) / PERSONA_FORMAT.sample_rate
    return (peak * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes()


async def open_voice(rig: Rig, leg_id: LegId = PERSONA) -> None:
    await rig.media.open_leg(LegSpec(leg_id, CALL, ParticipantId(leg_id), speech=False, is_voice=True))


@pytest.mark.parametrize("bridge", list(BridgeKind))
async def test_what_a_persona_is_given_is_heard_by_everybody_who_hears_it(
    bridge: BridgeKind, tones: dict[int, Path], tmp_path: Path
) -> None:
    quiet = write_tone(tmp_path / "quiet.wav", 440, seconds=1.0, peak=0)
    async with media_rig(bridge) as rig:
        customer = await rig.connect("customer", tones[440])
        supervisor = await rig.connect("supervisor", quiet)
        await rig.route(customer=["persona"], supervisor=["persona", "customer"])
        await open_voice(rig)
        assert rig.states("persona") == [LegState.OPEN, LegState.CONNECTED]
        await rig.until_hears(customer)
        await rig.media.speak(PERSONA, "item", tone(1000, 30.0))
        await rig.until_hears(customer, 1000)
        await rig.until_hears(supervisor, 1000, 440)
        await rig.media.hush(PERSONA)
        sent = len(rig.of(VoiceSent))
        await rig.until_hears(customer)
        assert len(rig.of(VoiceSent)) == sent
