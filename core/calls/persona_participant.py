"""A persona in a call: its session, its voice leg, and what both give to the call. Lives on the calls loop.

It hears one person, the first customer who is there: its microphone gate is that person's. What other customers and
agents say is written down by the call's own speech engine and not heard by it. While a supervisor speaks to everybody
it is held: it neither hears nor says anything, and the engine writes down its customer, too; the words are told to the
model, which knows them when it goes on. Once its session is over for good, the engine writes down the customer as well.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from core.calls.conversation import Conversation
from core.calls.hearing import GONE
from core.calls.listener_path import ListenerPath
from core.calls.measuring import TellOf
from core.calls.persona_notes import PersonaNotes
from core.calls.persona_playout import PersonaPlayout
from core.calls.persona_usage import ChargedUsage
from core.calls.persona_words import PersonaWords
from core.calls.record import CallRecord
from core.calls.services import CallServices
from core.media.events import VoiceSent
from core.model.audio import PcmChunk
from core.model.call import PRESENT, CallState, LegId, LegState, Participant, Role
from core.model.errors import EarshotError
from core.model.persona import (
    Persona,
    PersonaActivity,
    PersonaSide,
    PersonaState,
    PersonaStatus,
    PersonaUtterance,
    SessionEvent,
    Tool,
    ToolCall,
)
from core.model.sample import RtpSample
from core.model.utterance import Utterance
from core.persona.connection import RealtimeServer
from core.persona.microphone_gate import MicrophoneGate
from core.persona.session import PersonaSession

logger = logging.getLogger(__name__)

MOST_TOOL_CALLS = 50
"""Those that a picture carries; all are kept."""
SPEAK_AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses before each attempt to open another voice leg after the media process died; the last one repeats."""
HELD_BACK_S = 10.0
"""Sound of what the customer is in the middle of saying that the speech engine is given when a hold begins."""
ONSET_S = 0.5
CHARGE_S = 30.0
"""How often it is kept what the provider counted."""


