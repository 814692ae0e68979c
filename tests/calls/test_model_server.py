"""A call and a language model behind a real server: the SDK, its stream, its failures, all the way to the record."""

import asyncio
import json
import random
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.assist.compaction import Compactor
from core.assist.english_dialect import EnglishDialect
from core.assist.korean_dialect import KoreanDialect
from core.assist.model_insights import ModelInsights
from core.assist.openai_model import OpenAIModel
from core.assist.prompt_folder import PromptFolder
from core.model.call import CallOrigin, EndReason, Role
from core.model.health import PartState
from core.model.insight import ModelPhase, SummaryText, TokenUsage
from core.model.turn_trace import Purpose, turn_traces
from core.settings import Settings
from tests.calls.conftest import World, opened_world
from tests.calls.test_inquiry import Talk
from tests.fakes.clock import ManualClock
from tests.fakes.openai_server import (
    ANSWER,
    PARAMETERS,
    OpenAIServer,
    Script,
    Wire,
    declines,
    drops,
    fails,
    keeps_silent,
    says,
    serving,
)

ORDER = ["summary", "customer_issue", "agent_action", "intent", "sentiment", "risks", "suggested_reply"]
WHOLE = json.dumps(ANSWER)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving(OpenAIServer(key="a key", parameters=PARAMETERS | {"max_tokens"})) as fake:
        yield fake


@pytest.fixture
async def world(tmp_path: Path, server: OpenAIServer) -> AsyncIterator[World]:
    settings = Settings(
        _env_file=None, openai_base_url=server.base_url, openai_api_key="a key", openai_model=server.model
    )
    with closing(OpenAIModel(settings)) as model:
        source = ModelInsights(
            model,
            PromptFolder(tmp_path / "prompts", ManualClock()),
            Compactor({"ko": KoreanDialect(), "en": EnglishDialect()}),
            input_tokens=500,
            token_limit=800,
        )
        async with opened_world(tmp_path, source) as opened:
            yield opened


@pytest.fixture
async def talk(world: World) -> Talk:
    session = await world.call("en", CallOrigin.SCRIPT)
    return Talk(world, session, await session.join(Role.CUSTOMER, "Chris"))


async def test_fields_appear_in_their_order_while_the_answer_is_still_arriving(
    world: World, talk: Talk, server: OpenAIServer
) -> None:
    server.script = says(WHOLE, size=5, pause_s=0.002)
    appeared: list[str] = []

    def look() -> None:
        draft = talk.model.draft
        if draft is None:
            return
        have = {
            "summary": draft.text.summary,
            "customer_issue": draft.text.customer_issue,
            "agent_action": draft.text.agent_action,
            "intent": draft.intent,
            "sentiment": draft.sentiment,
            "risks": draft.risks,
            "suggested_reply": draft.suggested_reply,
        }
        appeared.extend(name for name, value in have.items() if value and name not in appeared)
        assert "{" not in str(list(have.values())[:3])

    talk.session.record.watch(look)
    talk.say("I was charged twice, and I will leave.")
    summary = await talk.summed_up(1)
    assert appeared == ORDER
    assert summary.text.summary == ANSWER["summary"]
    assert [(risk.kind, risk.words) for risk in summary.risks] == [("churn", "I will leave")]
    assert summary.usage == TokenUsage(812, 96, 640)
    assert (summary.engine, summary.model) == ("openai-compatible", "test-model")
    await world.until(lambda: world.retriever.queries)
    assert world.retriever.queries == [f"{ANSWER['summary']} {ANSWER['customer_issue']}"]


async def test_a_failing_server_is_stood_in_for_with_the_reason_and_asked_until_it_is_back(
    world: World, talk: Talk, server: OpenAIServer
) -> None:
    server.next_scripts = [fails(503), drops(WHOLE[:40])]
    talk.say("I was charged twice, and I will leave.")
    first = await talk.phase(ModelPhase.FAILED)
    assert (first.trouble, first.stands_in) == ("ModelServerFailed", False)
    world.clock.advance(1)
    await talk.session.tick()
    stand_in = await talk.summed_up(1)
    assert (stand_in.engine, stand_in.stands_in_for) == ("counting", "ModelStreamDropped")
    assert world.insights.health.state is PartState.DEGRADED
    assert "broke off" in world.insights.health.in_english
    world.clock.advance(2)
    await talk.session.tick()
    back = await talk.summed_up(2)
    assert (back.text.summary, back.stands_in_for) == (ANSWER["summary"], "")
    assert world.insights.health.state is PartState.UP


@pytest.mark.parametrize(
    ("script", "code", "stands_in"),
    [
        (fails(401, "invalid_api_key"), "ModelKeyRefused", True),
        (fails(429, "insufficient_quota"), "ModelQuotaUsedUp", True),
        (fails(429, "rate_limit_exceeded", retry_after="30"), "ModelRateLimited", False),
        (declines("I would rather not."), "ModelDeclined", True),
        (says(WHOLE, finish_reason="length"), "ModelAnswerTooLong", True),
        (says(WHOLE, finish_reason="content_filter"), "ModelAnswerFiltered", True),
        (says("It is about a bill, I think."), "ModelAnswerInvalid", False),
    ],
)
async def test_every_failure_is_shown_by_its_name(
    world: World, talk: Talk, server: OpenAIServer, script: object, code: str, stands_in: bool
) -> None:
    server.script = script
    talk.say("I was charged twice.")
    failed = await talk.phase(ModelPhase.FAILED)
    assert (failed.trouble, failed.stands_in) == (code, stands_in)
    if code == "ModelRateLimited":
        assert failed.retry_at_s == 30


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (says('{"summary": "'), [TokenUsage(812, 96, 640)]),
        (says("It is about a bill, I think."), [None]),
        (says(WHOLE[:5], finish_reason="length"), [None]),
        (says("", finish_reason="content_filter"), [None]),
        (declines("I would rather not."), [None]),
        (drops(""), [None]),
        (fails(503), []),
        (fails(401, "invalid_api_key"), []),
    ],
)
async def test_a_request_that_the_model_worked_on_in_vain_is_kept_for_its_price_and_answers_no_turn(
    world: World, talk: Talk, server: OpenAIServer, script: Script, told: list[TokenUsage | None]
) -> None:
    server.next_scripts = [script]
    world.summarizer.gate.clear()
    talk.say("I was charged twice, and I will leave.")
    await talk.phase(ModelPhase.FAILED)
    await talk.session.tick()
    await world.durable.write(lambda: None)
    (record,) = world.store.turn_records([talk.session.call.id])
    assert [(each.purpose, each.engine, each.usage) for each in record.answers] == [
        (Purpose.SUMMARY_IN_VAIN, "openai-compatible", usage) for usage in told
    ]
    (trace,) = turn_traces(record)
    assert (trace.answered_by, trace.total_s) == ("", None)


