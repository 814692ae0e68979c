"""A session raises alerts from what is said in it, keeps them, tells the webhook, and is never held up."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from core.assist.alert_rules_file import alert_rules_file
from core.calls.alerting import Alerting
from core.calls.export import ExportFormat, export_call
from core.calls.session import CallSession
from core.calls.webhook import Webhook
from core.calls.webhook_client import WebhookClient
from core.model.call import CallId, EndReason, Participant, Role
from core.model.health import PartState
from core.model.text_alert import TextAlert
from core.model.turn_trace import TurnRecord
from core.model.utterance import Recognition
from tests.calls.conftest import World, opened_world
from tests.fakes.clock import ManualClock
from tests.fakes.insight_source import FULL, ScriptedSource
from tests.fakes.webhook_receiver import webhook_receiver

RULES = """
rules:
  - id: cancel
    name: {ko: 해지 요구, en: Wants to cancel}
    category: churn
    level: critical
    said: [{words: [해지], by: customer}]
    keep_s: 60
    webhook: true
    notify: true
  - {id: silence, name: {ko: 침묵, en: Silence}, category: conduct, level: warning, silence: {for_s: 30}}
"""
OF_THE_MODEL = """
rules:
  - {id: churn, name: {ko: 이탈 위험, en: Churn}, category: churn, level: critical, risk: churn, webhook: true}
  - {id: angry, name: {ko: 불만, en: Angry}, category: mood, level: warning, sentiment: {below: -0.2, for_s: 0}}
  - {id: silence, name: {ko: 침묵, en: Silence}, category: conduct, level: warning, silence: {for_s: 30}}
"""
SLOW = """
rules:
  - {id: slow, name: {ko: 느림, en: Slow}, category: c, level: info, said: [{pattern: '(a|aa|aaa)+(b|bb)+$'}]}
