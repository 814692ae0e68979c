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
from functools import partial

from core.access.sign_in import SignIn
from core.access.tokens import LegGrant, Tokens, derived_key, server_key
from core.access.users import UsersFile
from core.assist.extractive import ExtractiveSummarizer
from core.assist.scenarios import ScenarioFolder, ScenarioList
from core.calls.archive import CallArchive
from core.calls.demo import SCRIPT_NAMES, DemoCalls, DemoSide
from core.calls.drain import drain
from core.calls.durable import DurableWriter
from core.calls.insights import Insights
from core.calls.leg_port import LegPort
from core.calls.loop import CallsLoop
from core.calls.overviews import worst_first
from core.calls.registry import CallRegistry
from core.calls.retention import RetentionSweep
from core.calls.sampling import SampleKeeper
from core.calls.services import CallServices
from core.calls.session import CallSession
from core.guidance.background import BackgroundRetriever, KnowledgeReport
from core.language.masking import MaskingRules
from core.media.events import MediaEvent, MediaLoad
from core.media.supervisor import MediaProcess
from core.model.access import Person, SignInMethod, UserRole
from core.model.audit import AuditAction, AuditEntry
from core.model.call import Call, CallId, CallOrigin, Language, Participant, ParticipantId, Role, SupervisionMode
from core.model.clock import Clock, SystemClock
from core.model.errors import CallEnded, CallNotFound, MediaProcessDown, ServerStarting, SignInRefused
from core.model.health import PartHealth
from core.model.overview import CallOverview
from core.model.snapshot import CallSnapshot
from core.model.utterance import Utterance
from core.quality.segments import SampleWriter
from core.settings import PROJECT_ROOT, Settings
from core.settings.changes import changed_since_last_start
from core.settings.loading import read_sources
from core.settings.report import SettingLine, settings_report
from core.speech.engine import open_transcriber
from core.speech.hints_file import HintsFile
from core.store.lock import DataFolderLock
from core.store.records import Store

logger = logging.getLogger(__name__)

