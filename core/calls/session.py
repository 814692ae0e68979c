"""A call's session: the one owner of everything that a call has, and the only writer of its records and samples.

Every method runs on the calls loop unless it says otherwise.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from core.calls.abandonment import Abandonment
from core.calls.browser_samples import BrowserReport
from core.calls.changes import Changes
from core.calls.conversation import Conversation
from core.calls.keeping import LEG_NOTES, Keeping
from core.calls.leg_port import candidate_parts
from core.calls.measuring import Measuring
from core.calls.persona_participant import PersonaParticipant
from core.calls.persona_place import PersonaPlace
from core.calls.record import CallRecord
from core.calls.roster import Roster
from core.calls.services import CallServices
from core.calls.supervision import MODE_NOTES, Supervision, leg_note
from core.calls.text_alerts import TextAlerts
from core.calls.wiring import Wiring
from core.media.events import LegSpec, VoiceSent
from core.model.audio import PcmChunk
from core.model.call import (
    Call,
    CallOrigin,
    CallState,
    EndReason,
    Language,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
    SupervisionMode,
)
from core.model.errors import CallEnded
from core.model.media_path import MediaPath
from core.model.persona import Persona, Tool
from core.model.sample import RtpSample
from core.model.turn_trace import Paint
from core.model.utterance import Recognition
from core.persona.connection import RealtimeServer

logger = logging.getLogger(__name__)

CONNECT_LIMIT_S = 20.0
"""A leg that is not connected after this long has failed."""


class CallSession:
    """One call from its beginning to its terminal state."""

    def __init__(self, call: Call, services: CallServices, claim_leg: Callable[[LegId], None]) -> None:
        """`claim_leg` is told every leg before it exists, so that its first events find this session."""
        self._services = services
        self._claim_leg = claim_leg
        self._roster = Roster()
        self._supervision = Supervision(self._roster)
        self._wiring = Wiring(services.media, call.id, self._roster)
        self._changes = Changes(self._roster, self._supervision, self._wiring, services.clock, self._put_participant)
        self._abandonment = Abandonment(self._roster, services.grace_s, services.clock.monotonic())
        self._ending: asyncio.Task[None] | None = None
        self.record = CallRecord(call, services.clock)
        self._keeping = Keeping(self.record, services, self._roster)
        self._measuring = Measuring(self.record, services, self._roster, self._keeping.note)
        self._conversation = Conversation(
            self.record,
            services,
            who=self._roster.participant,
            note=self._keeping.note,
            is_sending=self._measuring.is_sending,
        )
        open_voice = partial(self.connect, is_voice=True)
        self._place = PersonaPlace(self.record, services, self._conversation, self._keeping.note, open_voice)
        self._text_alerts = TextAlerts(self.record, services)

    @property
    def persona(self) -> PersonaParticipant | None:
        """Who speaks in place of an agent; None in a call between people. Any thread."""
        return self._place.persona

    @property
    def call(self) -> Call:
        """The call as it is now."""
        return self.record.call

    async def open(self) -> None:
        """Write the call's first record."""
        call = self.call
        await self._services.durable.write(partial(self._services.store.create_call, call))

    async def admit_persona(
        self, persona: Persona, server: RealtimeServer, tools: Mapping[str, Tool], *, waits_for_good: bool
    ) -> None:
        """Let a persona take part from now on; see `CallRegistry.start_persona`."""
        self._abandonment.waits_for_good = waits_for_good
        self._place.admit(await self.join(Role.PERSONA, persona.name), persona, server, tools)

    # People

    async def join(
        self, role: Role, name: str, participant_id: ParticipantId | None = None, person_id: str = ""
    ) -> Participant:
        """Let somebody in, or back in under the id that was given before.

        `person_id` is whose account it is, empty for a guest: a place is given back to the same person only.

        Raises CallEnded, and ParticipantNotFound where nobody of that id, role and person ever joined.
        """
        self._require_open()
        if participant_id is not None:
            participant = self._roster.returning(participant_id, role, name, person_id)
        else:
            participant = Participant(
                id=ParticipantId(self._services.make_id()),
                name=name,
                role=role,
                joined_at=self._services.clock.wall(),
                person_id=person_id,
                mode=SupervisionMode.MONITOR if role is Role.SUPERVISOR else None,
            )
            if role.speaks:
                self._keeping.note("participant_joined", name)
        self._put_participant(participant)
        return participant

    async def set_muted(self, participant_id: ParticipantId, muted: bool) -> None:
        """Silence a participant on the server, or end that. Raises ParticipantNotFound, MediaError; all then stays."""
        await self._changes.set_muted(participant_id, muted)

    async def set_language(self, participant_id: ParticipantId, language: Language) -> None:
        """State what a participant speaks from now on. Raises CallEnded, ParticipantNotFound."""
        self._require_open()
        own = None if language == self.call.language else language
        known = self._roster.participant(participant_id)
        if known.language != own:
            self._put_participant(replace(known, language=own))
            self._conversation.language_changed(self._roster.participant(participant_id))

    async def set_mode(self, participant_id: ParticipantId, mode: SupervisionMode) -> None:
        """Let a supervisor take part in another way; without a connection, from the next one on.

        Raises:
            CallEnded: the call is over.
            ParticipantNotFound: nobody of that id ever joined as a supervisor.
            MediaError: the media process cannot take it now; the former mode stays.
        """
        self._require_open()
        if await self._changes.set_mode(participant_id, mode):
            self._require_open()
            self._mode_changed(participant_id)

    def _mode_changed(self, participant_id: ParticipantId) -> None:
        supervisor = self._roster.participant(participant_id)
        if supervisor.mode is not None and supervisor.mode.is_public:
            self._conversation.listen_to(supervisor)
        if supervisor.mode is not None and supervisor.leg_state is LegState.CONNECTED:
            self._keeping.note(MODE_NOTES[supervisor.mode], supervisor.name)
        if supervisor.leg_id is not None:
            self._measuring.listener_changed(supervisor.leg_id, supervisor.mode is SupervisionMode.MONITOR)
        self._put_participant(supervisor)

    async def connect(
        self, participant_id: ParticipantId, listen_only: bool = False, *, is_voice: bool = False
    ) -> LegId:
        """Open a leg for a participant, a voice leg for a persona; the former one, if there still is one, is closed.

        Raises CallEnded, ParticipantNotFound, MediaError.
        """
        self._require_open()
        participant = self._roster.participant(participant_id)
        leg_id = LegId(self._services.make_id())
        if not is_voice:
            self._claim_leg(leg_id)
        speech = not (listen_only or is_voice)
        await self._wiring.open_leg(
            LegSpec(
                leg_id=leg_id,
                call_id=self.call.id,
                participant_id=participant_id,
                speech=speech,
                listen_only=listen_only,
                is_voice=is_voice,
                chunk_s=self._place.chunk_s(participant),
            )
        )
        if self.call.state is CallState.ENDED:
            # Meanwhile, and its end knows nothing of this leg.
            await self._wiring.close_leg(leg_id)
            self._require_open()
        now = self._services.clock.monotonic()
        former = self._roster.open_leg(participant_id, leg_id, now)
        self._abandonment.legs_changed(now)
        if is_voice:
            # It is connected at once: the news of that may come before it is known here.
            self._claim_leg(leg_id)
        self._measuring.opened(leg_id, listen_only or is_voice or participant.mode is SupervisionMode.MONITOR)
        # Before anything waits again: from a call that has ended nobody would take the ear away.
        if speech and participant.role.speaks and not self._place.shares_out(participant):
            self._conversation.listen_to(self._roster.participant(participant_id))
        if former is not None:
            self._roster.change_leg(former, LegState.CLOSED)
            self._measuring.leg_changed(former, LegState.CLOSED)
            await self._services.media.close_leg(former)
        await self._wiring.update()
        self._put_participant(self._roster.participant(participant_id))
        if is_voice and self._roster.leg(leg_id).state is LegState.OPEN:
            await self.leg_changed(leg_id, LegState.CONNECTED)
        return leg_id

    # Legs

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        """Answer a leg's one offer. Raises MediaError."""
        answer = await self._services.media.answer(leg_id, offer_sdp)
        self._measuring.offered(leg_id)
        return answer

    async def add_candidate(self, leg_id: LegId, candidate: Mapping[str, object]) -> None:
        """Pass on one trickled candidate as browsers write it. Raises MediaError."""
        await self._services.media.add_candidate(leg_id, *candidate_parts(candidate))

    async def close_leg(self, leg_id: LegId) -> None:
        """End a leg on purpose; idempotent. Raises LegNotFound, MediaError."""
        await self.leg_changed(leg_id, LegState.CLOSED)
        await self._services.media.close_leg(leg_id)

    async def lose_leg(self, leg_id: LegId) -> None:
        """Give a leg up whose browser found its connection lost; idempotent. Raises LegNotFound, MediaError."""
        await self.leg_changed(leg_id, LegState.LOST)
        await self._services.media.close_leg(leg_id)

    async def leave(self, participant_id: ParticipantId) -> None:
        """End a participant's leg on purpose; idempotent. Raises ParticipantNotFound, MediaError."""
        if (leg_id := self._roster.participant(participant_id).leg_id) is not None:
            await self.close_leg(leg_id)

    def leg_state(self, leg_id: LegId) -> LegState | None:
        """A leg's state, None for one that the call never had. Any thread."""
        return self._roster.leg(leg_id).state if leg_id in self.record.snapshot().legs else None

    async def leg_changed(self, leg_id: LegId, state: LegState, path: MediaPath | None = None) -> None:
        """Take a leg's new state, with its path, from the media process or from its owner."""
        legs_before = self._roster.present_legs()
        participant = self._roster.change_leg(leg_id, state, path)
        self._measuring.leg_changed(leg_id, state)
        self._abandonment.legs_changed(self._services.clock.monotonic())
        if self.call.state is CallState.ENDED or participant is None:
            return
        if state is LegState.CONNECTED and participant.role.speaks and participant.role is not Role.PERSONA:
            self.go_live()
        if state is LegState.CLOSED:
            self._measuring.left(participant.id)
        is_supervisor = participant.role is Role.SUPERVISOR
        if code := leg_note(participant, state) if is_supervisor else LEG_NOTES.get(state):
            self._keeping.note(code, participant.name)
        if is_supervisor:
            self._supervision.leg_changed(participant, self._services.clock.monotonic())
        self._put_participant(self._roster.participant(participant.id))
        if len(self._roster.present_legs()) < len(legs_before):
            await self._wiring.update_if_up()

    def tell(self, code: str, subject: str = "") -> None:
        """Add a line to the call's history; see `Note`."""
        self._keeping.note(code, subject)

    def media_restarted(self) -> None:
        """The media process died and is back. Its legs were reported lost one by one; the people keep their places."""
        if self.call.state is not CallState.ENDED:
            self._keeping.note("media_restarted")

    # Audio, words and figures

    def heard(self, chunk: PcmChunk) -> None:
        """Decoded audio of one leg; what a supervisor does not say to everybody is let go."""
        if self.call.state is not CallState.ENDED:
            owner = self._roster.participant(self._roster.leg(chunk.leg_id).participant_id)
            if not self._place.takes(chunk, owner) and self._supervision.is_recorded(owner, chunk.start_s):
                self._conversation.heard(owner.id, chunk.pcm, chunk.start_s - self.record.origin)

    def voice_sent(self, event: VoiceSent) -> None:
        """The persona's sound goes out."""
        self._place.voice_sent(event)

    def said(self, participant_id: ParticipantId, recognition: Recognition) -> None:
        """Words that did not come through a microphone: a scripted conversation."""
        self._conversation.said(participant_id, recognition)

    async def painted(self, paints: Sequence[Paint], received_s: float) -> None:
        """A page has painted something; `received_s` is when it told so, on the call's clock."""
        self._conversation.painted(paints, received_s)

    def measured(self, sample: RtpSample) -> None:
        """One second's figures of one leg; shown and kept with the next tick."""
        self._measuring.measured(sample)
        self._place.measured((sample,))

    async def reported(self, leg_id: LegId, report: BrowserReport) -> None:
        """What the browser of one leg measured; shown and kept with the next tick, as far as it is believed."""
        self._place.measured(self._measuring.reported(leg_id, report))

    # Life

    @property
    def is_over(self) -> bool:
        """Whether the call has ended and everything it had is kept. Any thread."""
        return self._ending is not None and self._ending.done()

    @property
    def had_somebody(self) -> bool:
        """Whether anybody was ever in the call; while nobody is, it ends by itself after the grace period."""
        return self._roster.had_person

    def go_live(self) -> None:
        """The conversation begins, with the first speaker who is connected."""
        if self.call.state is CallState.WAITING:
            self._keeping.put_call(replace(self.call, state=CallState.LIVE, live_at=self._services.clock.wall()))

    def change_origin(self, origin: CallOrigin) -> None:
        """State where the voices really come from."""
        self._keeping.put_call(replace(self.call, origin=origin))

    def give_to(self, person_id: str) -> None:
        """Let a call that began by itself be somebody's (`Person.id`), who is waited for as in any other."""
        self._abandonment.is_expected(self._services.clock.monotonic())
        self._keeping.put_call(replace(self.call, created_by=person_id))

    async def tick(self) -> None:
        """Once a second: judge the samples, give up on legs that never connect, begin the end of what is abandoned."""
        self._conversation.tick()
        self._measuring.tick(self._conversation.troubles)
        self._conversation.keep_turns(is_over=self.call.state is CallState.ENDED)
        self._text_alerts.tick()
        if self.call.state is CallState.ENDED:
            return
        if self._place.tick():
            self.begin_end(EndReason.CLOSED_HOURS)
            return
        now = self._services.clock.monotonic()
        for leg in self._roster.overdue_legs(now, CONNECT_LIMIT_S):
            await self.leg_changed(leg.id, LegState.LOST)
            await self._services.media.close_leg(leg.id)
        for supervisor_id in self._supervision.given_up(now, self._services.grace_s):
            self._keeping.note("supervision_left", self._roster.participant(supervisor_id).name)
            self._supervision.change(supervisor_id, SupervisionMode.MONITOR, now)
            self._put_participant(self._roster.participant(supervisor_id))
            await self._wiring.update_if_up()
        if self._abandonment.is_due(self.call, now):
            self.begin_end(EndReason.ABANDONED)
            return
        for gone in self._abandonment.given_up(now):
            self._keeping.note(LEG_NOTES[LegState.CLOSED], gone.name)
            self._put_participant(gone)

    def begin_end(self, reason: EndReason) -> "asyncio.Task[None]":
        """The call is over from now on; returns what closes its legs and keeps its last words. Idempotent."""
        if self._ending is None:
            wall = self._services.clock.wall()
            self._keeping.put_call(replace(self.call, state=CallState.ENDED, ended_at=wall, end_reason=reason))
            self._ending = asyncio.create_task(self._end(), name=f"call-{self.call.id}-end")
            self._ending.add_done_callback(self._ended)
        return self._ending

    async def end(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        """End the call: close the legs, wait for the last words, keep everything. Idempotent; all callers wait."""
        await asyncio.shield(self.begin_end(reason))
        await self._text_alerts.settled()

    def _ended(self, ending: "asyncio.Task[None]") -> None:
        if not ending.cancelled() and (error := ending.exception()) is not None:
            logger.error("call %s did not end as it should", self.call.id, exc_info=error)

    async def _end(self) -> None:
        self._place.stop()
        for leg in self._roster.present_legs():
            self._roster.change_leg(leg.id, LegState.CLOSED)
            self._measuring.leg_changed(leg.id, LegState.CLOSED)
            await self._wiring.close_leg(leg.id)
        self._keeping.put_call(self.call)
        await self._place.close()
        await self._wiring.close()
        await self._conversation.close()
        await self._text_alerts.close()
        await self.tick()
        self._measuring.finish()
        self._services.wrap_ups.draft(self.call.id)

    def _put_participant(self, participant: Participant) -> None:
        self._keeping.put_participant(participant)
        self._place.people_changed(self._roster.participants)

    def _require_open(self) -> None:
        if self.call.state is CallState.ENDED:
            raise CallEnded(call_id=self.call.id)