"""


def save(world: World, text: str) -> None:
    world.alert_rules.save(text, world.alert_rules.report().digest)


def say(session: CallSession, who: Participant, text: str, ordinal: int = 0) -> None:
    now_s = session.record.now_s()
    session.said(who.id, Recognition(ordinal, text, is_final=True, start_s=now_s - 2, end_s=now_s))


async def looked(world: World, session: CallSession) -> tuple[TextAlert, ...]:
    """The alerts after one more look at the call."""
    await session.tick()
    looking = session._text_alerts._looking
    assert looking is not None
    await looking
    return session.record.snapshot().text_alerts


async def spoken(world: World, text: str) -> CallSession:
    """A call in which a customer has said something."""
    session = await world.call()
    customer = await world.connected(session, Role.CUSTOMER, "지영")
    world.clock.advance(5)
    say(session, customer, text)
    await world.until(session.record.finals)
    return session


async def test_what_a_rule_finds_is_shown_kept_and_cleared(world: World) -> None:
    save(world, RULES)
    session = await spoken(world, "요금제 해지를 하고 싶어요")
    (alert,) = await looked(world, session)
    (utterance,) = session.record.finals()
    assert (alert.rule_id, alert.utterance_ids, alert.words) == ("cancel", (utterance.id,), ("해지",))
    assert session.record.overview().text_alerts == (alert,)
    world.clock.advance(61)
    alerts = {each.rule_id: each for each in await looked(world, session)}
    assert not alerts["cancel"].is_open
    assert alerts["silence"].is_open
    await session.end(EndReason.HUNG_UP)
    assert all(not each.is_open for each in session.record.snapshot().text_alerts)
    await world.until(lambda: [a.is_open for a in world.store.load_call(session.call.id).text_alerts] == [False, False])
    kept = world.store.load_call(session.call.id)
    assert kept.text_alerts[0] == replace(alerts["cancel"], words=())
    assert kept.snapshot((), session.record.snapshot().quality).text_alerts == kept.text_alerts


async def test_the_last_words_of_a_call_are_looked_at_too(world: World) -> None:
    save(world, RULES)
    session = await spoken(world, "해지해 주세요")
    await session.end(EndReason.HUNG_UP)
    (alert,) = session.record.snapshot().text_alerts
    assert alert.cleared_at_s is not None


async def test_what_the_model_says_of_the_last_words_is_judged_when_it_comes_as_of_the_end(tmp_path: Path) -> None:
    source = ScriptedSource(script=[FULL])
    source.gate.clear()
    with webhook_receiver() as receiver:
        async with opened_world(tmp_path, source) as world:
            webhook = Webhook(WebhookClient(receiver.url, True, ManualClock()), b"secret", ManualClock(), Random(1))
            own = Alerting(world.alert_rules, webhook)
            world.registry._services = replace(world.registry._services, alerting=own)
            save(world, OF_THE_MODEL)
            session = await spoken(world, "그럼 해지할까 해요")
            world.clock.advance(31)
            (silence,) = await looked(world, session)
            await session.end(EndReason.HUNG_UP)
            end_s = session.record.now_s()
            await session.tick()
            assert [each.rule_id for each in session.record.snapshot().text_alerts] == ["silence"]
            world.clock.advance(20)
            source.gate.set()
            await world.until(lambda: session.record.latest_summary)
            for _ in range(3):
                await session.tick()
                await session.end(EndReason.HUNG_UP)
            alerts = {each.rule_id: each for each in session.record.snapshot().text_alerts}
            assert set(alerts) == {"silence", "churn", "angry"}
            assert alerts["silence"] == replace(silence, cleared_at_s=end_s), "what was open then is not raised again"
            assert alerts["churn"].words == ("해지할까 해요",)
            assert alerts["churn"].utterance_ids == (session.record.finals()[0].id,)
            for name in ("churn", "angry"):
                assert (alerts[name].raised_at_s, alerts[name].cleared_at_s) == (end_s, end_s)
            kept = world.store.load_call
            await world.until(lambda: len(kept(session.call.id).text_alerts) == 3)
            await world.until(lambda: not any(each.is_open for each in kept(session.call.id).text_alerts))
            receiver.wait_for(1)
            own.close()
    assert [json.loads(got.body)["alert"]["rule"] for got in receiver.received] == ["churn"]


async def test_rules_that_change_count_for_a_running_call(world: World) -> None:
    session = await spoken(world, "해지해 주세요")
    assert await looked(world, session) == ()
    save(world, RULES)
    say(session, session.call.participants[0], "꼭 해지해 주세요", 1)
    await world.until(lambda: len(session.record.finals()) == 2)
    assert [each.rule_id for each in await looked(world, session)] == ["cancel"]


async def test_a_rule_that_is_too_slow_is_switched_off_and_said(world: World) -> None:
    save(world, SLOW)
    session = await spoken(world, "a" * 60 + "c")
    assert await looked(world, session) == ()
    health = world.alerting.health
    assert health.state is PartState.DEGRADED
    assert "slow was switched off" in health.in_english
    save(world, RULES)
    await looked(world, session)
    assert world.alerting.health.state is PartState.UP
    assert "2 alert rules are in use." in world.alerting.health.in_english


async def test_a_wrong_file_leaves_the_last_good_rules_and_is_said(world: World) -> None:
    save(world, RULES)
    session = await spoken(world, "해지해 주세요")
    world.alert_rules.path.write_text("rules: [{id: x}]")
    assert [each.rule_id for each in await looked(world, session)] == ["cancel"]
    assert "Line 1: the rule has no name" in world.alerting.health.in_english


@pytest.mark.parametrize("tells_words", [False, True])
async def test_the_webhook_is_told_once_and_of_words_only_if_it_may(
    world: World, tmp_path: Path, tells_words: bool
) -> None:
    with webhook_receiver() as receiver:
        webhook = Webhook(WebhookClient(receiver.url, True, ManualClock()), b"secret", ManualClock(), Random(1))
        own = Alerting(alert_rules_file(tmp_path / "own.yaml", world.clock), webhook, tells_words)
        (tmp_path / "own.yaml").write_text(RULES)
        world.registry._services = replace(world.registry._services, alerting=own)
        session = await spoken(world, "요금제 해지를 하고 싶어요")
        await looked(world, session)
        world.clock.advance(61)
        await looked(world, session)
        await session.end(EndReason.HUNG_UP)
        (got,) = receiver.wait_for(1)
        own.close()
        assert len(receiver.received) == 1, "silence asks for no webhook, and that an alert is over is not told"
    told = json.loads(got.body)
    assert (told["call"], told["event"]) == (session.call.id, "alert.raised")
    assert (told["alert"]["rule"], told["alert"]["said_by"]) == ("cancel", "customer")
    assert told["alert"]["raised_at"] == pytest.approx(session.call.created_at + 5, abs=0.01)
    assert told["alert"].get("words") == (["해지"] if tells_words else None)
    assert ("해지를" in got.body.decode()) is False
    assert "지영" not in got.body.decode()


async def test_an_export_has_the_alerts_without_words(world: World) -> None:
    save(world, RULES)
    session = await spoken(world, "해지해 주세요")
    await session.end(EndReason.HUNG_UP)
    await world.until(lambda: world.store.load_call(session.call.id).text_alerts)
    content = json.loads(
        export_call(world.store.load_call(session.call.id), (), ExportFormat.JSON, TurnRecord(CallId("none")))
    )
    (alert,) = content["text_alerts"]
    assert (alert["rule_id"], alert["level"], "words" in alert) == ("cancel", "critical", False)
    assert alert["utterance_ids"] == [content["utterances"][0]["id"]]


async def test_a_look_that_fails_ends_no_call_and_quotes_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save(world, RULES)
    session = await spoken(world, "아무도 모르는 말")

    async def failing(utterances: object) -> None:
        raise RuntimeError("아무도 모르는 말")

    monkeypatch.setattr(world.alerting, "hits", failing)
    await looked(world, session)
    assert world.alerting.health.state is PartState.DEGRADED
    assert "failed with RuntimeError" in caplog.text
    assert "아무도" not in caplog.text
    await session.end(EndReason.HUNG_UP)
    assert session.is_over


async def test_who_gives_up_waiting_for_a_call_to_end_does_not_break_off_its_alerts(world: World) -> None:
    save(world, RULES)
    session = await spoken(world, "해지하고 싶어요")
    session._text_alerts.tick()
    waiting = asyncio.create_task(session._text_alerts.settled())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await session.end(EndReason.HUNG_UP)
    assert [alert.rule_id for alert in session.record.snapshot().text_alerts] == ["cancel"]