class PersonaParticipant:
    """One persona in one call. On the calls loop, unless a method says otherwise.

    Args:
        me: The participant that it is.
        open_voice: Opens its voice leg, in the place of a former one. May raise EarshotError.
        note: Adds a line to the call's history.
    """

    def __init__(
        self,
        me: Participant,
        persona: Persona,
        server: RealtimeServer,
        tools: Mapping[str, Tool],
        *,
        record: CallRecord,
        services: CallServices,
        conversation: Conversation,
        open_voice: Callable[[], Awaitable[LegId]],
        note: TellOf,
    ) -> None:
        self._me = me
        self._record = record
        self._services = services
        self._conversation = conversation
        self._open_voice = open_voice
        self._notes = PersonaNotes(persona.name, record, note)
        conditions, call = services.personas, record.call
        is_rehearsal = call.persona is not None and call.persona.is_rehearsal
        gate = MicrophoneGate(conditions.tail_s, persona.barge_in)
        self._playout = PersonaPlayout(services.media, gate, services.clock, f"call-{call.id}-persona-playout")
        self._words = PersonaWords(
            "rehearsal" if is_rehearsal else "realtime",
            call.language,
            record.origin,
            services.masking,
            self._playout.span,
        )
        self._session = PersonaSession(
            persona,
            server,
            self._playout,
            self,
            gate,
            tools,
            conditions.transcription_model,
            conditions.rules,
            services.clock,
            waits=True,
        )
        self._path = ListenerPath()
        self._listener: Participant | None = None
        self._last_speaker: Participant | None = None
        self._is_welcomed = False
        self._held_by = ""
        self._is_closed = False
        self._held_back: deque[PcmChunk] = deque()
        self._charged = ChargedUsage(self._words.engine, persona.model, conditions.transcription_model)
        self._tool_calls: dict[str, ToolCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: asyncio.Task[None] | None = None
        self._running = asyncio.create_task(self._session.run(), name=f"call-{call.id}-persona")
        self._running.add_done_callback(self._ended)
        self._show()
        self._bring_voice()

    # What others see and ask

    @property
    def activity(self) -> PersonaActivity:
        """What it is doing."""
        status = self._session.status
        return PersonaActivity(
            status=replace(status, since_s=status.since_s - self._record.origin),
            tool_calls=tuple(self._tool_calls.values())[-MOST_TOOL_CALLS:],
            counts=self._session.counts,
            held_by=self._held_by,
        )

    @property
    def is_ready(self) -> bool:
        """Whether its session is open and nobody has come to talk with it yet. Any thread."""
        return not self._is_welcomed and self._session.status.state is PersonaState.LISTENING

    @property
    def is_to_end(self) -> bool:
        """Whether it has said goodbye and nobody speaks in its place (any more): the call is to end with it."""
        return self._session.status.state is PersonaState.CLOSED and not self._held_by

    def type(self, text: str) -> None:
        """Take what the customer wrote, whole; it is answered, after a hold and without a connection later."""
        self._session.type(text)

    def interrupt(self) -> None:
        """Let it be quiet."""
        self._session.interrupt()

    def finish(self) -> None:
        """Say goodbye because the hours are over; the call then ends, as soon as no supervisor speaks in it."""
        self._session.finish()

    def stop(self) -> None:
        """End its session at once; the call goes on without it. Idempotent."""
        self._session.stop()

    def events(self) -> tuple[SessionEvent, ...]:
        """The session's last events, without sound, and masked as words are. Any thread."""
        return self._words.events(self._session.events())

    # What the call tells

    def people_changed(self, participants: Iterable[Participant]) -> None:
        """Somebody came, left, or takes part in another way."""
        people = {each.id: each for each in participants}
        me = people.get(self._me.id, self._me)
        if me.leg_state is LegState.LOST and self._me.leg_state is not LegState.LOST:
            self._lose_voice()
        self._me = me
        self._choose_listener(people.values())
        self._hold(next((p.name for p in people.values() if _speaks_to_all(p)), ""))
        self._share_out(people.values())

    def takes(self, chunk: PcmChunk, owner: Participant) -> bool:
        """Take a person's sound; False where the speech engine is to have it."""
        if self._listener is None or owner.id != self._listener.id or not self._hears:
            return False
        if chunk.leg_id == owner.leg_id and owner.leg_state is LegState.CONNECTED:
            self._session.feed(chunk.pcm, chunk.start_s)
            self._hold_back(chunk)
        return True

    def said(self, utterance: Utterance) -> None:
        """A final utterance of anybody was kept: what the speech engine wrote down the model has to be told."""
        if utterance.engine == self._words.engine or not utterance.text:
            return
        if utterance.role is Role.SUPERVISOR:
            self._session.tell(f"[{utterance.speaker}, a supervisor, spoke in your place and said:] {utterance.text}")
        elif self._listener is not None and utterance.participant_id == self._listener.id:
            self._session.tell(utterance.text)

    def voice_sent(self, event: VoiceSent) -> None:
        """Its sound goes out; told before any later sound of anybody."""
        self._playout.sent(event)

    def measured(self, samples: Sequence[RtpSample]) -> None:
        """Figures of anybody's leg."""
        for sample in samples:
            if self._listener is not None and sample.leg_id == self._listener.leg_id:
                self._path.measured(sample)
                self._playout.note_path(self._path.delay)

    def tick(self) -> None:
        """Once a second: show what counts by now."""
        self._show()
        if self._record.now_s() - self._charged.at_s >= CHARGE_S:
            self._charge()

    def _charge(self) -> None:
        """Have kept what the provider counted since the last time; a rehearsal counts nothing."""
        batch, self._charged = self._charged.until(self._session.counts, self._record.now_s())
        if batch is not None:
            self._services.durable.post(partial(self._services.store.save_turns, self._record.call.id, batch))

    async def close(self) -> None:
        """End its session and wait for the connection to be closed. Idempotent."""
        self._is_closed = True
        self._session.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(self._running, *self._tasks, return_exceptions=True)
        await self._playout.close()
        self._charge()
        self._show()

    # What the session tells: `core.model.persona.PersonaListener`

    def on_status(self, status: PersonaStatus) -> None:
        """See `PersonaListener`."""
        is_live = self._record.call.state is not CallState.ENDED
        if is_live:
            self._notes.status(status)
        self._show()
        if status.state.is_over and is_live:
            self._share_out(self._record.call.participants)

    def on_utterance(self, utterance: PersonaUtterance) -> None:
        """See `PersonaListener`."""
        if utterance.side is PersonaSide.PERSONA:
            speaker: Participant | None = self._me
        else:
            speaker = self._last_speaker
        if speaker is not None:
            recognition = self._words.recognition(utterance)
            self._conversation.said(speaker.id, recognition, self._words.engine)

    def on_tool_call(self, call: ToolCall) -> None:
        """See `PersonaListener`."""
        shown = self._words.tool_call(call)
        self._tool_calls[shown.call_id] = shown
        while len(self._tool_calls) > MOST_TOOL_CALLS:
            del self._tool_calls[next(iter(self._tool_calls))]
        self._services.durable.post(partial(self._services.store.save_tool_call, self._record.call.id, shown))
        self._show()

    # Whom it hears

    @property
    def _hears(self) -> bool:
        return not self._held_by and not self._session.status.state.is_over

    def _choose_listener(self, people: Iterable[Participant]) -> None:
        customers = [each for each in people if each.role is Role.CUSTOMER]
        former = self._listener
        listener = next((each for each in customers if former is not None and each.id == former.id), None)
        if listener is None or listener.leg_state in GONE:
            listener = next((each for each in customers if each.leg_state not in GONE), listener)
        self._listener = listener
        # Who has no connection yet can write already.
        self._last_speaker = listener or next(iter(customers), None)
        if listener is None:
            return
        if former is None or former.id != listener.id or former.leg_id != listener.leg_id:
            self._path = ListenerPath()
            self._playout.note_path(self._path.delay)
        is_there = listener.leg_state is LegState.CONNECTED
        if is_there and not self._is_welcomed:
            self._is_welcomed = True
            self._session.welcome()
        elif former is not None and former.leg_state is LegState.CONNECTED and not is_there:
            # Nobody hears what it would go on to say.
            self._session.interrupt()

    def _hold(self, held_by: str) -> None:
        if held_by == self._held_by:
            return
        was_held, self._held_by = bool(self._held_by), held_by
        if bool(held_by) is not was_held and not self._session.status.state.is_over:
            is_saying = self._session.is_hearing
            self._session.hold(bool(held_by))
            self._notes.held(bool(held_by))
            if held_by and is_saying and self._listener is not None:
                self._conversation.listen_to(self._listener)
                for chunk in self._held_back:
                    self._conversation.heard(self._listener.id, chunk.pcm, chunk.start_s - self._record.origin)
            self._held_back.clear()
        self._show()

    def _share_out(self, people: Iterable[Participant]) -> None:
        """Have the speech engine listen to the customers whom the persona does not hear, and to no other."""
        for customer in people:
            if customer.role is not Role.CUSTOMER:
                continue
            if self._listener is not None and customer.id == self._listener.id and self._hears:
                self._conversation.stop_listening(customer.id)
            elif customer.leg_state not in GONE:
                self._conversation.listen_to(customer)

    def _hold_back(self, chunk: PcmChunk) -> None:
        self._held_back.append(chunk)
        kept_s = HELD_BACK_S if self._session.is_hearing else ONSET_S
        while self._held_back[0].start_s < chunk.start_s - kept_s:
            self._held_back.popleft()

    # Its voice

    def _bring_voice(self) -> None:
        if not self._is_closed and (self._opening is None or self._opening.done()):
            self._opening = self._own(self._open_until_there(), "voice")

    def _lose_voice(self) -> None:
        self._playout.voice_is_gone()
        self._session.interrupt()
        self._bring_voice()

    async def _open_until_there(self) -> None:
        attempt = 0
        while self._record.call.state is not CallState.ENDED:
            try:
                leg_id = await self._open_voice()
            except EarshotError as error:
                logger.warning("the persona of call %s has no voice yet: %s", self._record.call.id, error)
            else:
                # It may have been lost while the rest of the call was told of it, which nobody tells again.
                if self._me.leg_id == leg_id and self._me.leg_state in PRESENT:
                    self._playout.voice_is(leg_id)
                    return
            await asyncio.sleep(SPEAK_AGAIN_S[min(attempt, len(SPEAK_AGAIN_S) - 1)])
            attempt += 1

    def _own(self, work: Coroutine[None, None, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=f"call-{self._record.call.id}-persona-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the persona's session in call %s failed", self._record.call.id, exc_info=error)

    def _show(self) -> None:
        self._record.set_persona(self.activity)


def _speaks_to_all(participant: Participant) -> bool:
    is_public = participant.mode is not None and participant.mode.is_public
    return participant.role is Role.SUPERVISOR and is_public and participant.leg_state not in GONE
