"""A call's figures of both vantages, and the facts of its legs, through a session."""

import json
from dataclasses import replace

from core.api.stream import changes
from core.calls.browser_samples import BrowserReport, BrowserSecond
from core.calls.discretion import without_listeners
from core.calls.export import ExportFormat, export_call
from core.calls.session import CallSession
from core.model.call import LegId, LegState, Role, SupervisionMode
from core.model.leg_facts import BrowserFacts, IceFacts, LegFacts, MicrophoneFacts
from core.model.quality import CallQuality
from core.model.sample import Direction, PathState, RtpSample, Vantage
from core.quality.segments import read_samples
from tests.calls.conftest import World
from tests.quality.stream import sample

FACTS = BrowserFacts(
    "Chromium 156",
    "Linux",
    network="wifi",
    microphone=MicrophoneFacts(echo_cancellation=True, noise_suppression=False, sample_rate=48_000),
    ice=IceFacts(has_turn=True, local=("host/udp", "relay/tls"), remote=("host/udp",), errors=(701,)),
    clock_error_ms=1.5,
)


def leg_of(session: CallSession, index: int = 0) -> LegId:
    leg_id = session.call.participants[index].leg_id
    assert leg_id is not None
    return leg_id


def report(leg_id: LegId, number: int, at_s: float) -> BrowserReport:
    samples = tuple(RtpSample(leg_id, each, Vantage.BROWSER, at_s, 1.0, 50, 4_000) for each in Direction)
    return BrowserReport((BrowserSecond(number, at_s, samples),))


async def test_the_times_of_a_leg_s_life_are_kept_on_the_call_s_clock(world: World) -> None:
    session = await world.call()
    world.clock.advance(3.0)
    agent = await session.join(Role.AGENT, "민수")
    leg_id = await session.connect(agent.id)
    world.clock.advance(0.25)
    await session.answer(leg_id, "v=0")
    world.clock.advance(0.5)
    for _ in range(2):
        await session.leg_changed(leg_id, LegState.CONNECTED)
        world.clock.advance(10.0)
    await session.leg_changed(leg_id, LegState.LOST)
    world.clock.advance(1.0)
    await session.close_leg(leg_id)
    facts = session.record.snapshot().leg_facts[leg_id]
    assert facts == LegFacts(leg_id, 3.0, offered_at_s=3.25, connected_at_s=3.75, ended_at_s=23.75)
    assert facts.set_up_s == 0.5


async def test_a_leg_that_another_replaces_or_whose_call_ends_has_ended(world: World) -> None:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    first = leg_of(session)
    world.clock.advance(5.0)
    second = await session.connect(agent.id, listen_only=True)
    world.clock.advance(5.0)
    await session.end()
    facts = session.record.snapshot().leg_facts
    assert {leg: each.ended_at_s for leg, each in facts.items()} == {first: 5.0, second: 10.0}
    assert {leg: each.is_listener for leg, each in facts.items()} == {first: False, second: True}


async def test_a_supervisor_is_a_listener_while_in_no_mode_that_is_heard(world: World) -> None:
    session = await world.call()
    sue = await world.connected(session, Role.SUPERVISOR, "Sue")
    seen = [session.record.snapshot().leg_facts[leg_of(session)].is_listener]
    for mode in (SupervisionMode.COACH, SupervisionMode.MONITOR):
        await session.set_mode(sue.id, mode)
        seen.append(session.record.snapshot().leg_facts[leg_of(session)].is_listener)
    assert seen == [True, False, True]
    assert without_listeners(session.record.snapshot()).leg_facts == {}


async def test_a_browser_s_figures_stand_among_the_server_s_in_the_order_of_their_times(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg_id = leg_of(session)
    for second in (1.0, 2.0, 3.0):
        world.clock.advance(1.0)
        session.measured(sample(session.record.origin + second, leg_id=leg_id))
        await session.tick()
        # It was measured before the server's, and comes after the tick that has shown that.
        await session.reported(leg_id, report(leg_id, int(second), second - 0.4))
    await session.tick()
    shown = session.record.snapshot().samples
    assert [each.at_s for each in shown] == sorted(each.at_s for each in shown)
    assert [each.at_s for each in shown if each.vantage is Vantage.BROWSER][::2] == [0.6, 1.6, 2.6]
    await session.end()
    await world.until(lambda: len(read_samples(world.samples_dir, session.call.id).samples) == 9)


async def test_what_is_refused_is_counted_by_its_reason_where_the_page_shows_it(world: World) -> None:
    session = await world.call()
    agent = await world.connected(session, Role.AGENT, "민수")
    leg_id = leg_of(session)
    world.clock.advance(10.0)
    for number, at_s in ((1, 9.0), (1, 9.0), (2, 500.0)):
        await session.reported(leg_id, report(leg_id, number, at_s))
    await session.connect(agent.id)
    await session.reported(leg_id, report(leg_id, 3, 10.0))
    await session.reported(LegId("of another call"), report(leg_id, 1, 10.0))
    await session.tick()
    picture = session.record.snapshot()
    assert picture.dropped == {"browser_future": 1, "browser_leg_over": 2}
    assert world.tally.repeated_seconds == 1, "what came twice is no loss: the page must not show it as one"
    assert len(picture.samples) == 2


async def test_what_a_browser_tells_of_itself_is_shown_stored_exported_and_loaded(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg_id = leg_of(session)
    await session.reported(leg_id, BrowserReport(facts=FACTS))
    await session.tick()
    assert session.record.snapshot().leg_facts[leg_id].browser == FACTS
    await session.end()
    await session.reported(leg_id, BrowserReport(facts=BrowserFacts("Nobody 1")))
    shown = session.record.snapshot().leg_facts
    assert shown[leg_id].browser == FACTS
    await world.until(lambda: world.store.load_call(session.call.id).leg_facts == shown)
    kept = world.store.load_call(session.call.id)
    assert kept.snapshot((), CallQuality()).leg_facts == shown
    (turns,) = world.store.turn_records([session.call.id])
    exported = json.loads(export_call(kept, (), ExportFormat.JSON, turns))
    assert exported["leg_facts"][leg_id]["browser"]["ice"]["local"] == ["host/udp", "relay/tls"]


async def test_a_page_is_told_of_a_browser_s_figures_without_what_is_missing(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    leg_id = leg_of(session)
    world.clock.advance(2.0)
    before = session.record.snapshot()
    told = replace(
        report(leg_id, 1, 1.5).seconds[0].samples[1],
        jitter_buffer_ms=60.26,
        concealed_pct=0.0,
        path_state=PathState.CONNECTED,
    )
    await session.reported(leg_id, BrowserReport((BrowserSecond(1, 1.5, (told,)),)))
    await session.tick()
    later = changes(before, session.record.snapshot(), str)
    assert later["samples"] == [
        {
            "leg_id": leg_id,
            "direction": "outbound",
            "vantage": "browser",
            "at_s": 1.5,
            "packets_per_s": 50.0,
            "kbps": 32.0,
            "jitter_buffer_ms": 60.26,
            "concealed_pct": 0.0,
            "path_state": "connected",
        }
    ]
