"""The supervisors of one call over time: in which mode they are, since when, and until when they are missed.

Lives on the calls loop; only `CallSession` touches it.
"""

from collections.abc import Mapping
from dataclasses import replace

from core.calls.hearing import GONE
from core.calls.roster import Roster
from core.model.call import LegState, Participant, ParticipantId, Role, SupervisionMode
from core.model.errors import ParticipantNotFound

MODE_NOTES: Mapping[SupervisionMode, str] = {
    SupervisionMode.MONITOR: "supervision_monitor",
    SupervisionMode.COACH: "supervision_coach",
    SupervisionMode.BARGE_IN: "supervision_barge_in",
    SupervisionMode.TAKE_OVER: "supervision_take_over",
}
"""Codes of the notes that a supervisor takes part in a mode from now on."""
LEG_NOTES: Mapping[LegState, str] = {
    LegState.LOST: "supervision_lost",
    LegState.CLOSED: "supervision_left",
}
"""Supervisors have codes of their own, so that private monitoring can tell their notes from others'."""


def leg_note(supervisor: Participant, state: LegState) -> str | None:
    """The code of the note that a supervisor's leg has got a new state; None where it is no news."""
    if state is LegState.CONNECTED and supervisor.mode is not None:
        return MODE_NOTES[supervisor.mode]
    return LEG_NOTES.get(state)


class Supervision:
    """Changes the supervisors' modes in the roster; the session tells everybody else."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._public_since: dict[ParticipantId, float] = {}
        self._lost_since: dict[ParticipantId, float] = {}

    def change(self, participant_id: ParticipantId, mode: SupervisionMode, now: float) -> Participant:
        """Put a supervisor into a mode; `now` is in monotonic seconds. Returns the supervisor as before.

        Raises:
            ParticipantNotFound: nobody of that id ever joined as a supervisor.
        """
        before = self._roster.participant(participant_id)
        if before.role is not Role.SUPERVISOR:
            raise ParticipantNotFound(participant_id=participant_id)
        if not mode.is_public:
            self._public_since.pop(participant_id, None)
        else:
            self._public_since.setdefault(participant_id, now)
        if participant_id in self._lost_since:
            # Whoever chooses a mode on the way back is waited for anew.
            self._lost_since[participant_id] = now
        self._roster.put(replace(before, mode=mode))
        return before

    def leg_changed(self, supervisor: Participant, now: float) -> None:
        """Take note of a supervisor's new leg state: who leaves stops speaking, who is lost is waited for.

        Trying to come back is not being back: nobody has been heard since the first loss.
        """
        if supervisor.leg_state is LegState.LOST:
            self._lost_since.setdefault(supervisor.id, now)
        elif supervisor.leg_state is LegState.CONNECTED or supervisor.leg_state in GONE:
            self._lost_since.pop(supervisor.id, None)
        if supervisor.leg_state in GONE:
            self.change(supervisor.id, SupervisionMode.MONITOR, now)

    def given_up(self, now: float, grace_s: float) -> tuple[ParticipantId, ...]:
        """The supervisors who can be heard in their mode but have been lost for longer than `grace_s`."""
        return tuple(
            participant_id
            for participant_id, since in self._lost_since.items()
            if now - since > grace_s and self._roster.participant(participant_id).mode is not SupervisionMode.MONITOR
        )

    def is_recorded(self, participant: Participant, at: float) -> bool:
        """Whether what a participant said at a moment (monotonic seconds) belongs to the conversation."""
        if participant.role is not Role.SUPERVISOR:
            return True
        since = self._public_since.get(participant.id)
        is_public = participant.mode is not None and participant.mode.is_public
        return is_public and since is not None and at >= since
