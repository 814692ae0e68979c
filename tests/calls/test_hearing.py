"""Who hears whom in any cast: properties of the table, whatever the roles and modes."""

from hypothesis import given
from hypothesis import strategies as st

from core.calls.hearing import hearing_table, silenced
from core.model.call import LegState, Participant, ParticipantId, Role, SupervisionMode

PUBLIC = {SupervisionMode.BARGE_IN, SupervisionMode.TAKE_OVER}
AGENTS = {Role.AGENT, Role.PERSONA}


@st.composite
def casts(draw: st.DrawFn) -> list[Participant]:
    people = []
    for number in range(draw(st.integers(0, 6))):
        role = draw(st.sampled_from(Role))
        mode = draw(st.sampled_from(SupervisionMode)) if role is Role.SUPERVISOR else None
        people.append(
            Participant(
                ParticipantId(f"p{number}"),
                "name",
                role,
                0.0,
                leg_state=draw(st.sampled_from([None, *LegState])),
                muted=draw(st.booleans()),
                mode=mode,
            )
        )
    return people


@given(casts())
def test_each_ear_hears_exactly_whom_the_modes_let_it_hear(cast: list[Participant]) -> None:
    table = hearing_table(cast)
    assert set(table) == {p.id for p in cast}
    for ear in cast:
        for voice in cast:
            audible = voice.role is not Role.SUPERVISOR or voice.mode in PUBLIC
            audible |= voice.mode is SupervisionMode.COACH and ear.role in AGENTS
            assert (voice.id in table[ear.id]) == (audible and voice is not ear)


@given(casts())
def test_a_customer_never_hears_a_coach_nor_anybody_a_monitor(cast: list[Participant]) -> None:
    table = hearing_table(cast)
    monitors = {p.id for p in cast if p.mode is SupervisionMode.MONITOR}
    coaches = {p.id for p in cast if p.mode is SupervisionMode.COACH}
    for ear in cast:
        assert not table[ear.id] & monitors
        if ear.role in (Role.CUSTOMER, Role.SUPERVISOR):
            assert not table[ear.id] & coaches


@given(casts())
def test_agents_are_silenced_as_long_as_anybody_has_taken_over_and_others_by_themselves_alone(
    cast: list[Participant],
) -> None:
    there = [p for p in cast if p.leg_state not in (None, LegState.CLOSED)]
    is_taken_over = any(p.mode is SupervisionMode.TAKE_OVER for p in there)
    assert silenced(cast) == {p.id for p in cast if p.muted or (is_taken_over and p.role in AGENTS)}
