"""When the language model is asked, what is shown of its answers, and what happens when it fails."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.calls.session import CallSession
from core.model.call import CallOrigin, EndReason, Participant, Role
from core.model.errors import (
    GuidanceServerFailed,
    ModelDeclined,
    ModelKeyRefused,
    ModelRateLimited,
    ModelServerFailed,
    ModelStreamDropped,
)
from core.model.health import PartState
from core.model.insight import ModelActivity, ModelPhase, Summary, SummaryText
from core.model.utterance import Recognition
from tests.calls.conftest import World, opened_world
from tests.fakes.insight_source import FULL, USAGE, ScriptedSource

DOWN = ModelServerFailed("srv", "503")
DROPPED = ModelStreamDropped("srv")


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource()


@pytest.fixture
async def world(tmp_path: Path, source: ScriptedSource) -> AsyncIterator[World]:
    async with opened_world(tmp_path, source) as opened:
        yield opened
        source.gate.set()


class Talk:
    """A call in which somebody says one thing after the other."""

    def __init__(self, world: World, session: CallSession, customer: Participant) -> None:
        self._world = world
        self._customer = customer
        self._count = 0
        self.session = session

    def say(self, text: str = "환불하고 싶어요", start_s: float | None = None) -> None:
        at_s = self.session.record.now_s() if start_s is None else start_s
        self.session.said(self._customer.id, Recognition(self._count, text, True, at_s, at_s + 0.5))
        self._count += 1

    async def said(self, count: int) -> None:
        await self._world.until(lambda: len(self.session.record.finals()) == count)

    async def summed_up(self, count: int) -> Summary:
        await self._world.until(lambda: len(self.summaries) >= count)
        return self.summaries[-1]

    async def phase(self, phase: ModelPhase) -> ModelActivity:
        await self._world.until(lambda: self.model.phase is phase)
        return self.model

    @property
    def model(self) -> ModelActivity:
        model = self.session.record.snapshot().model
        assert model is not None
        return model

    @property
    def summaries(self) -> tuple[Summary, ...]:
        return self.session.record.snapshot().summaries


@pytest.fixture
async def talk(world: World) -> Talk:
    return await a_talk(world)


async def a_talk(world: World) -> Talk:
    session = await world.call(origin=CallOrigin.SCRIPT)
    return Talk(world, session, await session.join(Role.CUSTOMER, "이수진"))


async def test_nothing_is_asked_while_nothing_was_said(world: World, talk: Talk, source: ScriptedSource) -> None:
    assert talk.model.phase is ModelPhase.IDLE
    await talk.session.tick()
    await talk.session.end(EndReason.HUNG_UP)
    assert source.asked == []
    assert talk.summaries == ()


async def test_fields_are_shown_as_they_become_valid_and_kept_with_their_times(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [FULL]
    seen: list[ModelActivity | None] = []
    talk.session.record.watch(lambda: seen.append(talk.session.record.snapshot().model))
    talk.say()
    summary = await talk.summed_up(1)
    await talk.phase(ModelPhase.IDLE)
    drafts = [model.draft for model in dict.fromkeys(seen) if model is not None and model.draft is not None]
    assert [bool(d.text.customer_issue) for d in drafts[:2]] == [False, True]
    assert drafts[-1] == FULL
    filled = [(d.text.summary, d.intent, d.sentiment, d.risks, d.suggested_reply) for d in drafts]
    for before, after in itertools.pairwise(filled):
        assert all(new == old or not old for old, new in zip(before, after, strict=True)), "no field is taken back"
    assert (summary.text, summary.intent, summary.risks) == (FULL.text, FULL.intent, FULL.risks)
    assert (summary.engine, summary.turns, summary.usage) == ("scripted", 1, USAGE)
    assert summary.times is not None
    assert summary.times.done_s is not None
    assert summary.stands_in_for == ""
    kept = world.store.load_call(talk.session.call.id)
    await world.until(lambda: world.store.load_call(talk.session.call.id).summaries == (summary,))
    assert kept.call.id == talk.session.call.id


async def test_times_of_a_request_are_on_the_call_s_clock(world: World, talk: Talk, source: ScriptedSource) -> None:
    world.clock.advance(100)
    source.gate.clear()
    talk.say()
    await talk.phase(ModelPhase.ASKED)
    world.clock.advance(2)
    source.gate.set()
    times = (await talk.summed_up(1)).times
    assert times is not None
    assert (times.wanted_s, times.sent_s) == (100, 100)
    assert (times.first_token_s, times.summary_s, times.done_s) == (102, 102, 102)


async def test_what_is_said_meanwhile_is_folded_into_the_next_question(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.gate.clear()
    talk.say()
    await talk.phase(ModelPhase.ASKED)
    for count in range(2, 8):
        talk.say()
        await talk.said(count)
    source.gate.set()
    last = await talk.summed_up(2)
    assert last.turns == 7
    assert [len(turns) for turns, _, _ in source.asked] == [1, 7]
    assert source.most_at_once == 1
    assert source.asked[1][2] is not None, "the model is told what it said before"


async def test_no_two_questions_are_known_by_the_same_utterance(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    world.clock.advance(10)
    talk.say("짧게 말했어요")
    await talk.summed_up(1)
    world.clock.advance(5)
    # It began before the first one, and came after it.
    talk.say("길게 말했어요", start_s=1.0)
    await talk.summed_up(2)
    first, second = talk.summaries
    assert [each.id for each in talk.session.record.finals()] == [second.seen_utterance, first.seen_utterance]


async def test_one_call_s_slow_answer_holds_up_no_other(world: World, source: ScriptedSource) -> None:
    slow, other = await a_talk(world), await a_talk(world)
    source.gate.clear()
    slow.say()
    await slow.phase(ModelPhase.ASKED)
    other.say()
    await other.phase(ModelPhase.ASKED)
    await world.until(lambda: source.most_at_once == 2)
    source.gate.set()
    await other.summed_up(1)


async def test_the_handbook_is_asked_before_the_answer_has_come_to_its_end(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(3, DROPPED)]
    talk.say()
    await world.until(lambda: world.retriever.queries)
    assert world.retriever.queries == [f"{FULL.text.summary} {FULL.text.customer_issue}"]
    await talk.phase(ModelPhase.FAILED)
    source.script = [FULL]
    world.clock.advance(2)
    await talk.session.tick()
    await talk.phase(ModelPhase.IDLE)
    await talk.summed_up(2)
    assert len(world.retriever.queries) == 1, "the same question is asked once"


async def test_a_handbook_that_failed_is_asked_again_with_the_next_summary(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(3, DROPPED)]
    world.retriever.problem = GuidanceServerFailed(address="http://h/rag", status=500)
    talk.say()
    await world.until(lambda: talk.session.record.snapshot().guidance_problem)
    await talk.phase(ModelPhase.FAILED)
    world.retriever.problem = None
    source.script = [FULL]
    world.clock.advance(2)
    await talk.session.tick()
    await world.until(lambda: talk.session.record.snapshot().guidance)
    assert talk.session.record.snapshot().guidance_problem is None
    assert len(set(world.retriever.queries)) == 1


class Steps(threading.Event):
    """Lets an answer come field by field, as many as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = threading.Semaphore(0)

    def allow(self, count: int) -> None:
        self._allowed.release(count)

    def wait(self, timeout: float | None = None) -> bool:
        return self._allowed.acquire(timeout=timeout)


