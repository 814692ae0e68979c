"""A whole server with personas: the rehearsal by itself, and a real key's hours against a server that counts."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.backend import Backend
from core.model.audit import AuditAction, AuditQuery
from core.model.call import CallState, EndReason, PersonaId, Role
from core.model.errors import PersonaClosed
from core.model.loop_thread import LoopThread, cancel_others
from core.model.persona import PersonaState
from core.persona.rehearsal.answers import ScriptedAnswers
from core.persona.rehearsal.hearing import ScriptedHearing
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.staging import Staging
from core.settings import PROJECT_ROOT, Settings
from tests.calls.test_persona_hours import moment
from tests.fakes.clock import ManualClock
from tests.fakes.persona_stage import FixedVoice
from tests.support.waiting import wait_for

SARADO = PersonaId("sarado")
LIMIT_S = 60.0


class SteadyClock(ManualClock):
    """Its time of day is set by hand; what is measured by it goes on by itself."""


@contextmanager
def counting_server() -> Iterator[RehearsalServer]:
    thread = LoopThread("test-realtime")
    server = RehearsalServer(Staging(ScriptedHearing(()), FixedVoice(), ScriptedAnswers()), key="a key")
    thread.submit(server.start).result(10)
    yield server
    thread.submit(server.close).result(10)
    thread.close(cancel_others, 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    personas = tmp_path / "personas"
    personas.mkdir()
    text = (PROJECT_ROOT / "personas" / "sarado.toml").read_text(encoding="utf-8")
    (personas / "sarado.toml").write_text(text.replace("\nlanguage", "\nautostart = true\nlanguage", 1), "utf-8")
    shutil.copy(PROJECT_ROOT / "personas" / "harbour-desk.toml", personas)
    return tmp_path


def settings_of(folder: Path, **more: object) -> Settings:
    return Settings(_env_file=None, data_dir=folder / "data", persona_dir=folder / "personas", **more)


def test_a_key_costs_nothing_at_night_and_a_ready_persona_waits_by_day(folder: Path) -> None:
    with counting_server() as server:
        settings = settings_of(folder, realtime_base_url=server.base_url, realtime_api_key="a key")
        clock = ManualClock(wall=moment("2026-11-30 07:58", "Asia/Seoul"))
        backend = Backend(settings, clock)
        personas, hours = backend.personas, backend.personas._parts.hours
        try:
            backend._parts.loop.wait(hours.look, 30)
            with pytest.raises(PersonaClosed):
                personas.start(SARADO, "user:kim")
            assert (server.connections, backend.calls()) == (0, ())

            clock.advance(150)
            backend._parts.loop.wait(hours.look, 30)
            assert wait_for(lambda: personas.offers()[1].ready_call_id is not None, LIMIT_S)
            (call,) = backend.calls()
            assert call.persona is not None
            assert server.connections >= 1
            (line,) = backend.audit.entries(AuditQuery(action=AuditAction.PERSONA_STARTED))
            assert (line.person_id, line.subject, line.detail["persona"]) == ("system", call.id, "sarado")

            taken = personas.start(SARADO, "user:kim")
            assert (taken.id, taken.created_by) == (call.id, "user:kim")
            backend.join(call.id, Role.CUSTOMER, "Mina")
            personas.type(call.id, "속상해요", "m1")
            assert wait_for(lambda: any(each.type == "conversation.item.create" for each in personas.events(call.id)))

            personas.override(SARADO, is_open=False, until=clock.wall() + 600, by="Sue")
            assert wait_for(lambda: backend.call(call.id).state is CallState.ENDED, LIMIT_S)
            assert backend.call(call.id).end_reason is EndReason.CLOSED_HOURS
            connections = server.connections
            backend._parts.loop.wait(hours.look, 30)
        finally:
            backend.close()
        assert server.connections == connections

        again = Backend(settings, clock)
        try:
            (offer,) = [each for each in again.personas.offers() if each.persona.id == SARADO]
            assert offer.override is not None
            assert (offer.override.by, offer.opening.is_open) == ("Sue", False)
            again._parts.loop.wait(again.personas._parts.hours.look, 30)
            assert server.connections == connections
        finally:
            again.close()


def test_without_a_key_the_rehearsal_answers_by_itself_and_ends_with_the_server(folder: Path) -> None:
    backend = Backend(settings_of(folder))
    try:
        assert all(offer.is_rehearsal and offer.opening.is_open for offer in backend.personas.offers())
        assert "rehearsal" not in [part.name for part in backend.health()]
        call = backend.personas.start(SARADO, "user:kim")

        def state() -> PersonaState | None:
            persona = backend.snapshot(call.id).persona
            return None if persona is None else persona.status.state

        assert wait_for(lambda: state() is PersonaState.LISTENING, 3 * LIMIT_S)
        assert "rehearsal" in [part.name for part in backend.health()]
        host = backend.personas._parts.server
        pid = host.pid
        assert pid is not None
    finally:
        backend.close()
    assert host.pid is None
