"""What is said in a call: from audio to utterances that are durable before they are shown, and on to the insights.

Lives on the calls loop. The speech engine's and the insights' threads hand their results over to that loop.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from core.calls.inquiry import Inquiry
from core.calls.listening import Ear, Listening
from core.calls.record import CallRecord
from core.calls.services import CallServices
from core.calls.traces import Traces
from core.calls.troubles import TakeNote, Troubles
from core.calls.turn_log import TurnLog
from core.calls.wording import Wording
from core.language.masking import Masker
from core.model.call import Language, Participant, ParticipantId
from core.model.snapshot import Note
from core.model.turn_trace import Paint
from core.model.utterance import Recognition, Utterance

logger = logging.getLogger(__name__)

FINALS_LIMIT = 1_000
"""Final utterances that wait to be kept; beyond it the newest is dropped and counted."""


class Conversation:
    """One call's words and what is made of them."""

    def __init__(
        self,
        record: CallRecord,
        services: CallServices,
        who: Callable[[ParticipantId], Participant],
        note: TakeNote,
        is_sending: Callable[[ParticipantId], bool],
    ) -> None:
        """`is_sending` tells whether sound arrives of somebody, whatever becomes of it."""
        self._record = record
        self.on_kept: Callable[[Utterance], None] = lambda utterance: None
        """Takes every final utterance once it is kept."""
        self._who = who
        self._note = note
        self._services = services
        self._traces = Traces(services.make_id)
        self._turns = TurnLog(record, services.tally)
        self._loop = asyncio.get_running_loop()
        masking = services.masking
        self._wording = Wording(Masker(masking, record.call.language) if masking is not None else None)
        self._inquiry = Inquiry(record, services, self._turns, self._hand_over)
        self._listening = Listening(record.call.id, services.transcriber, self._recognised)
        self._troubles = Troubles(record, services.insights, self._listening, who, note, is_sending)
        self._finals: asyncio.Queue[tuple[Utterance, Language] | None] = asyncio.Queue(FINALS_LIMIT)
        self._dropped_finals = 0
        self._keeper = asyncio.create_task(self._keep_finals(), name=f"call-{record.call.id}-finals")

    def listen_to(self, participant: Participant) -> None:
        """Write down what a participant says from now on; it goes on across the participant's legs."""
        self._listening.listen(participant.id, self._language_of(participant))

    def stop_listening(self, participant_id: ParticipantId) -> None:
        """Write down no more of what a participant says; what was heard before still is. Idempotent."""
        self._listening.stop(participant_id)

    def language_changed(self, participant: Participant) -> None:
        """Write down a participant whom it listens to in another language from now on."""
        if self._listening.hears(participant.id):
            self.listen_to(participant)

    def _language_of(self, participant: Participant) -> Language:
        return participant.language or self._record.call.language

    def heard(self, participant_id: ParticipantId, pcm: bytes, start_s: float) -> None:
        """Audio of a participant on the call's clock."""
        self._listening.feed(participant_id, pcm, start_s)
        if self._listening.hears(participant_id):
            self._turns.heard(participant_id, pcm)
            self._troubles.heard(participant_id)

    @property
    def troubles(self) -> tuple[Note, ...]:
        """What goes wrong around the words just now; it is noted when it is over."""
        return self._troubles.going_on

    def said(self, participant_id: ParticipantId, recognition: Recognition, source: str = "") -> None:
        """Words of a participant, or audio that gave none because it could not be kept, of which a note is made.

        Interims are shown at once, finals once they are durable. `source` is who wrote them down where that is not the
        speech engine: its ordinals are its own.
        """
        self._said(Ear(participant_id, self._language_of(self._who(participant_id)), 0, source), recognition)

    def _said(self, ear: Ear, recognition: Recognition) -> None:
        participant, call_id = self._who(ear.participant_id), self._record.call.id
        # What a model wrote, or a person typed, is readable as it is, dialect and all.
        language = "" if ear.source else ear.language
        utterance_id, now_s = ear.utterance_id(recognition.ordinal), self._record.now_s()
        trace = self._traces.take(utterance_id, recognition.is_final, now_s)
        utterance = Utterance(
            id=utterance_id,
            participant_id=participant.id,
            speaker=participant.name,
            role=participant.role,
            text=recognition.text,
            is_final=recognition.is_final,
            start_s=recognition.start_s,
            end_s=recognition.end_s,
            confidence=recognition.confidence,
            engine=recognition.engine,
            model=recognition.model,
            recognised_s=now_s,
            trace_id=trace.id,
            first_interim_s=trace.first_interim_s,
            is_typed=recognition.is_typed,
            is_cut=recognition.is_cut,
        )
        if recognition.is_given_up:
            logger.warning(
                "call %s: speech of %s from %.1f s to %.1f s was given up (utterance %s)",
                call_id,
                participant.id,
                recognition.start_s,
                recognition.end_s,
                trace.id,
            )
            self._note("speech_lost", participant.name, recognition.start_s, recognition.end_s)
        if not utterance.is_final or not utterance.text:
            shown = self._wording.of_interim(recognition.text, language, recognition.end_s, recognition.stable_chars)
            self._record.put_utterance(
                replace(utterance, text=shown.text, raw_text=shown.raw_text, stable_chars=shown.stable_chars)
            )
            return
        try:
            self._finals.put_nowait((utterance, language))
        except asyncio.QueueFull:
            logger.error("call %s: too many final texts wait to be kept; utterance %s is lost", call_id, trace.id)
            self._dropped_finals += 1
            self._record.set_dropped("finals", self._dropped_finals)

    def tick(self) -> None:
        """Once a second: state how much audio the speech queues have given up, and look after the summary."""
        self._inquiry.tick()
        self._troubles.tick()
        self._record.set_dropped("speech_seconds", round(self._listening.dropped_s))

    def painted(self, paints: Iterable[Paint], received_s: float) -> None:
        """A page has painted something; `received_s` is when it told so, on the call's clock."""
        self._turns.painted(paints, received_s)

    def keep_turns(self, *, is_over: bool) -> None:
        """Have what is new about the turns kept; `is_over` where nobody is heard any more."""
        if (batch := self._turns.fetch(is_over=is_over)) is not None:
            self._services.durable.post(partial(self._services.store.save_turns, self._record.call.id, batch))

    async def close(self) -> None:
        """Wait for the last words, keep them and sum up once more; idempotent."""
        self._troubles.close()
        await self._listening.close()
        # The last words were handed over by call_soon_threadsafe; they run before what is scheduled now.
        await asyncio.sleep(0)
        if not self._keeper.done():
            await self._finals.put(None)
            await self._keeper
            self._inquiry.ask()

    def _recognised(self, ear: Ear, recognition: Recognition) -> None:
        self._hand_over(partial(self._said, ear, recognition))

    def _hand_over(self, act: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    async def _keep_finals(self) -> None:
        call_id, store = self._record.call.id, self._services.store
        while (final := await self._finals.get()) is not None:
            said, language = final
            text, raw_text = await self._wording.of_final(said.text, language, said.end_s)
            utterance = replace(said, text=text, raw_text=raw_text)
            is_durable = await self._services.durable.write(partial(store.save_utterance, call_id, utterance))
            if not is_durable:
                logger.warning("call %s: utterance %s is shown before it is kept", call_id, utterance.trace_id)
            self._record.put_utterance(utterance)
            self._turns.kept(utterance, is_durable=is_durable)
            self.on_kept(utterance)
            if self._finals.empty():
                self._inquiry.ask()
