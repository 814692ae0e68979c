"""The composition root: the only place that chooses implementations. Opens them, closes them, and answers the pages.

Page scripts and API routes call the facade from their own threads; what a call does happens on the calls loop.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from core.assist.extractive import ExtractiveSummarizer
from core.assist.scenario import read_scenario
from core.calls.demo import DemoCalls, DemoSide
from core.calls.durable import DurableWriter
from core.calls.insights import Insights
from core.calls.leg_port import LegPort
from core.calls.loop import CallsLoop
from core.calls.registry import CallRegistry
from core.calls.sampling import SampleKeeper
from core.calls.services import CallServices
from core.calls.session import CallSession
from core.calls.tokens import JoinGrant, Tokens, load_or_make_key
from core.guidance.background import BackgroundRetriever
from core.guidance.embedded import EmbeddedRetriever
from core.media.events import MediaEvent, MediaLoad
from core.media.supervisor import MediaProcess
from core.model.call import Call, CallId, CallOrigin, CallState, EndReason, Language, Participant, ParticipantId, Role
from core.model.clock import Clock, SystemClock
from core.model.errors import CallEnded, CallNotFound, MediaProcessDown, ServerStarting
from core.model.health import PartHealth, PartState
from core.model.snapshot import CallSnapshot
from core.quality.segments import SampleWriter, read_samples, thinned
from core.settings import PROJECT_ROOT, Settings
from core.speech.engine import open_transcriber
from core.store.records import Store

logger = logging.getLogger(__name__)

DEMO_DIR = PROJECT_ROOT / "demo"
DEMO_SIDES = (
    DemoSide(Role.AGENT, "Dana", DEMO_DIR / "agent.ogg"),
    DemoSide(Role.CUSTOMER, "Chris", DEMO_DIR / "customer.ogg"),
)
SCRIPT_NAMES: Mapping[Language, Mapping[Role, str]] = {
    "ko": {Role.AGENT: "상담사", Role.CUSTOMER: "고객"},
    "en": {Role.AGENT: "Agent", Role.CUSTOMER: "Customer"},
}
COMMAND_TIMEOUT_S = 10.0
START_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 30.0
RECENT_CALLS = 50
LOAD_SECONDS = 60
ENDED_POINTS = 600
"""Samples of each leg and direction that the page of an ended call draws."""
STALLED_S = 10.0
"""A summary that takes longer than this is called stalled."""


class Backend:
    """Everything that runs behind the pages. One a server; `close` before the process ends."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Open every part. Blocking, some seconds; the speech model goes on loading in the background.

        Raises:
            StoreError: the database cannot be opened.
            EngineUnavailable: the chosen speech engine cannot be used here.
        """
        self.settings = settings
        self._clock = clock or SystemClock()
        self._loads: deque[MediaLoad] = deque(maxlen=LOAD_SECONDS)
        self._samples_dir = settings.data_dir / "samples"
        with ExitStack() as opened:
            self._open(settings, opened)
            self._opened = opened.pop_all()

    def _open(self, settings: Settings, opened: ExitStack) -> None:
        """Open the parts; what is open when one fails is closed again, in the opposite order."""
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        key = settings.secret_key.get_secret_value() if settings.secret_key else load_or_make_key(settings.data_dir)
        self._tokens = Tokens(key, join_seconds=settings.join_link_hours * 3600)
        self._store = Store.open(settings.effective_database_url)
        opened.callback(self._store.close)
        for call_id in self._store.close_interrupted(self._clock.wall()):
            logger.warning("call %s was interrupted by a crash; it is kept with what it had", call_id)
        self._loop = CallsLoop()
        opened.callback(self._loop.close)
        self._transcriber = open_transcriber(settings, self._clock)
        opened.callback(self._transcriber.close)
        self._retriever = BackgroundRetriever(lambda: EmbeddedRetriever.load(settings.knowledge_dir))
        opened.callback(self._retriever.close)
        self._insights = Insights(ExtractiveSummarizer(), self._retriever, settings.guidance_documents, self._clock)
        opened.callback(self._insights.close)
        self._samples = SampleKeeper(SampleWriter(self._samples_dir, self._clock))
        opened.callback(self._samples.close)
        self._loop.wait(self._open_calls, START_TIMEOUT_S)
        opened.callback(self._loop.wait, self._close_calls, CLOSE_TIMEOUT_S)

    async def _open_calls(self) -> None:
        self._durable = DurableWriter(lambda: self._store.health)
        self._media = MediaProcess(self.settings, self._take_media_event, self._clock)
        self._registry = CallRegistry(
            CallServices(
                clock=self._clock,
                media=self._media,
                transcriber=self._transcriber,
                insights=self._insights,
                store=self._store,
                durable=self._durable,
                samples=self._samples,
                make_id=lambda: secrets.token_hex(6),
                grace_s=self.settings.grace_s,
            )
        )
        self._demos = DemoCalls(self._registry, self._media, DEMO_SIDES)
        # Pages and records work without it, and its health tells how it is: the server's start need not wait for it.
        self._media_start = asyncio.create_task(self._start_media(), name="media-start")

    async def _start_media(self) -> None:
        try:
            await self._media.start()
        except MediaProcessDown as error:
            logger.error("%s", error)

    def _take_media_event(self, event: MediaEvent) -> None:
        if isinstance(event, MediaLoad):
            self._loads.append(event)
        else:
            self._registry.take(event)

    # Calls

    def start_call(self, language: Language) -> Call:
        """Begin a call between people."""
        return self._loop.wait(lambda: self._registry.start(language, CallOrigin.BROWSER), COMMAND_TIMEOUT_S).call

    def start_demo(self) -> Call:
        """Begin a call between the two recorded English voices. Raises MediaError."""
        return self._loop.wait(lambda: self._demos.start_voices("en"), COMMAND_TIMEOUT_S).call

    def start_script(self, path: Path, language: Language) -> Call:
        """Begin a scripted, text-only call. Raises ScenarioInvalid."""
        turns = read_scenario(path)
        names = SCRIPT_NAMES.get(language, SCRIPT_NAMES["en"])
        return self._loop.wait(lambda: self._demos.start_script(turns, language, names), COMMAND_TIMEOUT_S).call

    def calls(self) -> tuple[Call, ...]:
        """Running calls, newest first, then the latest ended ones."""
        sessions = {session.call.id: session.call for session in self._registry.sessions()}
        kept = {call.id: call for call in self._store.list_calls(limit=RECENT_CALLS)}
        known = sorted((kept | sessions).values(), key=lambda call: -call.created_at)
        return tuple(sorted(known, key=lambda call: call.state is CallState.ENDED))

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        """The latest picture of a call, running or ended. Raises CallNotFound, StoreError."""
        try:
            live = self._registry.find(call_id).record.snapshot()
        except CallNotFound:
            kept = self._store.load_call(call_id)
            samples = read_samples(self._samples_dir, call_id).samples
            return kept.snapshot(thinned(samples, ENDED_POINTS))
        return replace(live, parts=self.health(), dropped={**live.dropped, **self._dropped()})

    def _dropped(self) -> dict[str, int]:
        """What the queues that all calls share have dropped since the server started."""
        shared = {"records": self._durable.given_up, "samples": self._samples.dropped}
        media = self._loads[-1].dropped if self._loads else {}
        return {queue: count for queue, count in {**shared, **media}.items() if count}

    def revision(self, call_id: CallId) -> int:
        """The revision of a call's picture, cheaply; 0 for a call that is in the store alone."""
        try:
            return self._registry.find(call_id).record.revision
        except CallNotFound:
            return 0

    def end_call(self, call_id: CallId) -> None:
        """End a call for everybody in it; returns at once."""
        session = self._find(call_id)
        self._loop.post(lambda: session.end(EndReason.HUNG_UP))

    # People

    def join(self, call_id: CallId, role: Role, name: str, participant_id: ParticipantId | None = None) -> Participant:
        """Let somebody in, or back in. Raises CallNotFound, CallEnded, ParticipantNotFound."""
        session = self._find(call_id)
        return self._loop.wait(lambda: session.join(role, name, participant_id), COMMAND_TIMEOUT_S)

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> LegPort:
        """Open a leg for a participant. Raises CallError, MediaError."""
        session = self._find(call_id)
        leg_id = self._loop.wait(lambda: session.connect(participant_id, listen_only), COMMAND_TIMEOUT_S)
        return LegPort(leg_id, session, self._loop)

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        """Silence a participant on the server, or end that. Raises CallError, MediaError."""
        session = self._find(call_id)
        self._loop.wait(lambda: session.set_muted(participant_id, muted), COMMAND_TIMEOUT_S)

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        """End a participant's leg on purpose; returns at once. Raises CallNotFound."""
        session = self._find(call_id)
        self._loop.post(lambda: session.leave(participant_id))

    # Links

    def join_token(self, call_id: CallId, role: Role = Role.CUSTOMER) -> str:
        """A token for a join link."""
        return self._tokens.join_token(call_id, role)

    def read_join_token(self, token: str) -> JoinGrant:
        """What a join link allows. Raises LinkError."""
        return self._tokens.read_join_token(token)

    def view_token(self, call_id: CallId) -> str:
        """A token for a page that watches a call."""
        return self._tokens.view_token(call_id)

    def read_view_token(self, token: str) -> CallId:
        """Which call may be watched. Raises LinkError."""
        return self._tokens.read_view_token(token)

    # State

    def health(self) -> tuple[PartHealth, ...]:
        """Every part's state, for the health route and the pages."""
        return (
            self._media.health,
            self._transcriber.health,
            self._assist_health(),
            self._retriever.health,
            self._durable.health,
        )

    def loads(self) -> tuple[MediaLoad, ...]:
        """The media process's own figures of the last minute, one a second, oldest first."""
        return tuple(self._loads)

    def _assist_health(self) -> PartHealth:
        worker = self._insights.summary_worker
        stalled = worker.busy_s > STALLED_S
        return PartHealth(
            name="assist",
            state=PartState.DEGRADED if stalled else PartState.UP,
            needed=False,
            detail=f"The summary has been busy for {worker.busy_s:.0f} s." if stalled else "Extractive summary.",
        )

    def close(self) -> None:
        """End every call and stop every thread and process; idempotent."""
        self._opened.close()

    async def _close_calls(self) -> None:
        self._media_start.cancel()
        await asyncio.gather(self._media_start, return_exceptions=True)
        await self._demos.close()
        await self._registry.close()
        await self._media.stop()
        await self._durable.close()

    def _find(self, call_id: CallId) -> CallSession:
        try:
            return self._registry.find(call_id)
        except CallNotFound:
            # A call that only the store knows has ended; one that nobody knows raises again.
            self._store.load_call(call_id)
            raise CallEnded(call_id=call_id) from None


_current: Backend | None = None


def install(backend: Backend | None) -> None:
    """Make this the server's backend, for its pages and routes."""
    global _current
    _current = backend


def current() -> Backend:
    """The server's backend. Any thread.

    Raises:
        ServerStarting: it is not open yet, or closed again.
    """
    if _current is None:
        raise ServerStarting
    return _current
