"""Legs whose owner gave up: nothing of them stays in the media process."""

import asyncio
import os
import signal

import pytest

from core.media.child import MediaChild
from core.media.client import REQUEST_TIMEOUT_S
from core.media.events import LegSpec
from core.media.messages import AnyRequest, OpenLeg
from core.model.call import LegId, ParticipantId
from core.model.errors import MediaTimeout
from tests.media.rig import CALL, media_rig

VOICE = LegSpec(LegId("voice"), CALL, ParticipantId("persona"), speech=False, is_voice=True)


async def test_a_leg_that_becomes_known_when_nobody_waits_for_it_any_more_is_closed() -> None:
    """The request was written and the process is slow: it opens the leg after its owner has given up."""
    async with media_rig() as rig:
        assert rig.media.pid is not None
        os.kill(rig.media.pid, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(rig.media.open_leg(VOICE), 0.3)
        finally:
            os.kill(rig.media.pid, signal.SIGCONT)
        await rig.until_idle()
        assert rig.states("voice") == []
        await rig.media.open_leg(VOICE)


async def test_a_leg_whose_owner_gave_up_when_it_was_known_already_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The news that it is open comes before the answer to the request, which comes too late."""
    ask = MediaChild.request

    async def too_late(child: MediaChild, request: AnyRequest, timeout_s: float = REQUEST_TIMEOUT_S) -> str:
        reply = await ask(child, request, timeout_s)
        if isinstance(request, OpenLeg):
            raise MediaTimeout(request=request.name)
        return reply

    monkeypatch.setattr(MediaChild, "request", too_late)
    async with media_rig() as rig:
        with pytest.raises(MediaTimeout):
            await rig.media.open_leg(VOICE)
        await rig.until_idle()
