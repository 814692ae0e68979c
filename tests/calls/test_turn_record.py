"""What is told of an utterance besides its words: trace, times, engine; and of audio that gave none."""

import logging
import re

import pytest

from core.calls.session import CallSession
from core.model.call import EndReason, Participant, Role
from core.model.snapshot import Note
from core.model.utterance import Utterance
from tests.calls.conftest import World


def shown(session: CallSession) -> tuple[Utterance, ...]:
    return session.record.snapshot().utterances


async def customer_of(world: World) -> tuple[CallSession, Participant]:
    session = await world.call()
    return session, await world.connected(session, Role.CUSTOMER, "지영")


async def test_an_utterance_keeps_its_trace_and_its_first_words_time_until_it_is_kept(world: World) -> None:
    session, customer = await customer_of(world)
    speech = world.speech_of(session, customer)
    world.clock.advance(2.0)
    speech.recognise("환불", is_final=False, start_s=1.0)
    await world.until(lambda: shown(session))
    (first,) = shown(session)
    world.clock.advance(0.75)
    speech.recognise("환불하고", is_final=False, start_s=1.0)
    await world.until(lambda: shown(session)[0].text == "환불하고")
    world.clock.advance(0.5)
    speech.recognise("환불하고 싶어요", start_s=1.0)
    await world.until(lambda: shown(session)[0].is_final)
    (last,) = shown(session)
    assert first.trace_id
    assert last.trace_id == first.trace_id
    assert (last.first_interim_s, last.recognised_s) == pytest.approx((2.0, 3.25))
    assert (last.engine, last.model) == ("scripted", "test")
    assert world.store.load_call(session.call.id).utterances == (last,)


async def test_no_two_utterances_share_a_trace_and_without_interims_there_is_no_time_of_first_words(
    world: World,
) -> None:
    traces = set()
    for _ in range(2):
        session, customer = await customer_of(world)
        for ordinal in range(3):
            world.speech_of(session, customer).recognise(f"말 {ordinal}", ordinal=ordinal, start_s=float(ordinal))
        await world.until(lambda session=session: len(shown(session)) == 3)
        traces |= {utterance.trace_id for utterance in shown(session)}
        assert {utterance.first_interim_s for utterance in shown(session)} == {None}
    assert len(traces) == 6


async def test_the_log_names_an_utterance_by_its_trace_and_quotes_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "core.calls")
    session, customer = await customer_of(world)
    world.speech_of(session, customer).recognise("환불하고 싶어요", start_s=1.0)
    await session.end(EndReason.HUNG_UP)
    (utterance,) = world.store.load_call(session.call.id).utterances
    assert re.search(rf"utterance {utterance.trace_id} was recognised .* by scripted test", caplog.text)
    assert "환불" not in caplog.text


async def test_audio_that_was_given_up_is_a_note_with_its_times_and_withdraws_what_was_shown_of_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    session, customer = await customer_of(world)
    speech = world.speech_of(session, customer)
    speech.recognise("환불", is_final=False, start_s=1.0)
    await world.until(lambda: shown(session))
    (interim,) = shown(session)
    speech.give_up(0, 1.0, 9.5)
    await world.until(lambda: not shown(session))
    expected = Note(1.0, "speech_lost", "지영", until_s=9.5)
    assert expected in session.record.notes
    await world.until(lambda: expected in world.store.load_call(session.call.id).notes)
    assert world.store.load_call(session.call.id).utterances == ()
    assert f"given up (utterance {interim.trace_id})" in caplog.text
