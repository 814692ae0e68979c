"""Which personas there are, and what is asked of them from other threads."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from core.calls.durable import DurableWriter
from core.calls.hours_book import HoursBook
from core.calls.loop import CallsLoop
from core.calls.persona_calls import PersonaCalls
from core.calls.persona_hours import PersonaHours
from core.calls.personas import LONGEST_TEXT, PersonaParts, Personas
from core.model.call import Call, CallId, CallState, PersonaId
from core.model.errors import (
    CallEnded,
    CallNotFound,
    CallWithoutPersona,
    HoursOverrideInvalid,
    PersonaClosed,
    PersonaFileInvalid,
    PersonaKeyRefused,
    PersonaNotFound,
    PersonaTextInvalid,
)
from core.model.opening_hours import HoursOverride, OpeningHours
from core.persona.handbook_tool import SEARCH_HANDBOOK
from core.persona.persona_folder import PersonaFolder, PersonaList
from core.settings import PROJECT_ROOT
from core.store.records import Store
from tests.calls.test_persona_hours import moment
from tests.fakes.clock import ManualClock
from tests.fakes.persona_calls import CountingServer, FakeSession, PersonaBooth
from tests.support.waiting import wait_for

SARADO, MORGAN = PersonaId("sarado"), PersonaId("morgan")
NOON = moment("2026-11-30 12:00")


@dataclass
class House:
    """Personas with everything real but their sessions and the clock."""

    personas: Personas
    folder: Path
    clock: ManualClock
    booth: PersonaBooth
    store: Store
    loop: CallsLoop
    opened: list[Personas]


def open_house(folder: Path, is_rehearsal: bool = False, today: date = date(2026, 11, 30)) -> House:
    clock = ManualClock(wall=NOON)
    store = Store.open(f"sqlite:///{folder / 'calls.db'}")
    loop = CallsLoop("test-calls")
    booth, server = PersonaBooth(clock), CountingServer(clock)
    persona_dir = folder / "personas"
    if not persona_dir.exists():
        shutil.copytree(PROJECT_ROOT / "personas", persona_dir)
    files = PersonaFolder(persona_dir, "gpt-realtime-2.1-mini", frozenset({SEARCH_HANDBOOK}), lambda: today)
    book = HoursBook(OpeningHours(), store.hours_overrides.in_force(clock.wall()), clock)
    calls = PersonaCalls(booth, server, is_rehearsal, {}, book)

    def find(call_id: CallId) -> FakeSession:
        for session in booth.sessions:
            if session.call.id == call_id:
                return session
        raise CallNotFound(call_id=call_id)

    async def read() -> PersonaList:
        return files.list()

    async def written_down(call: Call) -> None:
        pass

    async def begin() -> Personas:
        hours = PersonaHours(read, calls, book, clock, written_down)
        durable = DurableWriter(lambda: store.health)
        return Personas(PersonaParts(files, book, calls, hours, server, loop, store, durable, find))

    personas = loop.wait(begin, 10)
    return House(personas, persona_dir, clock, booth, store, loop, [personas])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path)
    yield opened
    opened.loop.wait(opened.personas.close, 10)
    opened.loop.close()
    opened.store.close()


def test_the_personas_that_come_with_earshot_are_offered_with_their_hours(house: House) -> None:
    offers = {offer.persona.id: offer for offer in house.personas.offers()}
    assert {SARADO} <= set(offers)
    sarado = offers[SARADO]
    assert (sarado.is_rehearsal, sarado.problem, sarado.override, sarado.ready_call_id) == (False, None, None, None)
    assert sarado.hours.time_zone == "Asia/Seoul"
    assert not sarado.opening.is_open, "it is night in Seoul"
    assert sarado.opening.changes_at == moment("2026-12-01 08:00", "Asia/Seoul")
    assert house.personas.problems() == ()


def test_a_rehearsal_is_always_open_and_labelled(tmp_path: Path) -> None:
    house = open_house(tmp_path, is_rehearsal=True)
    (sarado,) = [offer for offer in house.personas.offers() if offer.persona.id == SARADO]
    assert (sarado.is_rehearsal, sarado.opening.is_open, sarado.opening.changes_at) == (True, True, None)
    call = house.personas.start(SARADO, "user:kim")
    assert call.persona is not None
    assert call.persona.is_rehearsal
    house.loop.wait(house.personas.close, 10)
    house.loop.close()
    house.store.close()


def test_files_are_read_again_when_they_change_and_a_broken_one_is_named_and_hurts_no_other(house: House) -> None:
    file = house.folder / "sarado.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('voice = "cedar"', 'voice = "bass"'), encoding="utf-8")
    assert SARADO not in [offer.persona.id for offer in house.personas.offers()]
    assert house.personas.offers()
    (problem,) = house.personas.problems()
    assert (problem.path, problem.key) == ("sarado.toml", "voice")
    with pytest.raises(PersonaFileInvalid):
        house.personas.start(SARADO, "user:kim")
    file.write_text(text, encoding="utf-8")
    assert house.personas.problems() == ()
    file.unlink()
    with pytest.raises(PersonaNotFound):
        house.personas.start(SARADO, "user:kim")
    with pytest.raises(PersonaNotFound):
        house.personas.start(PersonaId("../sarado"), "user:kim")


def test_a_model_that_is_shut_down_is_refused_from_its_day_on_without_any_change_of_the_file(tmp_path: Path) -> None:
    today = [date(2027, 1, 19)]
    (tmp_path / "old.toml").write_text(
        'name = "Old"\nlanguage = "en"\nvoice = "marin"\nmodel = "gpt-realtime-mini"\ninstructions = "Be."\n'
    )
    folder = PersonaFolder(tmp_path, "gpt-realtime-2.1-mini", frozenset(), lambda: today[0])
    assert folder.find(PersonaId("old")).retires_on == date(2027, 1, 20)
    today[0] = date(2027, 1, 20)
    with pytest.raises(PersonaFileInvalid, match=r"was shut down on 2027-01-20; take gpt-realtime-2\.1-mini"):
        folder.find(PersonaId("old"))


def test_what_is_sent_twice_is_said_once(house: House) -> None:
    call = house.personas.start(_open_now(house), "user:kim")
    house.booth.sessions[-1].come()
    house.personas.type(call.id, "  혼저옵서예 ", "m1")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: house.personas.type(call.id, "괜찮주게", "m2"), range(8)))
    house.personas.type(call.id, "괜찮주게", "m3")
    house.personas.type(call.id, "괜찮주게")
    house.personas.type(call.id, "괜찮주게")
    assert house.booth.sessions[-1].persona.typed == ["혼저옵서예", *["괜찮주게"] * 4]


def test_what_cannot_be_sent_is_refused_with_a_sentence(house: House) -> None:
    call = house.personas.start(_open_now(house), "user:kim")
    for text, reason in (("   ", "it is empty"), ("x" * (LONGEST_TEXT + 1), f"longer than {LONGEST_TEXT} characters")):
        with pytest.raises(PersonaTextInvalid, match=reason):
            house.personas.type(call.id, text, "m1")
    with pytest.raises(PersonaTextInvalid, match="nobody has joined"):
        house.personas.type(call.id, "Hello", "m1")
    house.booth.sessions[-1].come()
    with pytest.raises(CallNotFound):
        house.personas.type(CallId("none"), "Hello", "m1")
    house.personas.type(call.id, "x" * LONGEST_TEXT, "m1")
    session = house.booth.sessions[-1]
    session.persona = None
    for ask in (lambda: house.personas.type(call.id, "Hello", "m2"), lambda: house.personas.interrupt(call.id)):
        with pytest.raises(CallWithoutPersona):
            ask()
    house.loop.wait(session.end, 10)
    for ask in (lambda: house.personas.type(call.id, "Hello", "m2"), lambda: house.personas.interrupt(call.id)):
        with pytest.raises(CallEnded):
            ask()


def test_what_is_written_to_a_persona_whose_session_is_over_is_refused_and_not_lost_without_a_word(
    house: House,
) -> None:
    call = house.personas.start(_open_now(house), "user:kim")
    persona = house.booth.sessions[-1].persona
    persona.give_up(PersonaKeyRefused(server="counting.test"))
    with pytest.raises(PersonaTextInvalid, match="session is over"):
        house.personas.type(call.id, "Hello", "m1")
    assert not persona.typed


def test_an_interruption_reaches_the_persona(house: House) -> None:
    call = house.personas.start(_open_now(house), "user:kim")
    house.personas.interrupt(call.id)
    assert house.booth.sessions[-1].persona.interrupted == 1


def test_an_override_is_in_force_at_once_is_kept_and_ends_by_itself_or_by_hand(house: House) -> None:
    with pytest.raises(PersonaClosed):
        house.personas.start(SARADO, "user:kim")
    house.personas.override(SARADO, is_open=True, until=NOON + 3600, by="Sue")
    call = house.personas.start(SARADO, "user:kim")
    (offer,) = [offer for offer in house.personas.offers() if offer.persona.id == SARADO]
    assert (offer.opening.is_open, offer.opening.is_overridden, offer.opening.changes_at) == (True, True, NOON + 3600)
    assert offer.override == HoursOverride(True, NOON + 3600, "Sue")
    assert house.store.hours_overrides.in_force(NOON) == {SARADO: offer.override}
    assert house.store.hours_overrides.in_force(NOON + 3600) == {}
    house.personas.override(SARADO, is_open=True, until=NOON + 7200, by="Tom")
    assert house.store.hours_overrides.in_force(NOON) == {SARADO: HoursOverride(True, NOON + 7200, "Tom")}
    house.personas.end_override(SARADO)
    assert house.store.hours_overrides.in_force(NOON) == {}
    session = house.booth.sessions[0]
    assert session.call.id == call.id
    assert wait_for(lambda: session.call.state is CallState.ENDED), "nobody had come yet, so the call ends at once"
    with pytest.raises(PersonaClosed):
        house.personas.start(SARADO, "user:kim")
    with pytest.raises(PersonaNotFound):
        house.personas.override(PersonaId("nobody"), is_open=True, until=NOON + 3600, by="Sue")
    with pytest.raises(HoursOverrideInvalid):
        house.personas.override(SARADO, is_open=True, until=NOON, by="Sue")
    house.personas.end_override(SARADO)


def _open_now(house: House) -> PersonaId:
    """A persona that is open at noon in London."""
    return next(offer.persona.id for offer in house.personas.offers() if offer.opening.is_open)
