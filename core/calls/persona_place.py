"""A call's place for a persona, which a call between people leaves empty. Lives on the calls loop."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from core.calls.conversation import Conversation
from core.calls.measuring import TellOf
from core.calls.persona_participant import PersonaParticipant
from core.calls.record import CallRecord
from core.calls.services import CallServices
from core.media.events import CHUNK_S, VoiceSent
from core.model.audio import PcmChunk
from core.model.call import LegId, Participant, ParticipantId, Role
from core.model.persona import Persona, Tool
from core.model.sample import RtpSample
from core.model.utterance import Utterance
from core.persona.connection import RealtimeServer

ANSWERED_CHUNK_S = 0.02
"""One frame of the listener's: a persona answers sooner by the rest of a usual chunk."""


class PersonaPlace:
    """Passes on to the persona, where there is one, what it has to know of the call."""

    def __init__(
        self,
        record: CallRecord,
        services: CallServices,
        conversation: Conversation,
        note: TellOf,
        open_voice: Callable[[ParticipantId], Awaitable[LegId]],
    ) -> None:
        """`open_voice` opens a voice leg in the place of a participant's former one; may raise EarshotError."""
        self._record = record
        self._services = services
        self._conversation = conversation
        self._note = note
        self._open_voice = open_voice
        self.persona: PersonaParticipant | None = None
        conversation.on_kept = self.said

    def admit(self, me: Participant, persona: Persona, server: RealtimeServer, tools: Mapping[str, Tool]) -> None:
        """Let a persona take part as a participant from now on; see `CallRegistry.start_persona`."""
        self.persona = PersonaParticipant(
            me,
            persona,
            server,
            tools,
            record=self._record,
            services=self._services,
            conversation=self._conversation,
            open_voice=partial(self._open_voice, me.id),
            note=self._note,
        )

    def people_changed(self, participants: Iterable[Participant]) -> None:
        """Somebody came, left, or takes part in another way."""
        if self.persona is not None:
            self.persona.people_changed(participants)

    def shares_out(self, participant: Participant) -> bool:
        """Whether it is the persona's to say who writes somebody down."""
        return self.persona is not None and participant.role is Role.CUSTOMER

    def chunk_s(self, participant: Participant) -> float:
        """About how much of somebody's sound is to come at once: what is answered at once must not wait for more."""
        return ANSWERED_CHUNK_S if self.shares_out(participant) else CHUNK_S

    def takes(self, chunk: PcmChunk, owner: Participant) -> bool:
        """Take a person's sound; False where the speech engine is to have it."""
        return self.persona is not None and self.persona.takes(chunk, owner)

    def said(self, utterance: Utterance) -> None:
        """A final utterance of anybody was kept."""
        if self.persona is not None:
            self.persona.said(utterance)

    def voice_sent(self, event: VoiceSent) -> None:
        """The persona's sound goes out."""
        if self.persona is not None:
            self.persona.voice_sent(event)

    def measured(self, samples: Sequence[RtpSample]) -> None:
        """Figures of anybody's leg."""
        if self.persona is not None:
            self.persona.measured(samples)

    def tick(self) -> bool:
        """Once a second; returns whether the call is to end, because the persona's hours have."""
        if self.persona is None:
            return False
        self.persona.tick()
        return self.persona.is_to_end

    def stop(self) -> None:
        """The call is over: what the persona costs ends at once."""
        if self.persona is not None:
            self.persona.stop()

    async def close(self) -> None:
        """Wait for the persona's last words, and for its connection to be closed. Idempotent."""
        if self.persona is not None:
            await self.persona.close()
