"""Who is in a call and on which leg: a plain state machine without input or output.

Lives on the calls loop; only `CallSession` touches it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.calls.hearing import GONE, hearing_table, silenced
from core.model.call import PRESENT, LegId, LegState, Participant, ParticipantId, Role, SupervisionMode
from core.model.errors import LegNotFound, ParticipantNotFound
from core.model.media_path import MediaPath


@dataclass(frozen=True, slots=True)
class Leg:
    """A media connection as the call sees it."""

    id: LegId
    participant_id: ParticipantId
    state: LegState
    opened_at: float
    """Monotonic seconds."""


class Roster:
    """Participants in the order in which they joined, and every leg they ever had."""

    def __init__(self) -> None:
        self._participants: dict[ParticipantId, Participant] = {}
        self._legs: dict[LegId, Leg] = {}

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Everybody who ever joined."""
        return tuple(self._participants.values())

    @property
    def owners(self) -> Mapping[LegId, ParticipantId]:
        """Whose each leg is or was."""
        return {leg.id: leg.participant_id for leg in self._legs.values()}

    def participant(self, participant_id: ParticipantId) -> Participant:
        """One participant.

        Raises:
            ParticipantNotFound: nobody of that id ever joined.
        """
        try:
            return self._participants[participant_id]
        except KeyError:
            raise ParticipantNotFound(participant_id=participant_id) from None

    def returning(self, participant_id: ParticipantId, role: Role, name: str, person_id: str) -> Participant:
        """A participant who comes back under this name; a supervisor who had left monitors.

        Raises:
            ParticipantNotFound: nobody of that id, role and person ever joined.
        """
        known = self.participant(participant_id)
        if (known.role, known.person_id) != (role, person_id):
            raise ParticipantNotFound(participant_id=participant_id)
        had_left = role is Role.SUPERVISOR and known.leg_state in GONE
        return replace(known, name=name, mode=SupervisionMode.MONITOR if had_left else known.mode)

    def leg(self, leg_id: LegId) -> Leg:
        """One leg.

        Raises:
            LegNotFound: the call never had it.
        """
        try:
            return self._legs[leg_id]
        except KeyError:
            raise LegNotFound(leg_id=leg_id) from None

    def put(self, participant: Participant) -> None:
        """Add a participant, or replace what is known of one."""
        self._participants[participant.id] = participant

    def open_leg(self, participant_id: ParticipantId, leg_id: LegId, now: float) -> LegId | None:
        """Give a participant a new leg. Returns the one that it replaces, if that is still there."""
        participant = self.participant(participant_id)
        former = self._legs.get(participant.leg_id) if participant.leg_id else None
        self._legs[leg_id] = Leg(leg_id, participant_id, LegState.OPEN, now)
        self.put(replace(participant, leg_id=leg_id, leg_state=LegState.OPEN, leg_path=None))
        return former.id if former and former.state in PRESENT else None

    def change_leg(self, leg_id: LegId, state: LegState, path: MediaPath | None = None) -> Participant | None:
        """Take a leg's new state, and its path. Returns whose it is when that changes the participant's own state.

        A leg that was replaced changes nobody any more. A closed leg stays closed, and a lost one can only be closed:
        who comes back does so on another leg.
        """
        leg = self.leg(leg_id)
        if leg.state is state or leg.state is LegState.CLOSED:
            return None
        if leg.state is LegState.LOST and state is not LegState.CLOSED:
            return None
        self._legs[leg_id] = replace(leg, state=state)
        participant = self._participants[leg.participant_id]
        if participant.leg_id != leg_id or participant.leg_state is state:
            return None
        changed = replace(participant, leg_state=state, leg_path=path)
        self.put(changed)
        return changed

    def present_legs(self) -> tuple[Leg, ...]:
        """The legs that are there now."""
        return tuple(leg for leg in self._legs.values() if leg.state in PRESENT)

    def overdue_legs(self, now: float, limit_s: float) -> tuple[Leg, ...]:
        """Legs that were opened more than `limit_s` ago and still are not connected."""
        return tuple(
            leg for leg in self.present_legs() if leg.state is not LegState.CONNECTED and now - leg.opened_at > limit_s
        )

    @property
    def had_person(self) -> bool:
        """Whether any person ever had a leg."""
        return any(self._participants[leg.participant_id].role is not Role.PERSONA for leg in self._legs.values())

    def has_person(self) -> bool:
        """Whether any person's leg is there."""
        return any(self._participants[leg.participant_id].role is not Role.PERSONA for leg in self.present_legs())

    def routes(self) -> Mapping[LegId, frozenset[LegId]]:
        """The hearing table in terms of the legs that are there: each listener's sources."""
        leg_of = {leg.participant_id: leg.id for leg in self.present_legs()}
        hears = hearing_table(self._participants[pid] for pid in leg_of)
        return {leg_of[ear]: frozenset(leg_of[voice] for voice in voices) for ear, voices in hears.items()}

    def mutes(self) -> Mapping[LegId, bool]:
        """Of each leg that is there, whether nobody may hear it."""
        silent = silenced(self._participants.values())
        return {leg.id: leg.participant_id in silent for leg in self.present_legs()}
