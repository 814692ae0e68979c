"""A persona's session: connected for as long as it is wanted, whatever happens to its connections.

    the listener's sound -> gate -> the current connection -> events -> conversation -> playout and listener

A connection that is lost is opened again, a few times, some seconds apart; one that nears its limit, or has gone deaf
or mute, is replaced by another before it is let go. Each new one is told what was said. After `stop` none is opened.
Everything on one loop; `run` belongs to whoever started it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from core.model.clock import Clock
from core.model.errors import PersonaError, PersonaGivenUp, PersonaSessionSilent
from core.model.persona import (
    Persona,
    PersonaCounts,
    PersonaListener,
    PersonaState,
    PersonaStatus,
    Playout,
    SessionEvent,
    Tool,
    ToolCall,
)
from core.persona.client_events import session_update
from core.persona.connection import RealtimeServer, ServerEvent
from core.persona.conversation import Conversation
from core.persona.event_log import EventLog
from core.persona.microphone import Microphone
from core.persona.microphone_gate import MicrophoneGate
from core.persona.recent_sound import RecentSound
from core.persona.reconnection import Reconnection
from core.persona.session_counts import SessionCounts
from core.persona.session_rules import SessionRules
from core.persona.stop_signal import StopSignal
from core.persona.tool_calls import ToolCalls
from core.persona.transcript import Transcript
from core.persona.upstream import Upstream
from core.persona.watchdog import Ailment, Watchdog

logger = logging.getLogger(__name__)

LOUD_S = 0.05
"""Loud sound in one chunk from which somebody may be speaking."""


class PersonaSession:
    """One persona in one call.

    Args:
        persona: Who speaks.
        server: Where sessions are opened.
        playout: Plays the sound.
        listener: Is told what happens.
        gate: Judges the microphone; whoever plays the sound tells it what was sent.
        tools: The persona's, by name.
        transcription_model: Writes down the listener.
        rules: When.
        clock: Tells when it is.
        sleep: Waits; a test passes its own.
        waits: Whether it greets when it is told of the listener (`welcome`), and not as soon as it is connected.
    """

    def __init__(
        self,
        persona: Persona,
        server: RealtimeServer,
        playout: Playout,
        listener: PersonaListener,
        gate: MicrophoneGate,
        tools: Mapping[str, Tool],
        transcription_model: str,
        rules: SessionRules,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        waits: bool = False,
    ) -> None:
        self.persona = persona
        self._server = server
        self._playout = playout
        self._listener = listener
        self._tools = {name: tools[name] for name in persona.tools}
        self._transcription_model = transcription_model
        self._rules = rules
        self._clock, self._sleep = clock, sleep
        self._log = EventLog(clock)
        self._watchdog = Watchdog(rules.watchdog)
        self._reconnection = Reconnection(rules.reconnect)
        self._microphone = Microphone(gate)
        self._recent = RecentSound()
        self._transcript = Transcript(listener.on_utterance, persona.model, transcription_model)
        calls = ToolCalls(self._tools, clock, self._tool_called)
        self._conversation = Conversation(
            persona, playout, self._transcript, calls, self._watchdog, clock, sleep, self._give_up_connection
        )
        self._conversation.may_greet = not waits
        self._status = PersonaStatus(PersonaState.CONNECTING, clock.monotonic())
        self._counts = SessionCounts()
        self._current: Upstream | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._renew_at_s = float("-inf")
        self._closing: set[asyncio.Task[None]] = set()
        self._wake, self._stopped = asyncio.Event(), StopSignal()
        self._problem: PersonaError | None = None
        self._has_begun, self._owes_sound, self._answered = False, False, 0
        self._finish_by_s: float | None = None
        self._last_state = PersonaState.ENDED

    # What the owner asks. All on the loop; each returns at once.

    @property
    def status(self) -> PersonaStatus:
        """The state now. Any thread."""
        return self._status

    @property
    def counts(self) -> PersonaCounts:
        """What has been done so far."""
        return self._counts.total(self._current, self._conversation, self._transcript.history.dropped)

    @property
    def is_hearing(self) -> bool:
        """Whether the server says that the listener is speaking."""
        return self._conversation.is_hearing

    @property
    def is_busy(self) -> bool:
        """Whether anything of the conversation is under way: somebody speaks, or something is to be said or written."""
        return self._current is None or self._playout.is_playing or not self._conversation.is_at_rest

    def events(self) -> tuple[SessionEvent, ...]:
        """The last events in both directions, without sound. Any thread."""
        return self._log.events()

    def feed(self, pcm: bytes, start_s: float) -> None:
        """Take the listener's sound in `SPEECH_FORMAT`, placed on the monotonic clock by its arrival (`PcmChunk`)."""
        # Nobody has answered yet: what is said into a silent line must not take the greeting's place.
        is_unanswered = not self._has_begun and self.persona.greeting
        if is_unanswered or self._finish_by_s is not None or self._stopped.is_set() or self._conversation.is_held:
            return
        if not (sound := self._microphone.push(pcm, start_s)).pcm:
            return
        lost_s = self._recent.add(sound)
        if self._current is not None:
            self._current.send_audio(sound.pcm, sound.captured_s)
            if not self._conversation.is_hearing:
                self._watchdog.note_sound(sound.loud_s, sound.seconds - sound.loud_s)
        else:
            self._owes_sound = self._owes_sound or sound.loud_s >= LOUD_S
            self._counts.dropped_audio_s += lost_s

    def type(self, text: str) -> None:
        """Take what the listener wrote, whole; it is answered, later if there is no connection now."""
        if text.strip() and not self._stopped.is_set():
            self._conversation.type(text.strip())
            self._publish()

    def interrupt(self) -> None:
        """Let the persona be quiet."""
        self._conversation.interrupt()
        self._publish()

    def welcome(self) -> None:
        """The listener is there: the persona greets, if it has a greeting and nothing was said. Idempotent."""
        self._conversation.welcome()
        self._publish()

    def hold(self, is_held: bool) -> None:
        """Let the persona be quiet at once and hear nothing, or go on. What is written meanwhile is answered after it,
        unless somebody said something later (`tell`). Idempotent."""
        self._recent.settle()
        self._owes_sound = False
        self._conversation.hold(is_held)
        self._publish()

    def tell(self, text: str) -> None:
        """Let the model know what was said in a hold and heard elsewhere. No answer is asked for."""
        if text.strip() and not self._stopped.is_set():
            self._conversation.tell(text.strip())

    def finish(self) -> None:
        """Say goodbye because the hours are over, then end as `CLOSED`; without a word while it may not speak."""
        if self._finish_by_s is not None or self._stopped.is_set():
            return
        self._last_state = PersonaState.CLOSED
        self._finish_by_s = self._clock.monotonic() + self._rules.farewell_s
        if self._current is None or not self.persona.farewell or not self._conversation.may_speak:
            self.stop()
            return
        self._conversation.interrupt()
        self._conversation.say(self.persona.farewell)

    def stop(self) -> None:
        """End for good: nothing is opened any more. Idempotent; `run` returns soon after."""
        self._stopped.set()
        self._wake.set()

    async def run(self) -> None:
        """Live until `stop`, or until there is no sense in trying any more; `status` then says why."""
        ticker = asyncio.create_task(self._tick_on(), name="persona-tick")
        try:
            await self._stay_connected()
        finally:
            self.stop()
            ticker.cancel()
            await self._end_renewal()
            self._let_go()
            await asyncio.gather(ticker, *self._closing, return_exceptions=True)
            self._playout.clear()
            await self._conversation.close()
            self._tell(PersonaStatus(self._last_state, self._clock.monotonic(), problem=self._problem))

    # Connections

    async def _stay_connected(self) -> None:
        while (upstream := await self._connect()) is not None:
            self._take_over(upstream)
            error = await self._until_lost()
            if error is None:
                return
            await self._end_renewal()
            self._owes_sound = self._owes_sound or self._conversation.owes_sound
            self._conversation.detach()
            self._let_go()
            if not await self._may_retry(error):
                return

    async def _connect(self) -> Upstream | None:
        """A connection that is ready; None where none is wanted any more, or none to be had."""
        while not self._stopped.is_set():
            try:
                return await self._stopped.unless(self._open)
            except PersonaError as error:
                if not await self._may_retry(error):
                    return None
        return None

    async def _may_retry(self, error: PersonaError) -> bool:
        """Wait before the next attempt; False where there is none."""
        wait_s = self._reconnection.failed(error)
        logger.info("the persona's connection ended: %s", error)
        self._problem = error
        if wait_s is None:
            if error.retryable:
                self._problem = PersonaGivenUp(server=self._server.server, attempts=self._rules.reconnect.attempts)
            return False
        self._counts.reconnections += 1
        self._publish()
        if wait_s:
            await self._stopped.unless(partial(self._sleep, wait_s))
        return not self._stopped.is_set()

    async def _open(self) -> Upstream:
        connection = await self._server.connect(self.persona.model)
        self._counts.connections += 1
        number, server, model = self._counts.connections, self._server.server, self.persona.model
        upstream = Upstream(number, connection, server, model, self._log, self._clock, self._take)
        declarations = [tool.declaration for tool in self._tools.values()]
        await upstream.begin(session_update(self.persona, self._transcription_model, declarations), self._rules.ready_s)
        return upstream

    def _take_over(self, upstream: Upstream, ailment: Ailment | None = None) -> None:
        """Talk over this connection from now on; what it has to know of the past goes first."""
        owes = self._owes_sound or self._conversation.owes_sound
        self._conversation.detach()
        self._let_go()
        self._current, self._owes_sound, self._has_begun = upstream, False, True
        upstream.ended.add_done_callback(lambda _: self._wake.set())
        for event in self._transcript.history.replay():
            upstream.send(event)
        for sound in self._recent.take(is_all=owes or not self._watchdog.is_at_ease):
            upstream.send_audio(sound.pcm, sound.captured_s)
        self._watchdog.note_renewed(ailment, self._clock.monotonic())
        self._conversation.attach(upstream, sound_follows=owes)
        self._problem = PersonaSessionSilent(server=self._server.server) if ailment is not None else None
        self._wake.set()
        self._publish()

    async def _until_lost(self) -> PersonaError | None:
        """Why the current connection is over; None where the session was stopped."""
        while not self._stopped.is_set():
            current = self._current
            if current is not None and current.ended.done() and not current.ended.cancelled():
                return current.ended.result()
            await self._wake.wait()
            self._wake.clear()
        return None

    def _let_go(self) -> None:
        """Close the current connection without waiting: the next attempt must not wait for a handshake in vain."""
        former, self._current = self._current, None
        if former is None:
            return
        self._counts.leave(former)
        task = asyncio.create_task(former.close(), name=f"persona-close-{former.number}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _renew(self, ailment: Ailment | None) -> None:
        """Replace the current connection while it still lives."""
        former = self._current
        try:
            upstream = await self._open()
        except PersonaError as error:
            logger.warning("no new session could take over: %s", error)
            self._renew_at_s = self._clock.monotonic() + self._rules.renew_again_s
            if not error.retryable and self._current is not None:
                self._current.give_up(error)
            return
        finally:
            self._renewal = None
        if former is None or former is not self._current or self._stopped.is_set():
            await upstream.close()
            return
        if ailment is None:
            self._counts.hand_overs += 1
        else:
            self._counts.renewals += 1
        self._take_over(upstream, ailment)

    async def _end_renewal(self) -> None:
        if self._renewal is not None:
            renewal, self._renewal = self._renewal, None
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)

    # Events and time

    def _take(self, upstream: Upstream, event: ServerEvent) -> None:
        if upstream is self._current:
            self._conversation.take(event)
            self._publish()

    def _give_up_connection(self, error: PersonaError) -> None:
        if self._current is not None:
            self._current.give_up(error)

    def _tool_called(self, call: ToolCall) -> None:
        self._transcript.history.call(call)
        self._listener.on_tool_call(call)

    async def _tick_on(self) -> None:
        while True:
            self.tick()
            await self._sleep(self._rules.tick_s)

    def tick(self) -> None:
        """Look after what only time settles."""
        now = self._clock.monotonic()
        self._conversation.tick()
        current = self._current
        if current is not None:
            if self._conversation.answered != self._answered:
                self._answered = self._conversation.answered
                self._reconnection.proven()
                self._problem = None
            if now - current.opened_s >= self._rules.reconnect.proven_s:
                self._reconnection.proven()
            if self._conversation.is_at_rest and self._watchdog.is_at_ease:
                self._recent.settle()
            self._look_for_renewal(current, now)
        if self._finish_by_s is not None and (not self.is_busy or now >= self._finish_by_s):
            self.stop()
        self._publish()

    def _look_for_renewal(self, current: Upstream, now: float) -> None:
        if self._renewal is not None or now < self._renew_at_s or self._finish_by_s is not None:
            return
        ailment = self._watchdog.verdict(now)
        left_s = current.expires_at - self._clock.wall()
        is_near = left_s <= self._rules.seek_pause_s and not self.is_busy
        if ailment is not None or is_near or left_s <= self._rules.margin_s:
            self._renewal = asyncio.create_task(self._renew(ailment), name="persona-renew")

    def _state(self) -> PersonaState:
        if self._current is None:
            return PersonaState.RECONNECTING if self._has_begun else PersonaState.CONNECTING
        if self._playout.is_playing:
            return PersonaState.SPEAKING
        return PersonaState.THINKING if self._conversation.is_thinking else PersonaState.LISTENING

    def _publish(self) -> None:
        attempt = self._reconnection.attempt if self._current is None else 0
        problem = self._problem or self._conversation.problem
        status = PersonaStatus(
            self._state(), self._status.since_s, attempt, self._rules.reconnect.attempts if attempt else 0, problem
        )
        if status != self._status and not self._status.state.is_over:
            changed = status.state is not self._status.state
            self._tell(replace(status, since_s=self._clock.monotonic()) if changed else status)

    def _tell(self, status: PersonaStatus) -> None:
        self._status = status
        self._listener.on_status(status)
