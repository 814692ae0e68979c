import pytest

from core.calls.roster import Roster
from core.model.call import LegId, LegState, Participant, ParticipantId, Role
from core.model.errors import LegNotFound, ParticipantNotFound


def person(name: str, role: Role) -> Participant:
    return Participant(id=ParticipantId(name), name=name, role=role, joined_at=0.0)


def roster_of(**roles: Role) -> Roster:
    roster = Roster()
    for name, role in roles.items():
        roster.put(person(name, role))
        roster.open_leg(ParticipantId(name), LegId(f"{name}-1"), now=0.0)
        roster.change_leg(LegId(f"{name}-1"), LegState.CONNECTED)
    return roster


def test_customer_and_agent_hear_each_other() -> None:
    roster = roster_of(ann=Role.AGENT, cho=Role.CUSTOMER)
    assert roster.routes() == {"ann-1": {"cho-1"}, "cho-1": {"ann-1"}}


def test_every_speaker_hears_all_the_others() -> None:
    roster = roster_of(ann=Role.AGENT, ben=Role.AGENT, cho=Role.CUSTOMER)
    assert roster.routes()[LegId("cho-1")] == {"ann-1", "ben-1"}
    assert roster.routes()[LegId("ann-1")] == {"ben-1", "cho-1"}


def test_a_supervisor_hears_all_and_is_heard_by_none() -> None:
    roster = roster_of(ann=Role.AGENT, cho=Role.CUSTOMER, sue=Role.SUPERVISOR)
    assert roster.routes()[LegId("sue-1")] == {"ann-1", "cho-1"}
    assert all("sue-1" not in heard for heard in roster.routes().values())


@pytest.mark.parametrize("gone", [LegState.LOST, LegState.CLOSED])
def test_a_leg_that_is_gone_is_in_no_route(gone: LegState) -> None:
    roster = roster_of(ann=Role.AGENT, cho=Role.CUSTOMER)
    roster.change_leg(LegId("cho-1"), gone)
    assert roster.routes() == {"ann-1": frozenset()}


def test_a_new_leg_replaces_the_former_and_keeps_the_participant() -> None:
    roster = roster_of(cho=Role.CUSTOMER)
    replaced = roster.open_leg(ParticipantId("cho"), LegId("cho-2"), now=5.0)
    assert replaced == "cho-1"
    assert roster.participant(ParticipantId("cho")).leg_id == "cho-2"
    assert len(roster.participants) == 1


def test_news_of_a_replaced_leg_does_not_touch_the_participant() -> None:
    roster = roster_of(cho=Role.CUSTOMER)
    roster.open_leg(ParticipantId("cho"), LegId("cho-2"), now=5.0)
    assert roster.change_leg(LegId("cho-1"), LegState.LOST) is None
    assert roster.participant(ParticipantId("cho")).leg_state is LegState.OPEN


def test_a_closed_leg_stays_closed() -> None:
    roster = roster_of(cho=Role.CUSTOMER)
    roster.change_leg(LegId("cho-1"), LegState.CLOSED)
    assert roster.change_leg(LegId("cho-1"), LegState.LOST) is None
    assert roster.leg(LegId("cho-1")).state is LegState.CLOSED


@pytest.mark.parametrize("late", [LegState.OPEN, LegState.CONNECTING, LegState.CONNECTED])
def test_a_lost_leg_comes_back_to_life_by_no_late_news(late: LegState) -> None:
    roster = roster_of(ann=Role.AGENT, cho=Role.CUSTOMER)
    roster.change_leg(LegId("cho-1"), LegState.LOST)
    assert roster.change_leg(LegId("cho-1"), late) is None
    assert roster.participant(ParticipantId("cho")).leg_state is LegState.LOST
    assert roster.routes() == {"ann-1": frozenset()}


def test_a_lost_leg_can_be_closed() -> None:
    roster = roster_of(cho=Role.CUSTOMER)
    roster.change_leg(LegId("cho-1"), LegState.LOST)
    left = roster.change_leg(LegId("cho-1"), LegState.CLOSED)
    assert left is not None
    assert left.leg_state is LegState.CLOSED


def test_a_leg_that_never_connects_becomes_overdue() -> None:
    roster = roster_of(ann=Role.AGENT)
    roster.put(person("cho", Role.CUSTOMER))
    roster.open_leg(ParticipantId("cho"), LegId("cho-1"), now=0.0)
    assert roster.overdue_legs(now=19.0, limit_s=20.0) == ()
    assert [leg.id for leg in roster.overdue_legs(now=21.0, limit_s=20.0)] == ["cho-1"]


def test_a_persona_alone_is_nobody() -> None:
    roster = roster_of(sarado=Role.PERSONA)
    assert not roster.has_person()
    roster.put(person("cho", Role.CUSTOMER))
    roster.open_leg(ParticipantId("cho"), LegId("cho-1"), now=0.0)
    assert roster.has_person()


def test_unknown_ids_are_named() -> None:
    with pytest.raises(ParticipantNotFound, match="nobody"):
        Roster().participant(ParticipantId("nobody"))
    with pytest.raises(LegNotFound, match="nothing"):
        Roster().leg(LegId("nothing"))
