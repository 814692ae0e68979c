"""What a call's session takes down of its turns, and what pages may tell it."""

import logging
import re

import pytest

from core.calls.session import CallSession
from core.calls.turn_log import HEARD_EVERY_S
from core.model.audio import PcmChunk
from core.model.call import EndReason, Participant, Role
from core.model.turn_trace import HeardAudio, Paint, Step, TurnRecord, TurnTrace, turn_traces
from tests.calls.conftest import World


async def customer_of(world: World) -> tuple[CallSession, Participant]:
    session = await world.call()
    return session, await world.connected(session, Role.CUSTOMER, "지영")


async def say(world: World, session: CallSession, who: Participant, number: int, text: str = "환불하고 싶어요") -> str:
    """A final text that comes a second after its end; its utterance's id, once it is kept."""
    start_s = session.record.now_s()
    world.clock.advance(2.0)
    world.speech_of(session, who).recognise(text, ordinal=number, start_s=start_s)
    await world.until(lambda: len(session.record.finals()) == number + 1)
    return session.record.finals()[-1].id


async def kept(world: World, session: CallSession) -> TurnRecord:
    await session.tick()
    await world.durable.write(lambda: None)
    (record,) = world.store.turn_records([session.call.id])
    return record


async def trace_of(world: World, session: CallSession, utterance_id: str) -> TurnTrace:
    traces = {trace.utterance_id: trace for trace in turn_traces(await kept(world, session))}
    return traces[utterance_id]


async def test_a_turn_is_followed_from_the_mouth_to_the_passages(world: World) -> None:
    session, customer = await customer_of(world)
    said = await say(world, session, customer, 0)
    await world.until(lambda: session.record.snapshot().guidance)
    trace = await trace_of(world, session, said)
    assert {Step.FINAL, Step.KEPT, Step.REQUEST_SENT, Step.SUMMARY, Step.PASSAGES} <= set(trace.moments)
    assert (trace.answered_by, trace.summary_engine, trace.engine) == (said, "counting", "scripted")
    assert trace.trace_id == session.record.finals()[0].trace_id


async def test_what_a_page_has_painted_is_placed_on_the_calls_clock_and_kept(world: World) -> None:
    session, customer = await customer_of(world)
    said = await say(world, session, customer, 0)
    await world.until(lambda: session.record.latest_summary)
    world.clock.advance(0.5)
    received_s = session.record.now_s()
    await session.painted((Paint(Step.TEXT_PAINTED, said, 0.4), Paint(Step.SUMMARY_PAINTED, said, 0.1)), received_s)
    trace = await trace_of(world, session, said)
    assert trace.moments[Step.TEXT_PAINTED] == pytest.approx(received_s - 0.4)
    assert trace.moments[Step.SUMMARY_PAINTED] == pytest.approx(received_s - 0.1)


async def test_the_first_paint_counts_and_none_is_older_than_its_text(world: World) -> None:
    session, customer = await customer_of(world)
    said = await say(world, session, customer, 0)
    (utterance,) = session.record.finals()
    now_s = session.record.now_s()
    await session.painted((Paint(Step.TEXT_PAINTED, said, 55.0),), now_s)
    await session.painted((Paint(Step.TEXT_PAINTED, said, 0.0),), now_s + 3.0)
    trace = await trace_of(world, session, said)
    assert trace.moments[Step.TEXT_PAINTED] == utterance.recognised_s


async def test_no_page_can_make_the_record_grow_beyond_what_was_said(world: World) -> None:
    session, customer = await customer_of(world)
    said = await say(world, session, customer, 0)
    for number in range(200):
        await session.painted(
            (Paint(Step.TEXT_PAINTED, f"nobody-{number}", 0.0), Paint(Step.TEXT_PAINTED, said, 0.0)), 9.0
        )
    record = await kept(world, session)
    assert [moment.step for moment in record.moments].count(Step.TEXT_PAINTED) == 1
    assert {moment.utterance_id for moment in record.moments} == {said}