async def test_what_is_said_during_an_answer_is_one_more_question(
    world: World, talk: Talk, server: OpenAIServer
) -> None:
    release = threading.Event()

    async def wait(wire: Wire) -> None:
        while not release.is_set():  # noqa: ASYNC110 - it is set on another thread
            await asyncio.sleep(0.005)
        await says(WHOLE)(wire)

    server.next_scripts = [wait]
    talk.say("I was charged twice.")
    await world.until(lambda: server.requests)
    for number in range(5):
        talk.say(f"And I will leave, reason number {number}.")
        await talk.said(number + 2)
    release.set()
    last = await talk.summed_up(2)
    assert last.turns == 6
    assert len(server.requests) == 2
    assert ANSWER["summary"] in server.requests[1]["messages"][-1]["content"], "it is told what it said before"


async def test_an_hour_is_asked_about_within_the_budget(world: World, talk: Talk, server: OpenAIServer) -> None:
    talk.say("I was charged twice on my June bill.")
    for number in range(200):
        talk.say(f"Right, and the weather was lovely again on day {number}, was it not.")
    await talk.said(201)
    await world.until(lambda: talk.summaries and talk.summaries[-1].turns == 201)
    material = server.requests[-1]["messages"][-1]["content"]
    assert len(material) < 4 * 900
    assert "charged twice on my June bill" in material.replace("Customer: ", "")


async def test_nothing_that_is_hidden_crosses_the_network(world: World, talk: Talk, server: OpenAIServer) -> None:
    talk.say("My card is 4111 1111 1111 1111, and I will leave.")
    await talk.summed_up(1)
    assert "1111" not in json.dumps(server.requests)
    assert "[card number]" in json.dumps(server.requests)


async def test_failure_4_broken_json_is_never_shown_and_a_valid_summary_always_is(
    world: World, talk: Talk, server: OpenAIServer
) -> None:
    """The first report's summary showed broken JSON, and grew without end."""
    shown: list[str] = []

    def look() -> None:
        snapshot = talk.session.record.snapshot()
        drafts = [snapshot.model.draft] if snapshot.model and snapshot.model.draft else []
        for each in (*snapshot.summaries[-1:], *drafts):
            shown.extend((*vars_of(each.text), each.suggested_reply, *(risk.words for risk in each.risks)))

    talk.session.record.watch(look)
    talk.say("I was charged twice, and I will leave.")
    await talk.summed_up(1)
    chance = random.Random(4)
    for number in range(40):
        server.script = broken(chance)
        talk.say(f"So I said {number} times.")
        await talk.said(number + 2)
        await world.until(lambda: not world.insights.is_asking(talk.session.call.id))
        world.clock.advance(700)
        await talk.session.tick()
        await world.until(lambda: not world.insights.is_asking(talk.session.call.id))
        assert talk.summaries[-1].text.summary
    assert not [text for text in shown if any(sign in text for sign in ('{"', '":', "\\", "}"))]
    longest = max(len(request["messages"][-1]["content"]) for request in server.requests)
    assert longest < 3_000, "neither does what is asked grow without end"


def vars_of(text: SummaryText) -> tuple[str, ...]:
    return text.summary, text.customer_issue, text.agent_action


def broken(chance: random.Random) -> Script:
    """An answer that is cut off, has other characters in it, or is something else altogether."""
    at = chance.randrange(1, len(WHOLE) - 1)
    match chance.randrange(5):
        case 0:
            return says(WHOLE[:at], size=chance.randrange(1, 40))
        case 1:
            return drops(WHOLE[:at])
        case 2:
            return says(WHOLE[:at] + chance.choice('{}[]",:\\') + WHOLE[at:], size=chance.randrange(1, 40))
        case 3:
            return says(json.dumps(ANSWER | {"summary": WHOLE[:at], "suggested_reply": WHOLE}))
        case _:
            return says("```json\n" + WHOLE + "\n```")


async def test_nobody_is_asked_when_nothing_was_said(world: World, talk: Talk, server: OpenAIServer) -> None:
    await talk.session.tick()
    await talk.session.end(EndReason.HUNG_UP)
    assert server.requests == []


async def test_closing_lets_a_silent_server_go_at_once_and_blames_nobody(
    world: World, talk: Talk, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = keeps_silent
    talk.say("I was charged twice.")
    await world.until(lambda: server.requests)
    world.insights.close()
    assert world.insights.model_pool is not None
    assert world.insights.model_pool.busy_s == 0
    assert talk.summaries == ()
    assert not [line for line in caplog.records if line.levelname in ("WARNING", "ERROR")]
