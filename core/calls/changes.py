"""What is asked of people in mid-call: to be silent, or to take part in another way. Lives on the calls loop."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from core.calls.roster import Roster
from core.calls.supervision import Supervision
from core.calls.wiring import Wiring
from core.model.call import Participant, ParticipantId, SupervisionMode
from core.model.clock import Clock


class Changes:
    """Holds only what the media process has taken: what it refuses, or nobody waits for any more, is taken back.

    Only `CallSession` touches it. `put` publishes and keeps a participant.
    """

    def __init__(
        self,
        roster: Roster,
        supervision: Supervision,
        wiring: Wiring,
        clock: Clock,
        put: Callable[[Participant], None],
    ) -> None:
        self._roster = roster
        self._supervision = supervision
        self._wiring = wiring
        self._clock = clock
        self._put = put
        # What one change takes back must not be what another has only asked for.
        self._changing = asyncio.Lock()

    async def set_muted(self, participant_id: ParticipantId, muted: bool) -> None:
        """Silence a participant, or end that. Raises ParticipantNotFound, MediaError."""
        async with self._changing:
            before = self._roster.participant(participant_id)
            if before.muted == muted:
                return
            self._roster.put(replace(before, muted=muted))
            await self._tell(partial(self._put_muted, participant_id, before.muted))
            self._put(self._roster.participant(participant_id))

    async def set_mode(self, participant_id: ParticipantId, mode: SupervisionMode) -> bool:
        """Put a supervisor into a mode; the session tells everybody else. Returns whether it is another.

        Raises ParticipantNotFound, MediaError.
        """
        async with self._changing:
            before = self._supervision.change(participant_id, mode, self._clock.monotonic())
            if before.mode is mode:
                return False
            former = before.mode or SupervisionMode.MONITOR
            await self._tell(partial(self._take_back_mode, participant_id, mode, former))
            return True

    async def _tell(self, take_back: Callable[[], None]) -> None:
        try:
            await self._wiring.update()
        except BaseException:
            # Cancelled too, when whoever asked has waited for too long. The media process may have taken some of it.
            take_back()
            self._wiring.update_soon()
            raise

    def _put_muted(self, participant_id: ParticipantId, muted: bool) -> None:
        self._put(replace(self._roster.participant(participant_id), muted=muted))

    def _take_back_mode(self, participant_id: ParticipantId, mode: SupervisionMode, former: SupervisionMode) -> None:
        # Who has left or was given up meanwhile monitors.
        if self._roster.participant(participant_id).mode is mode:
            self._supervision.change(participant_id, former, self._clock.monotonic())
        self._put(self._roster.participant(participant_id))
