"""Opening and closing: one task looks once a minute at which personas are open. On the calls loop.

At opening time a persona that is to start by itself is made ready in a call; at closing time those who talk say
goodbye, and what waits ends. Rehearsals are not looked at. Outside the hours nothing is connected and nothing is sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.calls.hours_book import HoursBook
from core.calls.persona_calls import PersonaCall, PersonaCalls
from core.model.call import Call, EndReason, PersonaId
from core.model.clock import Clock
from core.model.errors import EarshotError, ServerStopping
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.persona import Persona
from core.persona.persona_folder import PersonaList

logger = logging.getLogger(__name__)

MINUTE_S = 60.0
LATE_S = 0.01
"""So long after the full minute: a clock that is read a moment early would show the former minute."""
LONGEST_PAUSE_MINUTES = 60
MOST_FAILURES_A_DAY = 20


@dataclass(slots=True)
class Attempts:
    """How often a persona could not be made ready. In minutes, for it is looked at once a minute."""

    day: date = date.min
    failures_today: int = 0
    in_a_row: int = 0
    again_at: float = 0.0
    problem: EarshotError | None = None
    """Of the last one; None since one was ready again."""

    def may(self, now: float, day: date) -> bool:
        """Whether to try now (seconds since the Unix epoch), on this day of the persona's."""
        if day != self.day:
            self.day, self.failures_today = day, 0
        return now >= self.again_at and self.failures_today < MOST_FAILURES_A_DAY

    def failed(self, now: float, problem: EarshotError) -> None:
        """The first time it is tried again at the next minute, then after twice as long each time, up to an hour."""
        pause_minutes = min(2**self.in_a_row, LONGEST_PAUSE_MINUTES)
        self.in_a_row += 1
        self.failures_today += 1
        # Half a minute less: the minute that is meant must not be missed by a moment.
        self.again_at = now + (pause_minutes - 0.5) * MINUTE_S
        self.problem = problem

    def worked(self) -> None:
        """It is ready."""
        self.in_a_row, self.again_at, self.problem = 0, 0.0, None


@dataclass(slots=True)
class _Look:
    """What the last look found, for whoever asks from another thread."""

    ready: int = 0
    problems: tuple[EarshotError, ...] = field(default=())


class PersonaHours:
    """The task and what it knows.

    Args:
        personas: Reads the folder, on the loop, without blocking it.
        calls: The calls with personas.
        book: The hours.
        clock: Tells when it is.
        written_down: Puts a call that began by itself into the audit log.
        sleep: Waits; a test passes its own.
    """

    def __init__(
        self,
        personas: Callable[[], Awaitable[PersonaList]],
        calls: PersonaCalls,
        book: HoursBook,
        clock: Clock,
        written_down: Callable[[Call], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._personas = personas
        self._calls = calls
        self._book = book
        self._clock = clock
        self._written_down = written_down
        self._sleep = sleep
        self._attempts: dict[PersonaId, Attempts] = {}
        self._looking = asyncio.Lock()
        self._last = _Look()
        self._soon: set[asyncio.Task[None]] = set()

    @property
    def health(self) -> PartHealth | None:
        """Of the personas that start by themselves; None where none is ready nor should be. Any thread."""
        last = self._last
        if last.problems:
            return PartHealth("personas", PartState.DEGRADED, needed=False, detail=last.problems)
        if last.ready:
            ready = Message("{count} personas wait for somebody to talk with.", {"count": last.ready})
            return PartHealth("personas", PartState.UP, needed=False, detail=(ready,))
        return None

    async def run(self) -> None:
        """Look now and at every full minute, until cancelled."""
        while True:
            await self._look_and_go_on()
            await self._sleep(MINUTE_S - self._clock.wall() % MINUTE_S + LATE_S)

    def look_soon(self) -> None:
        """Look without waiting for the minute: the hours have changed. Returns at once."""
        task = asyncio.create_task(self._look_and_go_on(), name="persona-hours-changed")
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)

    async def close(self) -> None:
        """Cut looks off that go on; idempotent."""
        for task in tuple(self._soon):
            task.cancel()
        await asyncio.gather(*self._soon, return_exceptions=True)

    async def _look_and_go_on(self) -> None:
        try:
            await self.look()
        except (EarshotError, OSError) as error:
            # The next minute must come whatever this one brought: it may be the one that closes.
            logger.error("the personas' hours could not be looked at: %s", error)

    async def look(self) -> None:
        """Close what is to be closed, and make ready what is to be ready, as of now."""
        if self._calls.is_rehearsal:
            return
        async with self._looking:
            personas = {persona.id: persona for persona in (await self._personas()).personas}
            # Who talks first: that takes no time, and the end of a call may.
            for call in sorted(self._calls.running(), key=lambda call: not call.session.had_somebody):
                # Hours that were changed in the file bind calls that began before.
                if not self._book.opening(personas.get(call.persona.id, call.persona)).is_open:
                    await self._close(call)
            for persona in personas.values():
                if persona.autostart:
                    await self._tend(persona)
            gone = self._attempts.keys() - {each.id for each in personas.values() if each.autostart}
            for persona_id in gone:
                del self._attempts[persona_id]
                if (waiting := self._calls.waiting(persona_id)) is not None:
                    await waiting.session.end(EndReason.FINISHED)
            problems = tuple(each.problem for each in self._attempts.values() if each.problem is not None)
            ready = sum(self._calls.ready_call_id(persona_id) is not None for persona_id in personas)
            self._last = _Look(ready, problems)

    async def _close(self, call: PersonaCall) -> None:
        if call.session.persona is not None and call.session.had_somebody:
            call.session.persona.finish()
        else:
            await call.session.end(EndReason.CLOSED_HOURS)

    async def _tend(self, persona: Persona) -> None:
        """Let one call be there in which a persona that is open waits, if it can be."""
        now = self._clock.wall()
        attempts = self._attempts.setdefault(persona.id, Attempts())
        waiting = self._calls.waiting(persona.id)
        if not self._book.opening(persona).is_open:
            # At the next opening it is tried at once.
            attempts.worked()
            return
        if waiting is not None:
            await self._judge(waiting, persona, attempts, now)
            waiting = self._calls.waiting(persona.id)
        zone = ZoneInfo(self._book.hours_of(persona).time_zone)
        if waiting is None and attempts.may(now, datetime.fromtimestamp(now, zone).date()):
            try:
                session = await self._calls.make_ready(persona)
                await self._written_down(session.call)
            except ServerStopping:
                return
            except EarshotError as error:
                logger.warning("the persona %s is not ready: %s", persona.id, error)
                attempts.failed(now, error)

    async def _judge(self, waiting: PersonaCall, persona: Persona, attempts: Attempts, now: float) -> None:
        """End a waiting call whose session gave up, or whose persona reads otherwise by now."""
        status = waiting.session.persona.activity.status if waiting.session.persona is not None else None
        if status is not None and status.state.is_over:
            logger.warning("the persona %s waits no more: %s", persona.id, status.problem)
            if status.problem is not None:
                attempts.failed(now, status.problem)
            await waiting.session.end(EndReason.FINISHED)
        elif waiting.persona != persona:
            await waiting.session.end(EndReason.FINISHED)
        elif self._calls.ready_call_id(persona.id) is not None:
            attempts.worked()
