"""One connection of a session: what is sent waits in a bounded queue, what comes is handed on, its end is told once.

Its two tasks are its own: `close` cancels them and waits. On the session's loop.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from core.model.clock import Clock
from core.model.errors import PersonaConnectionLost, PersonaError, PersonaRequestRefused, PersonaSessionSilent
from core.model.persona import PERSONA_FORMAT, EventDirection
from core.persona.client_events import audio_append
from core.persona.connection import ClientEvent, RealtimeConnection, ServerEvent
from core.persona.error_codes import error_by_code, error_codes
from core.persona.event_log import EventLog

logger = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""Events that wait to be sent. Sound finds room in half of it only; beyond all of it the connection is given up."""
ANCHORS = 512
_PARAMETER = re.compile(r"[\w.\[\]]{1,80}")
SESSION_S = 3600.0
"""How long a session may last where the server does not say."""


class Upstream:
    """One connection.

    Args:
        number: From 1 within the session.
        connection: Just opened.
        model: The one that it was opened for.
        log: Where every event is noted.
        clock: Tells when.
        on_event: Takes every event that came, in order.
    """

    def __init__(
        self,
        number: int,
        connection: RealtimeConnection,
        server: str,
        model: str,
        log: EventLog,
        clock: Clock,
        on_event: Callable[["Upstream", ServerEvent], None],
    ) -> None:
        self.number = number
        self._connection = connection
        self.server = server
        self._model = model
        self._log = log
        self._clock = clock
        self._on_event = on_event
        self._queue: deque[ClientEvent] = deque()
        self._has_work = asyncio.Event()
        self._sent = 0
        self._update_id = ""
        self._anchors: deque[tuple[float, float]] = deque(maxlen=ANCHORS)
        self._appended_s = 0.0
        self._is_closed = False
        self._tasks: list[asyncio.Task[None]] = []
        self.opened_s = clock.monotonic()
        self.expires_at = clock.wall() + SESSION_S
        """Seconds since the Unix epoch."""
        self.ready = asyncio.Event()
        """Set when the session has what it was asked to be."""
        self.ended: asyncio.Future[PersonaError] = asyncio.get_running_loop().create_future()
        """Why the connection is over; cancelled by `close`."""
        self.malformed = self.refused = 0
        self.dropped_audio_s = 0.0

    def start(self) -> None:
        """Read and write from now on."""
        self._tasks = [
            asyncio.create_task(self._read(), name=f"persona-read-{self.number}"),
            asyncio.create_task(self._write(), name=f"persona-write-{self.number}"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._done)

    async def begin(self, update: ClientEvent, timeout_s: float) -> None:
        """Start, and make the session what it is to be. Raises PersonaError; the connection is then closed."""
        try:
            self.start()
            self.send(update)
            await self.until_ready(timeout_s)
        except BaseException:
            await self.close()
            raise

    async def until_ready(self, timeout_s: float) -> None:
        """Wait until the session is what it was asked to be. Raises PersonaError where it ends before, or is silent."""
        waiting = asyncio.create_task(self.ready.wait(), name=f"persona-ready-{self.number}")
        try:
            either: list[asyncio.Future[Any]] = [waiting, self.ended]
            await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.ended.done():
            raise self.ended.result()
        if not self.ready.is_set():
            raise PersonaSessionSilent(server=self.server)

    def give_up(self, error: PersonaError) -> None:
        """The connection is of no use any more."""
        self._end(error)

    def send(self, event: ClientEvent) -> str:
        """Queue an event; returns its identifier, empty where the connection is over."""
        if self.ended.done():
            return ""
        if len(self._queue) >= MOST_WAITING:
            self._end(PersonaConnectionLost(server=self.server))
            return ""
        self._sent += 1
        event_id = f"earshot_{self.number}_{self._sent}"
        event = {"event_id": event_id, **event}
        if event["type"] == "session.update":
            self._update_id = event_id
        self._queue.append(event)
        self._has_work.set()
        return event_id

    def send_audio(self, pcm: bytes, captured_s: float) -> None:
        """Queue sound in `PERSONA_FORMAT` that was captured from `captured_s` on; dropped when the network is slow."""
        seconds = PERSONA_FORMAT.seconds(pcm)
        if len(self._queue) >= MOST_WAITING // 2:
            self.dropped_audio_s += seconds
            return
        last = self._anchors[-1] if self._anchors else None
        if last is None or abs(last[1] + self._appended_s - last[0] - captured_s) > 0.01:
            self._anchors.append((self._appended_s, captured_s))
        self._appended_s += seconds
        self.send(audio_append(pcm))

    def captured_s(self, position_s: float) -> float:
        """When the sound was captured that lies at a position of all that was sent."""
        for start_s, captured_s in reversed(self._anchors):
            if start_s <= position_s:
                return captured_s + position_s - start_s
        return self._anchors[0][1] if self._anchors else self._clock.monotonic()

    async def close(self) -> None:
        """Close the connection and wait for both tasks. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        self.ended.cancel()
        await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            # A fault of ours: another connection is better than one that nobody reads, without a word of it.
            logger.error("connection %d of a persona failed", self.number, exc_info=error)
            self._end(PersonaConnectionLost(server=self.server))

    def _end(self, error: PersonaError) -> None:
        if not self.ended.done():
            self.ended.set_result(error)

    async def _read(self) -> None:
        try:
            while not self.ended.done():
                event = await self._connection.receive()
                if event is None:
                    self.malformed += 1
                    continue
                self._log.note(EventDirection.RECEIVED, self.number, event.body)
                self._judge(event)
                self._on_event(self, event)
        except PersonaError as error:
            self._end(error)

    async def _write(self) -> None:
        try:
            while not self.ended.done():
                await self._has_work.wait()
                while self._queue:
                    event = self._queue.popleft()
                    await self._connection.send(event)
                    self._log.note(EventDirection.SENT, self.number, event)
                self._has_work.clear()
        except PersonaError:
            # The same end is read by `_read`, which knows the server's last word.
            return

    def _judge(self, event: ServerEvent) -> None:
        match event.type:
            case "session.created":
                if expires_at := ServerEvent("", event.table("session")).number("expires_at"):
                    self.expires_at = expires_at
            case "session.updated":
                self.ready.set()
            case "error":
                self._take_error(ServerEvent("", event.table("error")))

    def _take_error(self, error: ServerEvent) -> None:
        named = error_by_code(error_codes(error.body), self.server, self._model)
        if named is not None and not named.retryable:
            self._end(named)
        elif self._update_id and error.text("event_id") == self._update_id:
            named_key = error.text("param") if _PARAMETER.fullmatch(error.text("param")) else ""
            reason = ", ".join(filter(None, [*sorted(error_codes(error.body)), named_key]))
            self._end(PersonaRequestRefused(server=self.server, reason=reason))
        else:
            self.refused += 1
