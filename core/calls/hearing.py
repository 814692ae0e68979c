"""Who hears whom, as a table of participants. Changing a mode is a change of the table; the bridge carries it out."""

from collections.abc import Iterable, Mapping

from core.model.call import LegState, Participant, ParticipantId, Role, SupervisionMode

AGENTS = frozenset({Role.AGENT, Role.PERSONA})
"""Whom a supervisor coaches, and takes over from."""
GONE = frozenset({None, LegState.CLOSED})
"""States of a leg in which nobody is there, or about to come back."""


def hearing_table(participants: Iterable[Participant]) -> Mapping[ParticipantId, frozenset[ParticipantId]]:
    """For each participant, whose voices reach this ear.

    Customers, agents and personas hear each other. A supervisor hears all of them, and is heard as the mode says:
    when monitoring by none, when coaching by agents and personas, otherwise by everybody.
    """
    present = tuple(participants)
    return {ear.id: frozenset(p.id for p in present if p.id != ear.id and _reaches(p, ear)) for ear in present}


def _reaches(voice: Participant, ear: Participant) -> bool:
    if voice.role is not Role.SUPERVISOR:
        return True
    if voice.mode is SupervisionMode.COACH:
        return ear.role in AGENTS
    return voice.mode is not None and voice.mode.is_public


def silenced(participants: Iterable[Participant]) -> frozenset[ParticipantId]:
    """Whom nobody may hear: who is muted, and every agent and persona while any supervisor has taken over.

    A supervisor whose connection was lost has taken over until the mode is changed.
    """
    everybody = tuple(participants)
    is_taken_over = any(
        p.role is Role.SUPERVISOR and p.mode is SupervisionMode.TAKE_OVER and p.leg_state not in GONE for p in everybody
    )
    return frozenset(p.id for p in everybody if p.muted or (is_taken_over and p.role in AGENTS))