DEMO_SIDES = (
    DemoSide(Role.AGENT, "Dana", PROJECT_ROOT / "demo" / "agent.ogg"),
    DemoSide(Role.CUSTOMER, "Chris", PROJECT_ROOT / "demo" / "customer.ogg"),
)
COMMAND_TIMEOUT_S = 10.0
START_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 30.0
LOAD_SECONDS = 60
LONGEST_NAME = 64
SYSTEM = Person(id="system", name="Earshot", role=UserRole.ADMIN, method=SignInMethod.SYSTEM)
"""In whose name the server itself acts."""


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
        self._scenarios = ScenarioFolder(settings.scenario_dir)
        self.hints = HintsFile(settings.effective_speech_hints, self._clock)
        self._sources = read_sources()
        with ExitStack() as opened:
            self._open(settings, opened)
            self._opened = opened.pop_all()

    def _open(self, settings: Settings, opened: ExitStack) -> None:
        """Open the parts; what is open when one fails is closed again, in the opposite order."""
        opened.callback(DataFolderLock(settings.data_dir).close)
        self._masking = MaskingRules.load(settings.masking_rules) if settings.masking else None
        key = server_key(settings)
        self.tokens = Tokens(
            key,
            join_seconds=settings.join_link_hours * 3600,
            session_seconds=settings.session_hours * 3600,
            wall=self._clock.wall,
        )
        self._store = Store.open(settings.effective_database_url)
        opened.callback(self._store.close)
        self.audit = self._store.audit
        users = UsersFile(settings.users_file, self._clock.monotonic) if settings.users_file else None
        self.sign_in = SignIn(settings, users, self.tokens, self._store.ended_sign_ins, self._clock)
        self._store.ended_sign_ins.forget(self._clock.wall())
        changed = changed_since_last_start(settings, derived_key(key, "settings").encode())
        if changed:
            self.audit.append(self._entry(AuditAction.SETTINGS_CHANGED, SYSTEM, "", "", {"keys": ", ".join(changed)}))
        for call_id in self._store.close_interrupted(self._clock.wall()):
            logger.warning("call %s was interrupted by a crash; it is kept with what it had", call_id)
        self._loop = CallsLoop()
        opened.callback(self._loop.close)
        self._transcriber = open_transcriber(settings, self._clock, hints=self.hints)
        opened.callback(self._transcriber.close)
        self._retriever = BackgroundRetriever(settings.knowledge_dir, self._clock)
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
                masking=self._masking,
                call_limit=self.settings.call_limit,
            )
        )
        self.archive = CallArchive(
            store=self._store,
            samples=self._samples,
            samples_dir=self._samples_dir,
            registry=self._registry,
            durable=self._durable,
            clock=self._clock,
            mask=self._masking.mask_text if self._masking else lambda text, _: text,
        )
        self._demos = DemoCalls(self._registry, self._media, DEMO_SIDES)
        self._sweep = asyncio.create_task(self._retention().run(), name="retention-sweep")
        # Pages and records work without it, and its health tells how it is: the server's start need not wait for it.
        self._media_start = asyncio.create_task(self._start_media(), name="media-start")

    def _retention(self) -> RetentionSweep:
        async def write(call_id: CallId) -> None:
            entry = self._entry(AuditAction.DELETED, SYSTEM, call_id, "", {"reason": "retention"})
            await self._durable.write(partial(self.audit.append, entry))

        return RetentionSweep(self.archive, write, self.settings.retention_days, self._clock)

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

    def start_call(self, language: Language, by: str) -> Call:
        """Begin a call between people; `by` is whose it is (`Person.id`). Raises CallLimitReached, ServerStopping."""
        return self._loop.wait(lambda: self._registry.start(language, CallOrigin.BROWSER, by), COMMAND_TIMEOUT_S).call

    def start_demo(self, by: str) -> Call:
        """Begin a call between the two recorded English voices. Raises as `start_call`, and MediaError."""
        return self._loop.wait(lambda: self._demos.start_voices("en", by), COMMAND_TIMEOUT_S).call

    def start_scenario(self, name: str, by: str) -> Call:
        """Begin a scripted, text-only call. Raises as `start_call`, and ScenarioNotFound."""
        script = self._scenarios.find(name)
        names = {**SCRIPT_NAMES.get(script.language, SCRIPT_NAMES["en"]), **script.names}
        begin = self._demos.start_script
        return self._loop.wait(lambda: begin(script.turns, script.language, names, by), COMMAND_TIMEOUT_S).call

    def scenarios(self) -> ScenarioList:
        """The scripted demos, read again when their files change."""
        return self._scenarios.list()

    def calls(self) -> tuple[Call, ...]:
        """Running calls, newest first."""
        return tuple(sorted((s.call for s in self._registry.running()), key=lambda call: -call.created_at))

    def overviews(self) -> tuple[CallOverview, ...]:
        """The running calls in one line each, worst first."""
        return worst_first(session.record.overview() for session in self._registry.running())

    def call(self, call_id: CallId) -> Call:
        """One call, running or ended, without what was said. Raises CallNotFound, StoreError."""
        try:
            return self._registry.find(call_id).call
        except CallNotFound:
            return self._store.load_call(call_id).call

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        """The latest picture of a call, running or ended. Raises CallNotFound, StoreError."""
        try:
            live = self._registry.find(call_id).record.snapshot()
        except CallNotFound:
            return self.archive.snapshot(call_id)
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
        self._loop.post(self._find(call_id).end)

    # People

    def join(
        self,
        call_id: CallId,
        role: Role,
        name: str,
        participant_id: ParticipantId | None = None,
        person_id: str = "",
    ) -> Participant:
        """Let somebody in, or back in. Raises CallNotFound, CallEnded, ParticipantNotFound."""
        session = self._find(call_id)
        return self._loop.wait(lambda: session.join(role, name, participant_id, person_id), COMMAND_TIMEOUT_S)

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> LegPort:
        """Open a leg for a participant. Raises CallError, MediaError."""
        session = self._find(call_id)
        leg_id = self._loop.wait(lambda: session.connect(participant_id, listen_only), COMMAND_TIMEOUT_S)
        return LegPort(leg_id, session, self._loop, self.tokens.leg_token(call_id, leg_id))

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        """Silence a participant on the server, or end that. Raises CallError, MediaError."""
        self._loop.wait(partial(self._find(call_id).set_muted, participant_id, muted), COMMAND_TIMEOUT_S)

    def set_language(self, call_id: CallId, participant_id: ParticipantId, language: Language) -> None:
        """State what a participant speaks. Raises CallError."""
        self._loop.wait(partial(self._find(call_id).set_language, participant_id, language), COMMAND_TIMEOUT_S)

    def supervise(self, call_id: CallId, participant_id: ParticipantId, mode: SupervisionMode) -> None:
        """Let a supervisor take part in another way. Raises CallError, MediaError."""
        self._loop.wait(partial(self._find(call_id).set_mode, participant_id, mode), COMMAND_TIMEOUT_S)

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        """End a participant's leg on purpose; returns at once. Raises CallNotFound."""
        self._loop.post(partial(self._find(call_id).leave, participant_id))

    def leave_leg(self, grant: LegGrant) -> None:
        """End one leg on purpose; returns at once. Raises CallNotFound."""
        self._loop.post(partial(self._find(grant.call_id).close_leg, grant.leg_id))

    # Records

    def correct(self, call_id: CallId, utterance_id: str, text: str, by: str) -> Utterance:
        """Let an utterance read differently. Raises CallNotFound, UtteranceNotFound, TextInvalid, StoreError."""
        return self._loop.wait(lambda: self.archive.correct(call_id, utterance_id, text, by), COMMAND_TIMEOUT_S)

    def delete_call(self, call_id: CallId) -> None:
        """Delete everything that is kept of an ended call. Raises CallNotFound, CallRunning, StoreError."""
        self._loop.wait(lambda: self.archive.delete(call_id), COMMAND_TIMEOUT_S)

    def write_audit(
        self, action: AuditAction, person: Person, subject: str, client: str, detail: Mapping[str, str]
    ) -> None:
        """Write down who did what. On return it is on the disk or, while the store is unwell, waits in memory."""
        write = partial(self.audit.append, self._entry(action, person, subject, client, detail))
        self._loop.wait(lambda: self._durable.write(write), COMMAND_TIMEOUT_S)

    def _entry(
        self, action: AuditAction, person: Person, subject: str, client: str, detail: Mapping[str, str]
    ) -> AuditEntry:
        return AuditEntry(
            at=self._clock.wall(),
            action=action,
            person_id=person.id,
            person_name=person.name,
            method=person.method,
            role=detail.get("role", person.role.value),
            subject=subject,
            client=client,
            detail=detail,
        )

    def sign_in_with_password(self, name: str, password: str, client: str) -> str:
        """A session token for a local user; written down either way. Blocking. Raises SignInRefused."""
        try:
            person = self.sign_in.with_password(name, password)
        except SignInRefused:
            nobody = Person(id="", name=name[:LONGEST_NAME], role=UserRole.CUSTOMER, method=SignInMethod.PASSWORD)
            self.write_audit(AuditAction.SIGN_IN_REFUSED, nobody, "", client, {})
            raise
        self.write_audit(AuditAction.SIGNED_IN, person, "", client, {})
        return self.sign_in.session_token(person)

    # State

    def settings_report(self) -> tuple[SettingLine, ...]:
        """Every setting and where it came from, secrets masked."""
        return settings_report(self.settings, self._sources)

    def knowledge(self) -> KnowledgeReport:
        """The handbook in use, and its files."""
        return self._retriever.report()

    def reload(self) -> KnowledgeReport:
        """Read the handbook's files again now; scripted demos are always read anew when they have changed."""
        return self._retriever.reload()

    def health(self) -> tuple[PartHealth, ...]:
        """Every part's state, for the health route and the pages."""
        return (
            self._media.health,
            self._transcriber.health,
            self._insights.health,
            self._retriever.health,
            self._durable.health,
        )

    def loads(self) -> tuple[MediaLoad, ...]:
        """The media process's own figures of the last minute, one a second, oldest first."""
        return tuple(self._loads)

    @property
    def is_stopping(self) -> bool:
        """Whether the server takes no new calls any more. Any thread."""
        return self._registry.is_stopping

    def drain(self) -> None:
        """Take no new calls, end the demos, and wait for the calls between people as long as the settings allow."""
        limit_s = self.settings.drain_s
        self._loop.wait(lambda: drain(self._registry, limit_s, self._clock), limit_s + COMMAND_TIMEOUT_S)

    def close(self) -> None:
        """End every call and stop every thread and process; idempotent."""
        self._opened.close()

    async def _close_calls(self) -> None:
        for task in (self._media_start, self._sweep):
            task.cancel()
        await asyncio.gather(self._media_start, self._sweep, return_exceptions=True)
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