async def test_a_handbook_that_fails_is_asked_once_an_answer(world: World, talk: Talk, source: ScriptedSource) -> None:
    world.retriever.problem = GuidanceServerFailed(address="http://h/rag", status=500)
    for count in (1, 2):
        source.script, source.gate = [FULL], (steps := Steps())
        asked = len(world.retriever.queries)
        talk.say()
        steps.allow(3)
        await world.until(lambda asked=asked: len(world.retriever.queries) == asked + 1)
        await world.until(lambda: not world.insights.guidance_worker.is_busy_with(talk.session.call.id))
        steps.allow(5)
        await talk.summed_up(count)
        await talk.phase(ModelPhase.IDLE)
        await world.until(lambda: not world.insights.guidance_worker.is_busy_with(talk.session.call.id))
        assert len(world.retriever.queries) == asked + 1
    assert len(set(world.retriever.queries)) == 1


async def test_what_an_answer_that_broke_off_had_said_is_kept_over_what_was_believed(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [FULL, (2, DROPPED)]
    talk.say()
    await talk.summed_up(1)
    await talk.phase(ModelPhase.IDLE)
    talk.say("감사합니다")
    summary = await talk.summed_up(2)
    assert summary.text == FULL.text
    assert summary.sentiment == FULL.sentiment
    assert summary.times is not None
    assert summary.times.done_s is None


async def test_one_failure_is_tried_again_by_itself_and_nothing_stands_in(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(0, DOWN), FULL]
    talk.say()
    failed = await talk.phase(ModelPhase.FAILED)
    assert (failed.trouble, failed.stands_in, failed.retry_at_s) == ("ModelServerFailed", False, 1.0)
    await talk.session.tick()
    assert len(source.asked) == 1
    world.clock.advance(1.5)
    await talk.session.tick()
    assert (await talk.summed_up(1)).text == FULL.text
    assert (await talk.phase(ModelPhase.IDLE)).trouble == ""


async def test_after_two_failures_the_extract_stands_in_and_says_why_until_the_model_answers(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(0, DOWN), (0, DOWN), (0, DOWN), FULL]
    talk.say()
    await talk.phase(ModelPhase.FAILED)
    world.clock.advance(1)
    await talk.session.tick()
    stand_in = await talk.summed_up(1)
    assert (stand_in.engine, stand_in.stands_in_for) == ("counting", "ModelServerFailed")
    assert talk.model.stands_in
    health = world.insights.health
    assert health.state is PartState.DEGRADED
    assert "srv fails (503)" in health.in_english
    assert "stands in" in health.in_english

    talk.say()
    assert (await talk.summed_up(2)).text.summary == "2 turns in ko", "it goes on while the model is left alone"
    assert len(source.asked) == 2
    world.clock.advance(2)
    await talk.session.tick()
    await world.until(lambda: len(source.asked) == 3)
    await world.until(lambda: not world.insights.is_asking(talk.session.call.id))
    world.clock.advance(5)
    await talk.session.tick()
    back = await talk.summed_up(3)
    assert (back.engine, back.stands_in_for, back.turns) == ("scripted", "", 2)
    assert world.insights.health.state is PartState.UP
    assert not talk.model.stands_in


async def test_a_key_that_is_refused_lets_the_extract_stand_in_at_once(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(0, ModelKeyRefused("srv", 401))]
    talk.say()
    stand_in = await talk.summed_up(1)
    assert stand_in.stands_in_for == "ModelKeyRefused"
    assert talk.model.retry_at_s == 20


async def test_a_server_that_wants_to_be_left_alone_is(world: World, talk: Talk, source: ScriptedSource) -> None:
    source.script = [(0, ModelRateLimited("srv", 45.0)), FULL]
    talk.say()
    await talk.phase(ModelPhase.FAILED)
    world.clock.advance(44)
    await talk.session.tick()
    assert len(source.asked) == 1
    world.clock.advance(1)
    await talk.session.tick()
    assert (await talk.summed_up(1)).text == FULL.text


async def test_a_question_that_is_declined_is_not_asked_again_but_the_next_one_is(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(0, ModelDeclined("srv")), FULL]
    talk.say()
    assert (await talk.summed_up(1)).stands_in_for == "ModelDeclined"
    world.clock.advance(300)
    await talk.session.tick()
    assert not world.insights.is_asking(talk.session.call.id)
    assert len(source.asked) == 1
    talk.say()
    await world.until(lambda: talk.summaries[-1].engine == "scripted")
    assert talk.summaries[-1].turns == 2


async def test_an_extract_that_comes_late_does_not_replace_what_the_model_says(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.script = [(0, ModelKeyRefused("srv", 401)), FULL]
    world.summarizer.gate.clear()
    talk.say()
    await talk.phase(ModelPhase.FAILED)
    world.clock.advance(20)
    await talk.session.tick()
    await talk.phase(ModelPhase.IDLE)
    world.summarizer.gate.set()
    await world.until(lambda: world.insights.summary_worker.busy_s == 0 and not world.insights.summary_worker.waiting)
    await asyncio.sleep(0.05)
    assert [s.engine for s in talk.summaries] == ["scripted"]


async def test_a_server_that_fails_for_two_calls_is_probed_by_one_and_back_for_all(
    world: World, source: ScriptedSource
) -> None:
    first, second = await a_talk(world), await a_talk(world)
    source.script = [(0, DOWN), (0, DOWN), FULL]
    for talk in (first, second):
        talk.say()
        await talk.phase(ModelPhase.FAILED)
    await second.summed_up(1)
    assert second.model.stands_in
    world.clock.advance(3)
    await first.session.tick()
    await second.session.tick()
    await world.until(lambda: any(s.engine == "scripted" for s in (*first.summaries, *second.summaries)))
    await first.session.tick()
    await second.session.tick()
    for talk in (first, second):
        await world.until(lambda talk=talk: talk.summaries and talk.summaries[-1].engine == "scripted")
    assert world.insights.health.state is PartState.UP


async def test_a_probe_that_failed_tells_every_call_when_the_next_one_is_sent(
    world: World, source: ScriptedSource
) -> None:
    first, second = await a_talk(world), await a_talk(world)
    source.script = [(0, DOWN), (0, DOWN), (1, DOWN)]
    for talk in (first, second):
        talk.say()
        await talk.phase(ModelPhase.FAILED)
    await second.summed_up(1)
    source.gate.clear()
    world.clock.advance(3)
    await first.session.tick()
    await first.phase(ModelPhase.ASKED)
    await second.session.tick()
    await world.until(lambda: not world.insights.is_asking(second.session.call.id))
    source.gate.set()
    await first.phase(ModelPhase.FAILED)
    await world.until(lambda: not world.insights.is_asking(first.session.call.id))
    await second.session.tick()
    shared = world.insights.watch.trouble
    assert shared is not None
    pause_s = shared.retry_at - world.clock.monotonic()
    assert 0 < pause_s < 60
    for talk in (first, second):
        # What is shown is handed over to the loop.
        await world.until(lambda talk=talk: talk.model.retry_at_s == shared.retry_at - talk.session.record.origin)
    world.clock.advance(pause_s)
    await second.session.tick()
    assert (await second.phase(ModelPhase.IDLE)).trouble == ""


async def test_the_model_is_told_masked_words_and_what_it_puts_together_is_masked(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    leak = "카드 4111 1111 1111 1111 재발급"
    source.script = [replace(FULL, text=SummaryText(leak, "문의", ""), suggested_reply=leak)]
    talk.say("카드 번호는 4111 1111 1111 1111이에요")
    summary = await talk.summed_up(1)
    assert "1111" not in f"{source.asked}"
    assert "[카드 번호]" in source.asked[0][0][0].text
    assert "1111" not in f"{summary} {talk.session.record.snapshot()} {world.retriever.queries}"
    assert "[카드 번호]" in summary.text.summary


async def test_the_last_words_are_summed_up_after_the_call_has_ended(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.gate.clear()
    talk.say()
    await talk.phase(ModelPhase.ASKED)
    talk.say("안녕히 계세요")
    await talk.session.end(EndReason.HUNG_UP)
    source.gate.set()
    assert (await talk.summed_up(2)).turns == 2


async def test_closing_ends_the_requests_that_are_on_their_way(
    world: World, talk: Talk, source: ScriptedSource
) -> None:
    source.gate.clear()
    talk.say()
    await talk.phase(ModelPhase.ASKED)
    closing = threading.Thread(target=world.insights.close, name="test-closing")
    closing.start()
    await world.until(world.insights.is_closing)
    source.gate.set()
    closing.join(10)
    assert source.closed == 1
    assert talk.summaries == ()
    assert not [t for t in threading.enumerate() if t.name.startswith("earshot-questions")]
