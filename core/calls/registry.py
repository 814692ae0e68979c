"""All calls of this server: finds them, feeds them what the media process reports, and ticks them once a second."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from core.calls.lanes import Lanes, Work
from core.calls.services import CallServices
from core.calls.session import CallSession
from core.media.events import LegChanged, MediaEvent, MediaRestarted, PlaybackEnded, VoiceSent
from core.model.audio import PcmChunk
from core.model.call import Call, CallId, CallOrigin, CallPersona, CallState, EndReason, Language, LegId, LegState
from core.model.errors import CallLimitReached, CallNotFound, ServerStopping
from core.model.persona import Persona, Tool
from core.model.sample import RtpSample
from core.persona.connection import RealtimeServer

logger = logging.getLogger(__name__)

TICK_S = 1.0
REMEMBER_ENDED_S = 600.0
"""How long an ended call's session stays in memory; afterwards the store answers for it."""
WAITING_LIMIT = 10_000
"""Events and ticks that wait for their sessions; beyond it the newest event is dropped and counted."""
STORE_LANE = "calls-store-retry"


class CallRegistry:
    """Owns every session and the tasks that drive them. Everything but `find` runs on the calls loop.

    The events of a call come to it in order, beside its ticks and beside other calls: none waits for another.
    """

    def __init__(self, services: CallServices) -> None:
        self._services = services
        self._sessions: dict[CallId, CallSession] = {}
        self._by_leg: dict[LegId, CallId] = {}
        self._lanes = Lanes(WAITING_LIMIT, services.tally)
        self._dropped_events = 0
        self._is_stopping = False
        self.on_playback_ended: Callable[[CallSession, PlaybackEnded], None] = _end_call
        """What becomes of a call whose recorded voices have come to their end, or broke off; never waits."""
        self._ticking = asyncio.create_task(self._tick(), name="calls-tick")

    def find(self, call_id: CallId) -> CallSession:
        """A call's session. Any thread.

        Raises:
            CallNotFound: there is none in memory; the store may still know the call.
        """
        try:
            return self._sessions[call_id]
        except KeyError:
            raise CallNotFound(call_id=call_id) from None

    def sessions(self) -> tuple[CallSession, ...]:
        """All sessions in memory, in the order of their beginning. Any thread."""
        return tuple(self._sessions.values())

    def running(self) -> tuple[CallSession, ...]:
        """The sessions of the calls that have not ended, in the order of their beginning. Any thread."""
        return tuple(session for session in self.sessions() if session.call.state is not CallState.ENDED)

    async def start_persona(
        self,
        persona: Persona,
        server: RealtimeServer,
        tools: Mapping[str, Tool],
        *,
        is_rehearsal: bool,
        created_by: str = "",
        autostarted: bool = False,
    ) -> CallSession:
        """Begin a call in which a persona waits for its customer, whom it greets; `session.persona` is it.

        Args:
            persona: Who speaks; the call is in its language.
            server: Where its sessions are opened; whoever gives it closes it, after the call.
            tools: By name; at least those that the persona has.
            is_rehearsal: Whether it speaks from a script, without a key.
            created_by: Whose call it is (`Person.id`).
            autostarted: Whether it began by itself: it then waits for the first customer as long as that takes.

        Raises:
            ServerStopping: the server is being stopped.
            CallLimitReached: as many run as may.
        """
        shown = CallPersona(persona.id, persona.name, is_rehearsal)
        session = await self.start(persona.language, CallOrigin.BROWSER, created_by, shown)
        await session.admit_persona(persona, server, tools, waits_for_good=autostarted)
        return session

    async def start(
        self, language: Language, origin: CallOrigin, created_by: str = "", persona: CallPersona | None = None
    ) -> CallSession:
        """Begin a call.

        Raises:
            ServerStopping: the server is being stopped.
            CallLimitReached: as many run as may.
        """
        if self._is_stopping:
            raise ServerStopping
        if len(self.running()) >= self._services.call_limit:
            raise CallLimitReached(limit=self._services.call_limit)
        call = Call(
            id=CallId(self._services.make_id()),
            language=language,
            state=CallState.WAITING,
            origin=origin,
            created_at=self._services.clock.wall(),
            created_by=created_by,
            persona=persona,
        )
        session = CallSession(call, self._services, claim_leg=partial(self._claim_leg, call.id))
        self._sessions[call.id] = session
        await session.open()
        return session

    @property
    def is_stopping(self) -> bool:
        """Whether new calls are refused. Any thread."""
        return self._is_stopping

    def stop_taking_calls(self) -> None:
        """Refuse every new call from now on."""
        self._is_stopping = True

    def _claim_leg(self, call_id: CallId, leg_id: LegId) -> None:
        self._by_leg[leg_id] = call_id

    def _session_of(self, leg_id: LegId) -> CallSession | None:
        call_id = self._by_leg.get(leg_id)
        return self._sessions.get(call_id) if call_id is not None else None

    def take(self, event: MediaEvent) -> None:
        """An event of the media process. Audio and figures go straight on, changes of legs in order."""
        if isinstance(event, PcmChunk):
            if session := self._session_of(event.leg_id):
                session.heard(event)
        elif isinstance(event, VoiceSent):
            if session := self._session_of(event.leg_id):
                session.voice_sent(event)
        elif isinstance(event, RtpSample):
            if session := self._session_of(event.leg_id):
                session.measured(event)
        elif isinstance(event, MediaRestarted):
            for session in self.sessions():
                self._hand(session.call.id, partial(self._restarted, session))
        elif isinstance(event, LegChanged):
            # That a leg is open or closed is no news to the session that has just opened or closed it.
            if event.state not in (LegState.OPEN, LegState.CLOSED):
                # Whose a voice leg is may become known between now and its turn.
                self._hand(self._by_leg.get(event.leg_id, event.leg_id), partial(self._change_leg, event))
        elif isinstance(event, PlaybackEnded):
            self._hand(event.call_id, partial(self._end_playback, event))

    def _hand(self, whose: str, work: Work) -> None:
        if not self._lanes.put(f"call-{whose}-events", work):
            self._dropped_events += 1
            logger.error("%d events of the media process were dropped", self._dropped_events)

    async def _restarted(self, session: CallSession) -> None:
        session.media_restarted()

    async def _change_leg(self, event: LegChanged) -> None:
        if session := self._session_of(event.leg_id):
            await session.leg_changed(event.leg_id, event.state, event.path)

    async def _end_playback(self, event: PlaybackEnded) -> None:
        if session := self._sessions.get(event.call_id):
            self.on_playback_ended(session, event)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            # What is still at its former work is left alone until that is done.
            if not self._lanes.is_busy(STORE_LANE):
                self._lanes.put(STORE_LANE, self._services.durable.retry)
            for session in self.sessions():
                lane = f"call-{session.call.id}-tick"
                if not self._lanes.is_busy(lane):
                    self._lanes.put(lane, session.tick)
            self._forget_ended()

    def _forget_ended(self) -> None:
        limit = self._services.clock.wall() - REMEMBER_ENDED_S
        for session in self.sessions():
            if session.is_over and (session.call.ended_at or 0) < limit:
                self.forget(session.call.id)

    def forget(self, call_id: CallId) -> None:
        """Let go of a call that is over; the store answers for it from now on. Idempotent."""
        self._sessions.pop(call_id, None)
        self._by_leg = {leg: owner for leg, owner in self._by_leg.items() if owner != call_id}

    async def close(self, reason: EndReason = EndReason.SHUTDOWN) -> None:
        """End every call and stop every task; idempotent."""
        # What one call fails to end with is in the log; the others end all the same.
        await asyncio.gather(*(session.end(reason) for session in self.sessions()), return_exceptions=True)
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        await self._lanes.close()


def _end_call(session: CallSession, _: PlaybackEnded) -> None:
    session.begin_end(EndReason.FINISHED)
