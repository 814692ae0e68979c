"""In which language each participant is written down, and what happens to the words when that changes."""

import threading

from core.calls.session import CallSession
from core.model.audio import PcmChunk
from core.model.call import EndReason, LegId, Participant, ParticipantId, Role
from tests.calls.conftest import World
from tests.fakes.speech import ScriptedSession


def session_of(world: World, call: CallSession, participant: Participant, number: int = 0) -> ScriptedSession:
    suffix = f"-{number}" if number else ""
    return world.transcriber.sessions[f"{call.call.id}-{participant.id}{suffix}"]


def leg_of(call: CallSession, participant_id: ParticipantId) -> LegId:
    leg_id = next(p.leg_id for p in call.call.participants if p.id == participant_id)
    assert leg_id is not None
    return leg_id


async def test_each_participant_is_recognised_in_the_own_language_or_that_of_the_call(world: World) -> None:
    call = await world.call(language="ko")
    customer = await call.join(Role.CUSTOMER, "Chris")
    await call.set_language(customer.id, "en")
    await call.connect(customer.id)
    agent = await world.connected(call, Role.AGENT, "민수")
    assert session_of(world, call, customer).language == "en"
    assert session_of(world, call, agent).language == "ko"
    await world.until(lambda: "en" in [p.language for p in world.store.load_call(call.call.id).call.participants])
    back = await call.join(Role.CUSTOMER, "Chris", participant_id=customer.id)
    assert back.language == "en", "who comes back speaks what was spoken before"


async def test_a_change_in_mid_call_loses_no_words_and_mixes_none_up(world: World) -> None:
    call = await world.call(language="ko")
    customer = await world.connected(call, Role.CUSTOMER, "Chris")
    former = session_of(world, call, customer)
    world.registry.take(PcmChunk(leg_of(call, customer.id), call.record.origin + 1.0, b"\1\0"))
    may_close = threading.Event()
    close = former.close

    def close_late(timeout_s: float) -> bool:
        may_close.wait(10.0)
        former.recognise("세 시에", ordinal=0, start_s=1.0)
        return close(timeout_s)

    former.close = close_late
    await call.set_language(customer.id, "en")
    following = session_of(world, call, customer, 1)
    world.registry.take(PcmChunk(leg_of(call, customer.id), call.record.origin + 2.0, b"\2\0"))
    assert (former.fed, following.fed) == ([(b"\1\0", 1.0)], [(b"\2\0", 2.0)])
    assert following.language == "en"
    following.recognise("I said 세 시에", ordinal=0, start_s=2.0)
    await world.until(lambda: call.record.finals())
    may_close.set()
    await call.end(EndReason.HUNG_UP)
    kept = world.store.load_call(call.call.id).utterances
    assert [(utterance.text, utterance.id) for utterance in kept] == [
        ("3시에", f"{customer.id}-0"),
        ("I said 세 시에", f"{customer.id}-1-0"),
    ]
    assert former.is_closed
    assert following.is_closed


async def test_the_same_language_again_changes_nothing(world: World) -> None:
    call = await world.call(language="ko")
    customer = await world.connected(call, Role.CUSTOMER, "지영")
    revision = call.record.revision
    await call.set_language(customer.id, "ko")
    assert len(world.transcriber.sessions) == 1
    assert call.record.revision == revision
    assert not session_of(world, call, customer).is_closed


async def test_languages_go_to_and_fro_and_each_time_in_a_session_of_its_own(world: World) -> None:
    call = await world.call(language="ko")
    customer = await world.connected(call, Role.CUSTOMER, "Chris")
    for language in ("en", "ko", "en"):
        await call.set_language(customer.id, language)
    for number, language in enumerate(("ko", "en", "ko", "en")):
        session = session_of(world, call, customer, number)
        assert session.language == language
        session.recognise(f"word {number}", start_s=float(number))
    await call.end(EndReason.HUNG_UP)
    kept = world.store.load_call(call.call.id).utterances
    assert [utterance.text for utterance in kept] == [f"word {number}" for number in range(4)]
    assert len({utterance.id for utterance in kept}) == 4
    assert all(session.is_closed for session in world.transcriber.sessions.values())


async def test_another_language_before_there_is_anything_to_hear_opens_no_session(world: World) -> None:
    call = await world.call(language="ko")
    customer = await call.join(Role.CUSTOMER, "Chris")
    await call.set_language(customer.id, "en")
    assert world.transcriber.sessions == {}
