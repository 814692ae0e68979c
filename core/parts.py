"""The composition root: the only place that chooses implementations. Opens the parts of a server, and closes them."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from random import Random

from core.access.sign_in import SignIn
from core.access.tokens import Tokens, derived_key, server_key
from core.access.users import UsersFile
from core.assist.alert_rules_file import alert_rules_file
from core.assist.compaction import Compactor
from core.assist.engine import open_model
from core.assist.english_dialect import EnglishDialect
from core.assist.extractive import ExtractiveSummarizer
from core.assist.korean_dialect import KoreanDialect
from core.assist.model_insights import ModelInsights
from core.assist.prompt_folder import PromptFolder
from core.assist.scenarios import ScenarioFolder
from core.calls.alerting import Alerting
from core.calls.archive import CallArchive
from core.calls.checks.doctor import Doctor
from core.calls.checks.server_checks import CheckThreads, ServerChecks
from core.calls.checks.trial_calls import TrialCalls
from core.calls.costs import Prices
from core.calls.demo import DemoCalls, DemoSide
from core.calls.durable import DurableWriter
from core.calls.import_shelf import ImportShelf
from core.calls.insights import Insights
from core.calls.loop import CallsLoop
from core.calls.model_use import ModelUse
from core.calls.persona_setup import PersonaSetup
from core.calls.questions import Questions
from core.calls.registry import CallRegistry
from core.calls.retention import RetentionSweep
from core.calls.rollups import Rollups
from core.calls.sampling import SampleKeeper
from core.calls.services import CallServices, PersonaConditions
from core.calls.tally import Tally
from core.calls.webhook import Webhook
from core.calls.webhook_client import WebhookClient
from core.calls.wrap_ups import WrapUps
from core.guidance.background import BackgroundRetriever
from core.guidance.engine import open_embedder, open_remote
from core.guidance.handbook import Handbook
from core.guidance.knowledge_folder import KnowledgeFolder
from core.guidance.retriever import Retriever
from core.language.masking import MaskingRules, masked
from core.media.controller import MediaProcess
from core.media.events import MediaEvent, MediaLoad
from core.media.ice import BROWSER, IceConfiguration
from core.model.access import Person, SignInMethod, UserRole
from core.model.audit import AuditAction, AuditEntry
from core.model.call import Call, CallId, Language, Role
from core.model.clock import Clock
from core.model.errors import MediaProcessDown
from core.model.health import PartHealth
from core.model.insight import Turn
from core.model.turn_trace import ModelAnswer, TurnBatch
from core.quality.fleet import Fleet
from core.quality.rollup_files import RollupFiles
from core.quality.segments import SampleWriter
from core.settings import PROJECT_ROOT, Settings
from core.settings.changes import changed_since_last_start
from core.speech.engine import open_transcriber
from core.speech.hints_file import HintsFile
from core.store.lock import DataFolderLock
from core.store.records import Store

logger = logging.getLogger(__name__)

DEMO_SIDES = (
    DemoSide(Role.AGENT, "Dana", PROJECT_ROOT / "demo" / "agent.ogg"),
    DemoSide(Role.CUSTOMER, "Chris", PROJECT_ROOT / "demo" / "customer.ogg"),
)
START_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 30.0
LOAD_SECONDS = 60
SYSTEM = Person(id="system", name="Earshot", role=UserRole.ADMIN, method=SignInMethod.SYSTEM)
"""In whose name the server itself acts."""


class Parts:
    """What a server consists of, open. `close` before the process ends.

    What lives on the calls loop (`media`, `registry`, `demos`) is called there alone.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Open every part. Blocking, some seconds; the speech model goes on loading in the background.

        Raises:
            StoreError: the database cannot be opened.
            EngineUnavailable: the chosen speech engine cannot be used here.
            SettingInvalid: the table of prices cannot be read.
        """
        self.settings = settings
        self.clock = clock
        self.loads: deque[MediaLoad] = deque(maxlen=LOAD_SECONDS)
        """The media process's own figures of the last minute, one a second, oldest first."""
        self.tally = Tally()
        self._samples_dir = settings.data_dir / "samples"
        self.scenarios = ScenarioFolder(settings.scenario_dir)
        self.prices = Prices.load(settings.prices)
        self.hints = HintsFile(settings.effective_speech_hints, clock)
        self.prompts = PromptFolder(settings.effective_prompt_dir, clock)
        self._compactor = Compactor({"ko": KoreanDialect(), "en": EnglishDialect()})
        self.alert_rules = alert_rules_file(settings.effective_alert_rules, clock)
        with ExitStack() as opened:
            self._open(settings, opened)
            self._opened = opened.pop_all()

    def _open(self, settings: Settings, opened: ExitStack) -> None:
        """Open the parts; what is open when one fails is closed again, in the opposite order."""
        opened.callback(DataFolderLock(settings.data_dir).close)
        self.masking = MaskingRules.load(settings.masking_rules) if settings.masking else None
        key = server_key(settings)
        self.tokens = Tokens(
            key,
            join_seconds=settings.join_link_hours * 3600,
            session_seconds=settings.session_hours * 3600,
            wall=self.clock.wall,
        )
        self.store = Store.open(settings.effective_database_url)
        opened.callback(self.store.close)
        self.audit = self.store.audit
        users = UsersFile(settings.users_file, self.clock.monotonic) if settings.users_file else None
        self.sign_in = SignIn(settings, users, self.tokens, self.store.ended_sign_ins, self.clock)
        self.store.ended_sign_ins.forget(self.clock.wall())
        changed = changed_since_last_start(settings, derived_key(key, "settings").encode())
        if changed:
            self.audit.append(self.entry(AuditAction.SETTINGS_CHANGED, SYSTEM, "", "", {"keys": ", ".join(changed)}))
        for call_id in self.store.close_interrupted(self.clock.wall()):
            logger.warning("call %s was interrupted by a crash; it is kept with what it had", call_id)
        self.loop = CallsLoop()
        opened.callback(self.loop.close)
        # Closed after the engines, which let go of whoever waits for them.
        self._check_threads = CheckThreads()
        opened.callback(self._check_threads.close)
        self.transcriber = open_transcriber(settings, self.clock, hints=self.hints)
        opened.callback(self.transcriber.close)
        self.local_handbook = BackgroundRetriever(
            settings.knowledge_dir,
            self.clock,
            embedder=open_embedder(settings),
            vectors_dir=settings.data_dir / "embeddings",
        )
        opened.callback(self.local_handbook.close)
        self.handbook_files = KnowledgeFolder(settings.knowledge_dir)
        self.remote_handbook = open_remote(settings, self.clock)
        if self.remote_handbook is not None:
            opened.callback(self.remote_handbook.close)
        self.retriever: Retriever = self.remote_handbook or self.local_handbook
        self.handbook = Handbook(
            self.local_handbook,
            self.handbook_files,
            self.retriever,
            self.remote_handbook.address if self.remote_handbook else "",
        )
        self.model = open_model(settings)
        if self.model is not None:
            opened.callback(self.model.close)
        # Closed after the insights, which end the model's requests: a draft that hangs at the model is let go then, and
        # those that wait are written without it.
        use = ModelUse(self.model, self.clock, self._charge, lambda: self.insights.trouble()) if self.model else None
        mask = partial(masked, self.masking)
        self.questions = Questions(use, self.clock, mask, self.prompts)
        self.wrap_ups = WrapUps(self.store, use, self.clock, mask, self.prompts, self._condense)
        opened.callback(self.wrap_ups.close)
        self.insights = Insights(
            ExtractiveSummarizer(),
            self.retriever,
            settings.guidance_documents,
            self.clock,
            source=self._insight_source(settings),
            requests=settings.assist_requests,
        )
        opened.callback(self.insights.close)
        self.alerting = Alerting(self.alert_rules, self._webhook(), settings.webhook_words)
        opened.callback(self.alerting.close)
        self._persona_setup = PersonaSetup(settings, self.clock, self.store, self.retriever)
        opened.callback(self._persona_setup.close)
        self.imports = ImportShelf(settings.data_dir / "imports")
        opened.callback(self.imports.close)
        rollup_files = RollupFiles(settings.data_dir / "rollups")
        self.fleet = Fleet(rollup_files, self._samples_dir)
        self.rollups = Rollups(self.store, self._samples_dir, rollup_files, self.clock)
        opened.callback(self.rollups.close)
        self.rollups.repair()
        self.samples = SampleKeeper(SampleWriter(self._samples_dir, self.clock))
        opened.callback(self.samples.close)
        self.loop.wait(self._open_calls, START_TIMEOUT_S)
        opened.callback(self.loop.wait, self._close_calls, CLOSE_TIMEOUT_S)

    def _webhook(self) -> Webhook | None:
        url, secret = self.settings.webhook_url, self.settings.webhook_secret
        if not url or secret is None:
            return None
        client = WebhookClient(url, self.settings.webhook_private, self.clock)
        return Webhook(client, secret.get_secret_value().encode(), self.clock, Random())

    def _insight_source(self, settings: Settings) -> ModelInsights | None:
        if self.model is None:
            return None
        return ModelInsights(
            self.model,
            self.prompts,
            self._compactor,
            input_tokens=settings.assist_input_tokens,
            token_limit=settings.openai_token_limit,
        )

    async def _open_calls(self) -> None:
        self.durable = DurableWriter(lambda: self.store.health)
        self.media = MediaProcess(self.settings, self._take_media_event, self.clock)
        self.registry = CallRegistry(
            CallServices(
                clock=self.clock,
                media=self.media,
                transcriber=self.transcriber,
                insights=self.insights,
                store=self.store,
                durable=self.durable,
                samples=self.samples,
                rollups=self.rollups,
                wrap_ups=self.wrap_ups,
                make_id=lambda: secrets.token_hex(6),
                grace_s=self.settings.grace_s,
                masking=self.masking,
                call_limit=self.settings.call_limit,
                alerting=self.alerting,
                tally=self.tally,
                personas=PersonaConditions(
                    tail_s=self.settings.persona_tail_ms / 1000,
                    transcription_model=self.settings.realtime_transcription_model,
                ),
            )
        )
        self.archive = CallArchive(
            store=self.store,
            samples=self.samples,
            samples_dir=self._samples_dir,
            rollups=self.rollups,
            registry=self.registry,
            durable=self.durable,
            clock=self.clock,
            mask=partial(masked, self.masking),
        )
        self.demos = DemoCalls(self.registry, self.media, DEMO_SIDES)
        self.personas = self._persona_setup.begin(
            self.registry, self.loop, self.durable, self.archive.session, self._write_ready
        )
        self._open_doctor()
        self._sweep = asyncio.create_task(self._retention().run(), name="retention-sweep")
        # Pages and records work without it, and its health tells how it is: the server's start need not wait for it.
        self._media_start = asyncio.create_task(self._start_media(), name="media-start")

    def _open_doctor(self) -> None:
        self._trials = TrialCalls(self.media, lambda: secrets.token_hex(6))
        self._checkup = ServerChecks(
            settings=self.settings,
            clock=self.clock,
            media=self.media,
            loads=lambda: tuple(self.loads),
            transcriber=self.transcriber,
            model=self.model,
            realtime=self._persona_setup.server,
            retriever=self.retriever,
            store=self.store,
            durable=self.durable,
            voices=tuple(side.path for side in DEMO_SIDES),
        ).checkup(self._trials, self._check_threads)

        def browser_ice() -> IceConfiguration:
            return IceConfiguration.from_settings(self.settings, self.clock.wall(), BROWSER)

        self.doctor = Doctor(self._checkup, self._trials, self.loop, browser_ice)

    def _charge(self, call_id: CallId, answer: ModelAnswer) -> None:
        """Have kept what an answer took of the language model. Any thread; returns at once."""
        write = partial(self.store.save_turns, call_id, TurnBatch(answers=(answer,)))

        async def post() -> None:
            self.durable.post(write)

        self.loop.post(post)

    def _condense(self, turns: Sequence[Turn], language: Language) -> Sequence[Turn]:
        """A conversation within the budget of what is sent to the model."""
        return self._compactor.compact(turns, language, self.settings.assist_input_tokens)

    async def _write_ready(self, call: Call) -> None:
        """Write down that a persona was made ready at its opening time."""
        persona = {} if call.persona is None else {"persona": str(call.persona.id)}
        entry = self.entry(AuditAction.PERSONA_STARTED, SYSTEM, call.id, "", {**persona, "language": call.language})
        await self.durable.write(partial(self.audit.append, entry))

    def _retention(self) -> RetentionSweep:
        async def write(call_id: CallId) -> None:
            entry = self.entry(AuditAction.DELETED, SYSTEM, call_id, "", {"reason": "retention"})
            await self.durable.write(partial(self.audit.append, entry))

        return RetentionSweep(self.archive, write, self.settings.retention_days, self.clock)

    async def _start_media(self) -> None:
        try:
            await self.media.start()
        except MediaProcessDown as error:
            logger.error("%s", error)

    def _take_media_event(self, event: MediaEvent) -> None:
        if isinstance(event, MediaLoad):
            self.loads.append(event)
        else:
            self._trials.take(event)
            self.registry.take(event)

    def entry(
        self, action: AuditAction, person: Person, subject: str, client: str, detail: Mapping[str, str]
    ) -> AuditEntry:
        """A line of the audit log, as of now."""
        return AuditEntry(
            at=self.clock.wall(),
            action=action,
            person_id=person.id,
            person_name=person.name,
            method=person.method,
            role=detail.get("role", person.role.value),
            subject=subject,
            client=client,
            detail=detail,
        )

    def health(self) -> tuple[PartHealth, ...]:
        """Every part's state. Any thread."""
        return (
            self.media.health,
            self.transcriber.health,
            self.insights.health,
            self.retriever.health,
            self.alerting.health,
            *self.personas.health,
            self.durable.health,
        )

    def close(self) -> None:
        """End every call and stop every thread and process; idempotent."""
        self._opened.close()

    async def _close_calls(self) -> None:
        for task in (self._media_start, self._sweep):
            task.cancel()
        await asyncio.gather(self._media_start, self._sweep, return_exceptions=True)
        await self._checkup.close()
        await self._trials.close()
        await self.demos.close()
        await self.personas.close()
        await self.registry.close()
        await self.personas.close_server()
        await self.media.stop()
        await self.durable.close()
