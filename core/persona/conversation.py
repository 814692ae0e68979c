"""A persona's conversation as the protocol's events tell it: turns, answers, sound, interruption and tools.

It outlives connections: `attach` hands it a new one. On the session's loop.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

from core.model.clock import Clock
from core.model.errors import PersonaError, PersonaRateLimited, PersonaServerFailed
from core.model.persona import PERSONA_FORMAT, HeardItem, Persona, Playout
from core.persona import client_events
from core.persona.awaited_answer import AwaitedAnswer
from core.persona.connection import ClientEvent, ServerEvent
from core.persona.error_codes import error_by_code, error_codes
from core.persona.server_events import QUIET, reset_s, sound_of
from core.persona.token_usage import TokenMeter
from core.persona.tool_calls import ToolCalls
from core.persona.transcript import Transcript
from core.persona.upstream import Upstream
from core.persona.watchdog import Watchdog

MOST_ROUNDS = 8
"""Answers in a row that call tools again, without the listener having said anything."""
MOST_RETRIES = 3
LONGEST_PAUSE_S = 20.0


class Conversation:
    """One persona's.

    Args:
        persona: Who speaks.
        playout: Plays its sound.
        transcript: Keeps what is said.
        tools: Runs what it calls.
        watchdog: Is told what is due, and what came.
        clock: Tells when.
        sleep: Waits; a test passes its own.
        on_fatal: Takes an error that no retry can cure.
    """

    def __init__(
        self,
        persona: Persona,
        playout: Playout,
        transcript: Transcript,
        tools: ToolCalls,
        watchdog: Watchdog,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        on_fatal: Callable[[PersonaError], None],
    ) -> None:
        self._persona = persona
        self._playout = playout
        self._transcript = transcript
        self._tools = tools
        self._watchdog = watchdog
        self._clock = clock
        self._sleep = sleep
        self._on_fatal = on_fatal
        self._upstream: Upstream | None = None
        self._speaking_item: str | None = None
        self._response_id: str | None = None
        self._awaited = AwaitedAnswer()
        self._dead: deque[str] = deque(maxlen=16)
        """Answers that were broken off; what still comes of them is not played."""
        self._items: deque[str] = deque(maxlen=64)
        """What the persona has said over this connection."""
        self._is_due = False
        self._is_unanswered = False
        self._is_overtaken = False
        """The listener said more while an answer was begun, which the server does not answer by itself."""
        self._rounds = self._retries = self._interruptions = 0
        self._reset_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_held = False
        """Whether it is to be quiet and to hear nothing, because somebody else speaks in its place."""
        self.may_greet = True
        """Whether the listener is there."""
        self.tokens = TokenMeter()
        self.answered = 0
        """Answers that came to their end."""
        self.unknown = self.malformed = 0
        self.problem: PersonaError | None = None
        """Why no answer comes at the moment."""

    @property
    def is_hearing(self) -> bool:
        """Whether the server says that the listener is speaking."""
        return self._speaking_item is not None

    @property
    def is_thinking(self) -> bool:
        """Whether an answer is due, or begun, of which there is no sound yet."""
        return self._is_due or bool(self._tasks)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of the conversation is under way."""
        busy = self.is_hearing or self.is_thinking or self._response_id is not None
        return not busy and not self._transcript.awaits_text

    @property
    def owes_sound(self) -> bool:
        """Whether the listener said something that only its sound tells so far, and that was not answered."""
        return self.is_hearing or (self._is_unanswered and self._transcript.awaits_text)

    def detach(self) -> None:
        """The connection is over, or another is about to take its place."""
        if self._upstream is None:
            return
        self._upstream = None
        self._awaited.forget()
        self._transcript.leave_connection()
        self._speaking_item = None
        if self._response_id is not None:
            # Broken off in the middle, and not by us: the next session is asked to go on.
            self._is_due = self._response_id not in self._dead
            self._response_id = None

    def attach(self, upstream: Upstream, *, sound_follows: bool) -> None:
        """Talk over this connection from now on.

        Args:
            upstream: It has been told the history.
            sound_follows: Whether it is sent sound that is still to be answered, as it will be by itself.
        """
        self._upstream = upstream
        self._items.clear()
        if sound_follows:
            self._is_due = False
            self._watchdog.note_nothing_due()
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Say what is due: the greeting, or an answer."""
        if self._transcript.history.is_empty:
            if self._persona.greeting and self.may_speak:
                self.say(self._persona.greeting)
        elif self._is_due or self._transcript.history.awaits_answer:
            self._ask()

    @property
    def may_speak(self) -> bool:
        """Whether anybody is there to hear it, and nobody else speaks in its place."""
        return self.may_greet and not self.is_held

    def welcome(self) -> None:
        """The listener is there: greet, once. Idempotent."""
        if not self.may_greet:
            self.may_greet = True
            if self._upstream is not None:
                self._go_on()

    def hold(self, is_held: bool) -> None:
        """Be quiet and hear nothing from now on, or go on. Idempotent."""
        if self.is_held is is_held:
            return
        self.is_held = is_held
        if is_held:
            self.interrupt()
            self._forget_sound()
        elif self._upstream is not None:
            self._go_on()

    def _forget_sound(self) -> None:
        """Drop what the listener is in the middle of saying: it is written down elsewhere from now on."""
        if self._speaking_item is not None:
            self._transcript.hear_final(self._speaking_item, "")
            self._speaking_item = None
            if self._upstream is not None:
                self._upstream.send(client_events.buffer_clear())

    def tell(self, text: str) -> None:
        """Let the model know what was said elsewhere; no answer is asked for."""
        item_id = self._transcript.tell(text)
        if self._upstream is not None:
            self._upstream.send(client_events.listener_item(item_id, text))

    def say(self, words: str) -> None:
        """Let the persona say words as they are."""
        if self._upstream is not None:
            self._request(client_events.say(words, self._persona))

    def type(self, text: str) -> None:
        """The listener wrote something: the persona answers, and stops what it is saying."""
        self._rounds = 0
        if self._response_id is not None or self._awaited.is_awaited or self._playout.is_playing:
            self.interrupt()
        item_id = self._transcript.type(text, self._clock.monotonic())
        if self._upstream is not None:
            self._upstream.send(client_events.listener_item(item_id, text))
            self._ask()

    def interrupt(self, *, is_cancelled: bool = False) -> None:
        """Be quiet at once, and let the model know how much was heard.

        Args:
            is_cancelled: The server has broken its answer off already.
        """
        heard = self._heard()
        self._interruptions += 1
        self._playout.clear()
        if not is_cancelled:
            self._awaited.call_off()
        if self._response_id is not None and self._response_id not in self._dead:
            self._dead.append(self._response_id)
            if self._upstream is not None and not is_cancelled:
                self._upstream.send(client_events.response_cancel(self._response_id))
        for item_id, heard_s in self._transcript.cut(heard):
            if self._upstream is not None and item_id in self._items:
                self._upstream.send(client_events.truncate(item_id, heard_s))
        self._is_due = False
        self._watchdog.note_nothing_due()

    def tick(self) -> None:
        """Look after what only time settles; several times a second."""
        self._transcript.settle(self._heard())
        self._transcript.give_up_late(self._clock.monotonic())

    async def close(self) -> None:
        """Make everything final and wait for the tools. Idempotent."""
        self.detach()
        self._transcript.close(self._heard())
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def take(self, event: ServerEvent) -> None:
        """Take an event of the connection that is talked over."""
        now = self._clock.monotonic()
        match event.type:
            case "response.output_audio.delta":
                self._take_sound(event, now)
            case "response.output_audio_transcript.delta":
                if event.text("response_id") not in self._dead:
                    self._transcript.speak_delta(event.text("item_id"), event.text("delta"), now)
            case "response.output_audio_transcript.done":
                if event.text("response_id") not in self._dead:
                    self._transcript.speak_text(event.text("item_id"), event.text("transcript"))
            case "response.output_item.added":
                item = ServerEvent("", event.table("item"))
                if item.text("type") == "message":
                    self._items.append(item.text("id"))
                    self._transcript.speak_begin(item.text("id"))
            case "response.created":
                self._response_id = ServerEvent("", event.table("response")).text("id") or None
                self._is_due = True
                self._watchdog.note_answer(now, is_over=False)
                self._leave_awaited()
            case "error" if self._awaited.is_refused(ServerEvent("", event.table("error")).text("event_id")):
                self._leave_awaited()
            case "response.done":
                self._take_done(ServerEvent("", event.table("response")), now)
            case "input_audio_buffer.speech_started":
                self._take_speech(event)
            case "input_audio_buffer.speech_stopped":
                self._watchdog.note_heard()
                self._transcript.hear_end(event.text("item_id"), self._captured_s(event, "audio_end_ms"))
                self._speaking_item = None
                self._is_unanswered = True
                self._is_overtaken = self._response_id is not None
                if not self.is_held:
                    self._expect()
                    if self._response_id is None:
                        self._awaited.asked()
            case "input_audio_buffer.committed":
                self._watchdog.note_heard()
                self._transcript.hear_commit(event.text("item_id"), now)
            case "conversation.item.input_audio_transcription.delta":
                self._transcript.hear_delta(event.text("item_id"), event.text("delta"), now)
            case "conversation.item.input_audio_transcription.completed":
                self.tokens.take_transcript(event)
                self._transcript.hear_final(event.text("item_id"), event.text("transcript"))
            case "conversation.item.input_audio_transcription.failed":
                self._transcript.hear_final(event.text("item_id"), "")
            case "rate_limits.updated":
                self._reset_s = reset_s(event.body.get("rate_limits"))
            case _ if event.type not in QUIET:
                self.unknown += 1

    def _leave_awaited(self) -> None:
        is_unwanted, following = self._awaited.begun()
        if self.is_held or is_unwanted:
            self.interrupt()
        if following is not None:
            self._request(following)

    def _take_speech(self, event: ServerEvent) -> None:
        self._watchdog.note_heard()
        self._rounds = 0
        self._awaited.forget()
        self._speaking_item = event.text("item_id")
        self._transcript.hear_begin(self._speaking_item, self._captured_s(event, "audio_start_ms"))
        if self._persona.barge_in and (self._response_id is not None or self._playout.is_playing):
            self.interrupt(is_cancelled=True)

    def _captured_s(self, event: ServerEvent, key: str) -> float:
        position_ms = event.number(key)
        if self._upstream is None or position_ms is None:
            return self._clock.monotonic()
        return self._upstream.captured_s(position_ms / 1000)

    def _take_sound(self, event: ServerEvent, now: float) -> None:
        if event.text("response_id") in self._dead:
            return
        pcm = sound_of(event)
        if not pcm:
            self.malformed += 1
            return
        item_id = event.text("item_id")
        if item_id not in self._items:
            self._items.append(item_id)
        self._playout.put(item_id, pcm)
        self._is_unanswered = False
        self._transcript.speak_sound(item_id, PERSONA_FORMAT.seconds(pcm), now)
        self._is_due = False
        self._watchdog.note_answer(now, is_over=False)

    def _take_done(self, response: ServerEvent, now: float) -> None:
        self.tokens.take_answer(response)
        if response.text("id") != self._response_id:
            return
        self._response_id, self._is_due = None, False
        self._watchdog.note_answer(now, is_over=True)
        output = response.body.get("output")
        items = [ServerEvent("", item) for item in output if isinstance(item, dict)] if isinstance(output, list) else []
        for item in items:
            self._transcript.speak_end(item.text("id"))
        is_overtaken, self._is_overtaken = self._is_overtaken and not self._persona.barge_in, False
        match response.text("status"):
            case "completed":
                self.answered += 1
                self._retries, self.problem = 0, None
                calls = [item for item in items if item.text("type") == "function_call"]
                self._call_tools(calls)
                if is_overtaken and not calls:
                    self._ask()
            case "failed":
                self._take_failure(ServerEvent("", response.table("status_details")).table("error"))

    def _take_failure(self, error: Mapping[str, object]) -> None:
        server = self._upstream.server if self._upstream is not None else ""
        named = error_by_code(error_codes(error), server, self._persona.model)
        self.problem = named or PersonaServerFailed(server=server, reason=", ".join(sorted(error_codes(error))))
        if not self.problem.retryable:
            self._on_fatal(self.problem)
        elif self._retries < MOST_RETRIES:
            self._retries += 1
            wait_s = min(max(self._reset_s, 1.0), LONGEST_PAUSE_S) if isinstance(named, PersonaRateLimited) else 1.0
            self._run(self._ask_after(wait_s), "persona-retry")

    async def _ask_after(self, wait_s: float) -> None:
        interruptions = self._interruptions
        await self._sleep(wait_s)
        if self._response_id is None and not self.is_hearing and self._interruptions == interruptions:
            self._ask()

    def _call_tools(self, calls: Sequence[ServerEvent]) -> None:
        if not calls or self._rounds >= MOST_ROUNDS:
            return
        self._rounds += 1
        self._run(self._answer_calls(calls), "persona-tools")

    async def _answer_calls(self, calls: Sequence[ServerEvent]) -> None:
        runs = (self._tools.run(call.text("call_id"), call.text("name"), call.text("arguments")) for call in calls)
        interruptions = self._interruptions
        outcomes = await asyncio.gather(*runs)
        for outcome in outcomes:
            if self._upstream is not None:
                self._upstream.send(client_events.output_item(outcome))
        if self._response_id is None and self._interruptions == interruptions:
            self._ask()

    def _run(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ask(self) -> None:
        if self.is_held:
            return
        self._request(client_events.response_create())

    def _request(self, request: ClientEvent) -> None:
        if self._upstream is not None and not self._awaited.puts_off(request):
            self._awaited.asked(self._upstream.send(request))
        self._expect()

    def _expect(self) -> None:
        self._is_due = True
        self._watchdog.note_due(self._clock.monotonic())

    def _heard(self) -> dict[str, HeardItem]:
        return {item.item_id: item for item in self._playout.heard()}
