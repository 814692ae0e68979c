"""What is said in a call: from audio to utterances that are durable before they are shown, and on to the insights.

Lives on the calls loop. The speech engine's and the insights' threads hand their results over to that loop.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from core.calls.insights import GuidanceResult, SummaryResult
from core.calls.record import CallRecord
from core.calls.services import CallServices
from core.language.masking import Masker
from core.model.call import Participant, ParticipantId
from core.model.insight import Summary
from core.model.passage import Guidance
from core.model.utterance import Recognition, Utterance
from core.speech.transcriber import SpeechSession

logger = logging.getLogger(__name__)

FINALS_LIMIT = 1_000
"""Final utterances that wait to be kept; beyond it the newest is dropped and counted."""
LAST_WORDS_S = 10.0
"""How long a call's end waits for what was still being recognised."""


class Conversation:
    """One call's words and what is made of them."""

    def __init__(self, record: CallRecord, services: CallServices, who: Callable[[ParticipantId], Participant]) -> None:
        self._record = record
        self._who = who
        self._services = services
        self._loop = asyncio.get_running_loop()
        masking = services.masking
        self._masker = Masker(masking, record.call.language) if masking is not None else None
        self._speech: dict[ParticipantId, SpeechSession] = {}
        self._finals: asyncio.Queue[Utterance | None] = asyncio.Queue(FINALS_LIMIT)
        self._dropped_finals = 0
        self._keeper = asyncio.create_task(self._keep_finals(), name=f"call-{record.call.id}-finals")

    def listen_to(self, participant: Participant) -> None:
        """Open a speech session for a participant, unless there is one: it outlives the legs."""
        if participant.id not in self._speech:
            self._speech[participant.id] = self._services.transcriber.open_session(
                name=f"{self._record.call.id}-{participant.id}",
                language=self._record.call.language,
                on_recognition=partial(self._recognised, participant.id),
            )

    def heard(self, participant_id: ParticipantId, pcm: bytes, start_s: float) -> None:
        """Audio of a participant on the call's clock."""
        speech = self._speech.get(participant_id)
        if speech is not None:
            speech.feed(pcm, start_s)

    def said(self, participant_id: ParticipantId, recognition: Recognition) -> None:
        """Words of a participant. Interims are shown at once, finals once they are durable."""
        participant = self._who(participant_id)
        utterance = Utterance(
            id=f"{participant.id}-{recognition.ordinal}",
            participant_id=participant.id,
            speaker=participant.name,
            role=participant.role,
            text=self._masker.mask(recognition.text, recognition.end_s) if self._masker else recognition.text,
            is_final=recognition.is_final,
            start_s=recognition.start_s,
            end_s=recognition.end_s,
            confidence=recognition.confidence,
            engine=recognition.engine,
            model=recognition.model,
            recognised_s=self._record.now_s(),
        )
        if not utterance.is_final or not utterance.text:
            self._record.put_utterance(utterance)
            return
        try:
            self._finals.put_nowait(utterance)
        except asyncio.QueueFull:
            self._dropped_finals += 1
            self._record.set_dropped("finals", self._dropped_finals)

    def count_dropped_audio(self) -> None:
        """State in the record how much audio the speech queues have given up."""
        dropped = sum(speech.stats.dropped_s for speech in self._speech.values())
        self._record.set_dropped("speech_seconds", round(dropped))

    async def close(self) -> None:
        """Wait for the last words, keep them and sum up once more; idempotent."""
        sessions, self._speech = tuple(self._speech.values()), {}
        await asyncio.gather(*(asyncio.to_thread(s.close, LAST_WORDS_S) for s in sessions))
        # The last words were handed over by call_soon_threadsafe; they run before what is scheduled now.
        await asyncio.sleep(0)
        if not self._keeper.done():
            await self._finals.put(None)
            await self._keeper

    def _recognised(self, participant_id: ParticipantId, recognition: Recognition) -> None:
        self._hand_over(partial(self.said, participant_id, recognition))

    def _hand_over(self, act: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    async def _keep_finals(self) -> None:
        call_id, store = self._record.call.id, self._services.store
        while (utterance := await self._finals.get()) is not None:
            await self._services.durable.write(partial(store.save_utterance, call_id, utterance))
            self._record.put_utterance(utterance)
            if self._finals.empty():
                self._ask_summary()

    def _ask_summary(self) -> None:
        self._services.insights.ask_summary(
            self._record.call.id,
            self._record.finals(),
            self._record.call.language,
            done=lambda result: self._hand_over(partial(self._summed_up, result)),
        )

    def _summed_up(self, result: SummaryResult) -> None:
        latest = self._record.latest_summary
        if latest is None and not result.text.summary:
            return
        if latest is not None and (latest.text == result.text or latest.turns > result.turns):
            return
        summary = Summary(
            text=result.text,
            engine=result.engine,
            model=result.model,
            seen_utterance=result.seen_utterance,
            turns=result.turns,
            at_s=self._record.now_s(),
            took_s=result.took_s,
        )
        self._record.add_summary(summary)
        call_id, store = self._record.call.id, self._services.store
        self._services.durable.post(partial(store.save_summary, call_id, summary))
        self._services.insights.ask_guidance(
            call_id, result.text, done=lambda found: self._hand_over(partial(self._guided, found))
        )

    def _guided(self, result: GuidanceResult) -> None:
        guidance = Guidance(query=result.query, answer=result.answer, at_s=self._record.now_s(), took_s=result.took_s)
        self._record.set_guidance(guidance)
        call_id, store = self._record.call.id, self._services.store
        self._services.durable.post(partial(store.save_guidance, call_id, guidance))
