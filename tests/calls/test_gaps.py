"""Stretches in which nothing is heard of somebody, and what the call writes down of them."""

import pytest

from core.calls.gaps import Gap, GapWatch
from core.media.events import LegChanged
from core.model.call import LegId, LegState, ParticipantId, Role
from core.model.sample import Direction, RtpSample, Vantage
from tests.calls.conftest import World

WHO = ParticipantId("customer")


def second(at_s: float, packets: int, leg: str = "leg", direction: Direction = Direction.INBOUND) -> RtpSample:
    return RtpSample(LegId(leg), direction, Vantage.SERVER, at_s, 1.0, packets=packets, octets=80 * packets)


def gaps(*samples: RtpSample) -> list[Gap]:
    watch = GapWatch()
    return [gap for sample in samples if (gap := watch.add(WHO, sample)) is not None]


def test_a_silent_path_is_a_gap_from_the_last_packet_to_the_next() -> None:
    assert gaps(second(1.0, 50), second(2.0, 0), second(3.0, 0), second(4.0, 30)) == [Gap(1.0, 3.0)]


def test_a_new_leg_ends_the_gap_that_the_former_one_began() -> None:
    assert gaps(second(1.0, 50), second(9.0, 40, leg="another")) == [Gap(1.0, 8.0)]


def test_figures_that_come_a_little_late_are_no_gap() -> None:
    assert gaps(second(1.0, 50), second(2.05, 50), second(3.9, 44)) == []


def test_before_the_first_packet_and_on_the_way_out_nothing_is_missing() -> None:
    outbound = second(8.0, 50, direction=Direction.OUTBOUND)
    assert gaps(second(1.0, 0), second(5.0, 0), second(6.0, 50), outbound) == []


def test_whoever_left_on_purpose_is_not_missed() -> None:
    watch = GapWatch()
    watch.add(WHO, second(1.0, 50))
    watch.leave(WHO)
    assert watch.add(WHO, second(60.0, 50)) is None


async def test_the_call_notes_a_gap_with_its_beginning_and_its_end(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    origin = session.record.origin
    first = session.call.participants[0].leg_id
    assert first is not None
    world.registry.take(second(origin + 5.0, 50, leg=first))
    await session.leg_changed(first, LegState.LOST)
    again = await session.connect(customer.id)
    await session.leg_changed(again, LegState.CONNECTED)
    world.registry.take(second(origin + 13.0, 50, leg=again))
    noted = [note for note in session.record.snapshot().notes if note.code == "audio_missing"]
    assert [(note.subject, note.at_s, note.until_s) for note in noted] == [
        ("지영", pytest.approx(5.0), pytest.approx(12.0))
    ]


async def test_a_leg_that_the_browser_gave_up_is_lost_and_its_gap_is_noted(world: World) -> None:
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    first = session.call.participants[0].leg_id
    assert first is not None
    world.registry.take(second(session.record.origin + 5.0, 50, leg=first))
    await session.lose_leg(first)
    assert session.call.participants[0].leg_state is LegState.LOST
    # The media process says that it has closed the leg: nobody has left.
    world.registry.take(LegChanged(first, LegState.CLOSED, at_s=0.0))
    again = await session.connect(customer.id)
    await session.leg_changed(again, LegState.CONNECTED)
    world.registry.take(second(session.record.origin + 20.0, 50, leg=again))
    codes = [note.code for note in session.record.snapshot().notes]
    assert codes[-1] == "audio_missing"
    assert "participant_left" not in codes


async def test_a_supervisor_who_only_listens_is_never_missing(world: World) -> None:
    session = await world.call()
    supervisor = await session.join(Role.SUPERVISOR, "Sue")
    leg = await session.connect(supervisor.id)
    for at_s in (1.0, 9.0):
        world.registry.take(second(session.record.origin + at_s, 50, leg=leg))
    assert "audio_missing" not in [note.code for note in session.record.snapshot().notes]
