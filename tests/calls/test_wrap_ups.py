"""Wrap-ups from the end of a call to the file, and questions asked while it goes on."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from core.assist.json_answer import NO_OBJECT
from core.assist.language_model import ModelDelta, ModelRequest
from core.assist.prompt_folder import PromptFolder
from core.calls.export import ExportFormat, export_call
from core.calls.model_use import ModelUse
from core.calls.questions import AT_ONCE, LONGEST_QUESTION, Questions
from core.calls.wrap_ups import WrapUps
from core.model.call import CallId, EndReason, Role
from core.model.errors import CallRunning, ModelAnswerInvalid, QuestionInvalid, QuestionsBusy, WrapUpFiled
from core.model.insight import TokenUsage
from core.model.turn_trace import ModelAnswer, Purpose, TurnBatch, TurnRecord, turn_traces
from core.model.utterance import Recognition
from core.model.wrap_up import Resolution, WrapUpText
from tests.calls.conftest import World
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_model import ScriptedModel

PROMPTS = PromptFolder(Path("no-such-folder"), ManualClock())
ANSWER = json.dumps(
    {
        "call_type": "Billing",
        "issue": "Charged twice",
        "steps": ["Checked the bill", "Refunded it"],
        "resolution": "resolved",
        "outcome": "Money is back in three days",
        "sentiment": "positive",
        "follow_ups": [],
    }
)
FILED = WrapUpText(
    call_type=" billing ",
    issue="Charged twice,\nhe says",
    steps=("Checked", "", "Told 010-1234-5678"),
    resolution=Resolution.FOLLOW_UP,
    follow_ups=("Call back",),
)


def no_charge(call_id: CallId, use: ModelAnswer) -> None:
    """Nothing is asked of a model that would have to be paid."""


def charge(world: World, call_id: CallId, use: ModelAnswer) -> None:
    world.store.save_turns(call_id, TurnBatch(answers=(use,)))


def hide_refunds(text: str, language: str) -> str:
    """A masking rule."""
    return text.replace("A refund", "[hidden]")


async def ended_call(world: World) -> CallId:
    """A call in which two things were said, and which is over."""
    session = await world.call("en")
    agent = await world.connected(session, Role.AGENT, "Dana")
    customer = await world.connected(session, Role.CUSTOMER, "Chris")
    session.said(customer.id, Recognition(0, "I was charged twice for my order.", True, 0.0, 1.0))
    session.said(agent.id, Recognition(0, "I will refund the second charge.", True, 2.0, 3.0))
    await world.until(lambda: len(session.record.finals()) == 2)
    await session.end(EndReason.HUNG_UP)
    return session.call.id


@pytest.fixture
def with_model(world: World) -> Iterator[WrapUps]:
    """Wrap-ups of the same calls by a model that answers at the second time only."""
    model = ScriptedModel(ModelAnswerInvalid(NO_OBJECT), ANSWER)
    use = ModelUse(model, world.clock, partial(charge, world), lambda: None)
    wrap_ups = WrapUps(world.store, use, world.clock, lambda text, _: text, PROMPTS, lambda turns, _: turns)
    yield wrap_ups
    wrap_ups.close()


async def drafted(world: World, wrap_ups: WrapUps, call_id: CallId) -> WrapUps:
    await world.until(lambda: not wrap_ups.report(call_id).is_being_drafted)
    return wrap_ups


async def test_a_call_that_ends_gets_a_draft_from_what_was_said(world: World) -> None:
    call_id = await ended_call(world)
    await drafted(world, world.wrap_ups, call_id)
    wrap_up = world.wrap_ups.report(call_id).wrap_up
    assert wrap_up is not None
    assert wrap_up.draft is not None
    assert wrap_up.filed is None
    assert "charged twice" in wrap_up.draft.text.issue
    assert len(wrap_up.draft.text.steps) == 1
    assert "refund" in wrap_up.draft.text.steps[0]
    assert wrap_up.draft.engine == "extractive"


async def test_a_call_in_which_nothing_was_said_gets_none(world: World) -> None:
    session = await world.call()
    await session.end(EndReason.HUNG_UP)
    await drafted(world, world.wrap_ups, session.call.id)
    assert world.wrap_ups.report(session.call.id).wrap_up is None


async def test_a_model_that_fails_is_stood_in_for_and_said_so_until_it_answers(
    world: World, with_model: WrapUps
) -> None:
    call_id = await ended_call(world)
    await drafted(world, world.wrap_ups, call_id)
    for engine, reason in (("extractive", "ModelAnswerInvalid"), ("scripted", "")):
        with_model.draft(call_id)
        await drafted(world, with_model, call_id)
        wrap_up = with_model.report(call_id).wrap_up
        assert wrap_up is not None
        assert wrap_up.draft is not None
        assert (wrap_up.draft.engine, wrap_up.draft.stands_in_for) == (engine, reason)
    (record,) = world.store.turn_records([call_id])
    (use,) = [answer for answer in record.answers if answer.purpose is Purpose.WRAP_UP]
    assert use.usage == TokenUsage(100, 20)
    assert all(
        trace.answered_by != use.seen_utterance or trace.summary_engine != "scripted" for trace in turn_traces(record)
    )
    assert wrap_up.draft.text.outcome == "Money is back in three days"
    assert wrap_up.draft.text.resolution is Resolution.RESOLVED


async def test_what_is_filed_is_kept_beside_the_draft_tidied_masked_and_for_good(world: World) -> None:
    call_id = await ended_call(world)
    await drafted(world, world.wrap_ups, call_id)
    before = world.wrap_ups.report(call_id).wrap_up
    assert before is not None
    filed = await world.wrap_ups.file(call_id, FILED, "Dana", world.durable)
    assert filed.filed is not None
    assert filed.filed.text.issue == "Charged twice, he says"
    assert filed.filed.text.call_type == "billing"
    assert filed.filed.text.steps[0] == "Checked"
    assert len(filed.filed.text.steps) == 2
    assert "1234-5678" not in filed.filed.text.steps[1]
    assert world.wrap_ups.report(call_id).wrap_up == filed
    assert filed.draft == before.draft
    with pytest.raises(WrapUpFiled, match="Dana"):
        await world.wrap_ups.file(call_id, FILED, "Sue", world.durable)
    world.wrap_ups.draft(call_id)
    await drafted(world, world.wrap_ups, call_id)
    assert world.wrap_ups.report(call_id).wrap_up == filed
    exported = json.loads(
        export_call(world.store.load_call(call_id), (), ExportFormat.JSON, TurnRecord(CallId("none")))
    )
    assert exported["wrap_up"]["filed"]["text"]["resolution"] == "follow_up"
    world.store.delete_call(call_id)


async def test_half_a_character_that_was_filed_is_dropped_for_it_could_not_be_drawn(world: World) -> None:
    call_id = await ended_call(world)
    filed = await world.wrap_ups.file(call_id, WrapUpText(issue="half \ud800\0 of it"), "Dana", world.durable)
    assert filed.filed is not None
    assert filed.filed.text.issue == "half of it"


async def test_a_model_that_answers_no_call_is_not_waited_for(world: World) -> None:
    picture = world.registry.find(await ended_call(world)).record.snapshot()
    model = ScriptedModel('{"answer": "yes", "evidence": []}')
    use = ModelUse(model, world.clock, no_charge, lambda: ModelAnswerInvalid(NO_OBJECT))
    report = Questions(use, world.clock, hide_refunds, PROMPTS).ask(picture, "refund?")
    assert (report.engine, report.stands_in_for) == ("extractive", "ModelAnswerInvalid")
    assert model.requests == []


async def test_a_running_call_is_not_filed(world: World) -> None:
    session = await world.call()
    with pytest.raises(CallRunning):
        await world.wrap_ups.file(session.call.id, FILED, "Dana", world.durable)


async def test_a_question_is_answered_by_the_model_or_without_it_and_says_which(world: World) -> None:
    call_id = await ended_call(world)
    picture = world.registry.find(call_id).record.snapshot()
    used: list[tuple[CallId, ModelAnswer]] = []
    model = ScriptedModel('{"answer": "A refund.", "evidence": [1]}', ModelAnswerInvalid(NO_OBJECT))
    questions = Questions(
        ModelUse(model, world.clock, lambda call, use: used.append((call, use)), lambda: None),
        world.clock,
        hide_refunds,
        PROMPTS,
    )
    report = questions.ask(picture, "What was promised?")
    assert (report.answer.text, report.engine, report.stands_in_for) == ("[hidden].", "scripted", "")
    assert [utterance.text for utterance in report.answer.evidence] == ["I will refund the second charge."]
    ((charged, use),) = used
    assert (charged, use.purpose, use.usage) == (call_id, Purpose.QUESTION, TokenUsage(100, 20))
    report = questions.ask(picture, "Is there a refund?")
    assert (report.answer.text, report.engine, report.stands_in_for) == ("", "extractive", "ModelAnswerInvalid")
    assert [utterance.text for utterance in report.answer.evidence] == ["I will refund the second charge."]
    assert Questions(None, world.clock, hide_refunds, PROMPTS).ask(picture, "refund?").stands_in_for == ""


@pytest.mark.parametrize("question", ["", " \n ", "x" * (LONGEST_QUESTION + 1)])
async def test_no_question_and_one_without_end_are_refused(world: World, question: str) -> None:
    session = await world.call()
    with pytest.raises(QuestionInvalid):
        Questions(None, world.clock, hide_refunds, PROMPTS).ask(session.record.snapshot(), question)


class HeldModel(ScriptedModel):
    """Answers once `gate` is set."""

    def __init__(self) -> None:
        super().__init__('{"answer": "yes", "evidence": []}')
        self.gate = threading.Event()
        self.asked = threading.Semaphore(0)

    def stream(self, request: ModelRequest) -> Iterator[ModelDelta]:
        self.asked.release()
        self.gate.wait(30)
        yield from super().stream(request)


async def test_more_questions_than_there_are_places_are_refused_and_the_places_come_back(world: World) -> None:
    picture = world.registry.find(await ended_call(world)).record.snapshot()
    model = HeldModel()
    questions = Questions(ModelUse(model, ManualClock(), no_charge, lambda: None), ManualClock(), hide_refunds, PROMPTS)
    threads = [threading.Thread(target=questions.ask, args=(picture, "refund?")) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert model.asked.acquire(timeout=30)
    with pytest.raises(QuestionsBusy):
        questions.ask(picture, "refund?")
    model.gate.set()
    for thread in threads:
        thread.join(30)
    assert questions.ask(picture, "refund?").answer.text == "yes"