async def test_a_paint_that_arrives_after_the_end_is_kept_too(world: World) -> None:
    session, customer = await customer_of(world)
    said = await say(world, session, customer, 0)
    await session.end(EndReason.HUNG_UP)
    await session.painted((Paint(Step.SUMMARY_PAINTED, said, 0.0),), session.record.now_s())
    record = await kept(world, session)
    assert Step.SUMMARY_PAINTED in {moment.step for moment in record.moments}


async def test_turns_that_come_while_a_summary_is_made_share_the_next_one(world: World) -> None:
    session, customer = await customer_of(world)
    world.summarizer.gate.clear()
    first = await say(world, session, customer, 0)
    second = await say(world, session, customer, 1)
    third = await say(world, session, customer, 2)
    world.summarizer.gate.set()
    await world.until(lambda: session.record.latest_summary and session.record.latest_summary.turns == 3)
    assert not (await trace_of(world, session, first)).is_folded
    folded = await trace_of(world, session, second)
    assert (folded.is_folded, folded.answered_by) == (True, third)
    assert not (await trace_of(world, session, third)).is_folded


async def test_a_turn_that_began_first_and_came_last_has_a_summary_and_a_paint_of_its_own(world: World) -> None:
    session, customer = await customer_of(world)
    agent = await world.connected(session, Role.AGENT, "민지")
    began_s = session.record.now_s()
    world.clock.advance(3.0)
    short = await say(world, session, agent, 0)
    await world.until(lambda: session.record.latest_summary)
    await paint_summary(world, session)
    world.clock.advance(5.0)
    world.speech_of(session, customer).recognise("길게 말했어요", ordinal=0, start_s=began_s)
    await world.until(lambda: session.record.latest_summary and session.record.latest_summary.turns == 2)
    long = session.record.finals()[0].id
    assert long != short
    painted_s = await paint_summary(world, session)
    trace = await trace_of(world, session, long)
    assert (trace.answered_by, trace.is_folded) == (long, False)
    assert trace.moments[Step.SUMMARY_PAINTED] == pytest.approx(painted_s)
    assert (await trace_of(world, session, short)).answered_by == short


async def paint_summary(world: World, session: CallSession) -> float:
    """A page paints the latest summary half a second later, and tells what it knows it by; when it did."""
    summary = session.record.latest_summary
    assert summary is not None
    world.clock.advance(0.5)
    painted_s = session.record.now_s()
    await session.painted((Paint(Step.SUMMARY_PAINTED, summary.seen_utterance, 0.0),), painted_s)
    return painted_s


async def test_sound_is_counted_and_kept_now_and_then_and_at_the_end(world: World) -> None:
    session, customer = await customer_of(world)
    leg_id = session.call.participants[0].leg_id
    assert leg_id is not None
    second = bytes(2 * 16_000)
    await say(world, session, customer, 0)

    def hear() -> None:
        session.heard(PcmChunk(leg_id, world.clock.monotonic(), second))

    hear()
    assert (await kept(world, session)).heard == ()
    world.clock.advance(HEARD_EVERY_S)
    assert (await kept(world, session)).heard == (HeardAudio(customer.id, "scripted", "test", 1.0),)
    hear()
    await session.end(EndReason.HUNG_UP)
    assert (await kept(world, session)).heard == (HeardAudio(customer.id, "scripted", "test", 2.0),)


async def test_the_log_follows_the_whole_turn_by_its_trace_and_quotes_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "core.calls")
    session, customer = await customer_of(world)
    said = await say(world, session, customer, 0)
    await world.until(lambda: session.record.snapshot().guidance)
    await session.painted((Paint(Step.SUMMARY_PAINTED, said, 0.0),), session.record.now_s())
    trace_id = session.record.finals()[0].trace_id
    lines = [line for line in caplog.messages if f"utterance {trace_id}" in line]
    for words in ("was recognised .* and kept", "the last of 1 in a request", "had its passages", "summary_painted"):
        assert any(re.search(words, line) for line in lines), words
    assert "환불" not in caplog.text
    assert "turns in ko" not in caplog.text
