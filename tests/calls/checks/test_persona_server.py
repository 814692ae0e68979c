"""What the Doctor finds out about the personas' server."""

import pytest

from core.calls.checks.persona_server import REHEARSAL, persona_server
from core.model.check import CheckState
from core.model.clock import SystemClock
from core.model.errors import PersonaKeyRefused, PersonaUnreachable
from core.persona.realtime import OpenAIRealtime
from core.persona.rehearsal.answers import ScriptedAnswers
from core.persona.rehearsal.hearing import ScriptedHearing
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.staging import Staging
from core.settings import Settings
from tests.fakes.persona_stage import FixedVoice

MODEL = "gpt-realtime-2.1-mini"


async def test_a_server_that_takes_the_key_is_found_good_by_a_session_without_a_word() -> None:
    sessions = []
    staging = Staging(ScriptedHearing(()), FixedVoice(), ScriptedAnswers())
    server = RehearsalServer(staging, key="right", on_session=sessions.append)
    await server.start()
    for key in ("right", "wrong"):
        settings = Settings(_env_file=None, realtime_base_url=server.base_url, realtime_api_key=key)
        realtime = OpenAIRealtime(settings)
        if key == "right":
            finding = await persona_server(realtime, MODEL, SystemClock())
            assert finding.state is CheckState.GOOD
            assert MODEL in str(finding.found[0])
            assert len(sessions) == 1
        else:
            with pytest.raises(PersonaKeyRefused):
                await persona_server(realtime, MODEL, SystemClock())
        await realtime.close()
    await server.close()
    realtime = OpenAIRealtime(settings)
    with pytest.raises(PersonaUnreachable):
        await persona_server(realtime, MODEL, SystemClock())
    await realtime.close()


async def test_without_a_key_there_is_nothing_to_check() -> None:
    finding = await persona_server(None, MODEL, SystemClock())
    assert (finding.state, finding.found) == (CheckState.NOT_SET_UP, (REHEARSAL,))
    assert finding.cure is not None
