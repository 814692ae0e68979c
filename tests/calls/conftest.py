"""A call session with everything around it real but the bridge, the speech engine and the clock."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.assist.alert_rules_file import AlertRulesFile, alert_rules_file
from core.assist.insight_source import InsightSource
from core.assist.prompt_folder import PromptFolder
from core.calls.alerting import Alerting
from core.calls.durable import DurableWriter
from core.calls.insights import Insights
from core.calls.registry import CallRegistry
from core.calls.rollups import Rollups
from core.calls.sampling import SampleKeeper
from core.calls.services import CallServices, Media
from core.calls.session import CallSession
from core.calls.tally import Tally
from core.calls.wrap_ups import WrapUps
from core.language.masking import MaskingRules
from core.model.call import CallOrigin, LegState, Participant, Role
from core.model.clock import Clock
from core.quality.rollup_files import RollupFiles
from core.quality.segments import SampleWriter
from core.settings import Settings
from core.store.records import Store
from tests.fakes.bridge import SilentBridge
from tests.fakes.clock import ManualClock
from tests.fakes.insight import CountingSummarizer, EchoRetriever
from tests.fakes.speech import ScriptedSession, ScriptedTranscriber


@dataclass
class World:
    """What a test can touch."""

    clock: ManualClock
    bridge: SilentBridge
    transcriber: ScriptedTranscriber
    summarizer: CountingSummarizer
    retriever: EchoRetriever
    insights: Insights
    store: Store
    registry: CallRegistry
    samples_dir: Path
    rollups: Rollups
    wrap_ups: WrapUps
    durable: DurableWriter
    alert_rules: AlertRulesFile
    """Without any rule until a test saves some."""
    alerting: Alerting
    tally: Tally

    async def call(self, language: str = "ko", origin: CallOrigin = CallOrigin.BROWSER) -> CallSession:
        return await self.registry.start(language, origin)

    async def connected(self, session: CallSession, role: Role, name: str) -> Participant:
        """Somebody who has joined and whose leg is connected."""
        participant = await session.join(role, name)
        leg_id = await session.connect(participant.id)
        await session.leg_changed(leg_id, LegState.CONNECTED)
        return participant

    def speech_of(self, session: CallSession, participant: Participant) -> ScriptedSession:
        return self.transcriber.sessions[f"{session.call.id}-{participant.id}"]

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Let the loop run until something has happened on another thread."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for happens on other threads
                await asyncio.sleep(0.005)


@asynccontextmanager
async def opened_world(
    folder: Path,
    source: InsightSource | None = None,
    requests: int = 2,
    clock: Clock | None = None,
    call_limit: int = 5,
    media: Media | None = None,
    grace_s: float = 20.0,
) -> AsyncIterator[World]:
    """A registry and all that its calls need, with a language model or without."""
    clock = clock or ManualClock()
    bridge, transcriber, summarizer = SilentBridge(), ScriptedTranscriber(), CountingSummarizer()
    retriever = EchoRetriever()
    store = Store.open(f"sqlite:///{folder / 'calls.db'}")
    durable = DurableWriter(lambda: store.health)
    insights = Insights(summarizer, retriever, 3, clock, source, requests)
    alert_rules = alert_rules_file(folder / "alerts.yaml", clock)
    alert_rules.save("rules: []", "")
    alerting = Alerting(alert_rules, webhook=None)
    samples = SampleKeeper(SampleWriter(folder / "samples", clock))
    rollups = Rollups(store, folder / "samples", RollupFiles(folder / "rollups"), clock)
    masking = MaskingRules.load(Settings(_env_file=None).masking_rules)
    wrap_ups = WrapUps(
        store, None, clock, masking.mask_text, PromptFolder(folder / "prompts", clock), lambda turns, _: turns
    )
    ids = (f"id{n}" for n in itertools.count())
    tally = Tally()
    registry = CallRegistry(
        CallServices(
            clock=clock,
            media=media or bridge,
            transcriber=transcriber,
            insights=insights,
            store=store,
            durable=durable,
            samples=samples,
            rollups=rollups,
            wrap_ups=wrap_ups,
            make_id=lambda: next(ids),
            grace_s=grace_s,
            masking=masking,
            call_limit=call_limit,
            alerting=alerting,
            tally=tally,
        )
    )
    yield World(
        clock=clock,
        bridge=bridge,
        transcriber=transcriber,
        summarizer=summarizer,
        retriever=retriever,
        insights=insights,
        store=store,
        registry=registry,
        samples_dir=folder / "samples",
        rollups=rollups,
        wrap_ups=wrap_ups,
        durable=durable,
        alert_rules=alert_rules,
        alerting=alerting,
        tally=tally,
    )
    summarizer.gate.set()
    await registry.close()
    insights.close()
    wrap_ups.close()
    alerting.close()
    await durable.close()
    samples.close()
    rollups.close()
    store.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(tmp_path) as opened:
        yield opened
