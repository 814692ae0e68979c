"""Who hears whom, as a table of participants. Changing a mode is a change of the table; the bridge carries it out."""

from collections.abc import Iterable, Mapping

from core.model.call import Participant, ParticipantId


def hearing_table(participants: Iterable[Participant]) -> Mapping[ParticipantId, frozenset[ParticipantId]]:
    """For each participant, whose voices reach this ear.

    Customers, agents and personas hear each other; a supervisor hears all of them and is heard by none.
    """
    present = tuple(participants)
    speakers = frozenset(p.id for p in present if p.role.speaks)
    return {p.id: speakers - {p.id} for p in present}
