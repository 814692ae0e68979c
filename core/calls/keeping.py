"""A call's record and its durable copy, changed together. Lives on the calls loop; its session alone writes."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from core.calls.durable import Write
from core.calls.record import CallRecord
from core.calls.roster import Roster
from core.calls.services import CallServices
from core.model.call import Call, LegState, Participant
from core.model.snapshot import Note

LEG_NOTES: Mapping[LegState, str] = {
    LegState.CONNECTED: "participant_connected",
    LegState.LOST: "participant_lost",
    LegState.CLOSED: "participant_left",
}
"""Codes of the notes that somebody's leg has a new state; supervisors have others."""


class Keeping:
    """What is shown of one call is also kept."""

    def __init__(self, record: CallRecord, services: CallServices, roster: Roster) -> None:
        self._record = record
        self._services = services
        self._roster = roster

    def put_participant(self, participant: Participant) -> None:
        """Add somebody, or replace what is known of somebody."""
        self._roster.put(participant)
        self._show()
        self.post(partial(self._services.store.save_participant, self._record.call.id, participant))

    def put_call(self, call: Call) -> None:
        """Replace what is known of the call itself."""
        self._record.set_call(call)
        self._show()
        self.post(partial(self._services.store.update_call, self._record.call))

    def note(self, code: str, subject: str = "", at_s: float | None = None, until_s: float | None = None) -> None:
        """Add a line to the call's history; see `Note`."""
        note = Note(self._record.now_s() if at_s is None else at_s, code, subject, until_s)
        self._record.add_note(note)
        self.post(partial(self._services.store.save_note, self._record.call.id, note))

    def post(self, write: Write) -> None:
        """Have something kept, without waiting."""
        self._services.durable.post(write)

    def _show(self) -> None:
        call = replace(self._record.call, participants=self._roster.participants)
        self._record.set_call(call, self._roster.owners)
