"""Alerts are raised when a rule's condition holds, go on, and are cleared: moment by moment, without a clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assist.alert_evidence import RECOGNITION_S, Moment
from core.assist.alert_rules import (
    AlertRule,
    AlertRules,
    Condition,
    RiskFlagged,
    Said,
    SaidCondition,
    SentimentBelow,
    Silence,
    SpeakingShare,
    TalkOver,
)
from core.assist.rule_matching import RuleMatcher
from core.assist.text_alerts import TextAlertWatch
from core.model.call import Role
from core.model.insight import RiskFlag, Summary
from core.model.text_alert import AlertLevel, TextAlert
from core.model.utterance import Utterance
from tests.assist.saying import said, summed_up

KEEP_S = 60.0
CUSTOMER, AGENT, PERSONA = Role.CUSTOMER, Role.AGENT, Role.PERSONA


def rule(condition: Condition, name: str = "r", **more: object) -> AlertRule:
    return AlertRule(
        id=name,
        names={"ko": "규칙", "en": "Rule"},
        category="c",
        level=AlertLevel.WARNING,
        condition=condition,
        **({"keep_s": KEEP_S} | more),
    )


def words(*texts: str, by: Role | None = None, is_negated: bool = False) -> SaidCondition:
    return SaidCondition(texts, by=by, is_negated=is_negated)


@dataclass
class Call:
    """A call that is live from its second 0, looked at whenever something happens."""

    rules: AlertRules
    live_s: float | None = 0.0
    watch: TextAlertWatch = field(default_factory=TextAlertWatch)
    spoken: list[Utterance] = field(default_factory=list)
    summary: Summary | None = None
    alerts: dict[str, TextAlert] = field(default_factory=dict)
    switched_off: frozenset[str] = frozenset()

    def at(self, now_s: float, *new: Utterance, summary: Summary | None = None) -> "Call":
        matcher = RuleMatcher(self.rules)
        self.spoken = sorted([*self.spoken, *new], key=lambda u: (u.start_s, u.id))
        self.summary = summary or self.summary
        finals = tuple((each, matcher.hits(each)) for each in new if each.is_final)
        moment = Moment(now_s, self.live_s, finals, tuple(self.spoken), self.summary)
        self.alerts |= {alert.id: alert for alert in self.watch.look(self.rules, moment, self.switched_off)}
        return self

    @property
    def open(self) -> list[str]:
        return [alert.id for alert in self.alerts.values() if alert.is_open]


def call(*conditions: Condition | AlertRule) -> Call:
    rules = [each if isinstance(each, AlertRule) else rule(each, f"r{n}") for n, each in enumerate(conditions)]
    return Call(AlertRules(tuple(rules)))


class TestSaid:
    def test_a_word_marks_its_utterance_and_names_who_said_it(self) -> None:
        (alert,) = call(Said((words("환불", "refund"),))).at(6, said("환불이 되나요", 4, 5)).alerts.values()
        assert (alert.id, alert.utterance_ids, alert.participant_id) == ("r0-1", ("customer-4",), "p-customer")
        assert (alert.words, alert.raised_at_s, alert.is_open) == (("환불",), 5, True)
        assert "환불" not in repr(alert), "what was said may not get into a log by way of an object that is printed"

    def test_only_those_count_whom_the_rule_means(self) -> None:
        talk = call(Said((words("환불", by=CUSTOMER),)))
        assert not talk.at(2, said("환불을 해 드릴게요", 1, by=AGENT)).alerts
        assert talk.at(4, said("환불이요", 3)).open == ["r0-1"]

    def test_more_of_the_same_carries_an_alert_on_and_after_a_while_it_is_cleared(self) -> None:
        talk = call(Said((words("환불"),))).at(2, said("환불", 1)).at(40, said("환불이요", 38, 39))
        assert talk.alerts["r0-1"].utterance_ids == ("customer-1", "customer-38")
        assert talk.at(39 + KEEP_S - 0.1).open == ["r0-1"]
        assert talk.at(39 + KEEP_S).open == []
        assert talk.alerts["r0-1"].cleared_at_s == 39 + KEEP_S
        assert talk.at(200, said("환불", 199)).open == ["r0-2"]

    def test_what_belongs_together_counts_within_the_window_alone_in_any_order(self) -> None:
        both = Said((words("해지"), words("위약금")), within_s=20)
        assert call(both).at(2, said("해지", 1)).at(10, said("위약금", 9)).open == ["r0-1"]
        assert call(both).at(2, said("위약금", 1)).at(10, said("해지", 9)).open == ["r0-1"]
        assert call(both).at(2, said("해지하면 위약금이 있나요", 1)).open == ["r0-1"]
        assert call(both).at(2, said("해지", 1)).at(40, said("위약금", 30)).open == []

    def test_a_complaint_without_an_apology_is_known_once_the_apology_would_have_been_written_down(self) -> None:
        unanswered = Said((words("짜증"), words("죄송하다", by=AGENT, is_negated=True)), within_s=30)
        talk = call(unanswered).at(6, said("짜증 나요", 4, 5))
        assert talk.at(35 + RECOGNITION_S - 0.1).open == []
        assert talk.at(35 + RECOGNITION_S).open == ["r0-1"]
        answered = call(unanswered).at(6, said("짜증 나요", 4, 5)).at(30, said("죄송합니다", 20, by=AGENT)).at(99)
        assert answered.alerts == {}
        too_late = call(unanswered).at(6, said("짜증 나요", 4, 5)).at(60, said("죄송합니다", 50, by=AGENT))
        assert too_late.open == ["r0-1"]

    def test_what_nobody_said_from_the_beginning_is_an_alert_until_it_is_said(self) -> None:
        greeting = Said((words("안녕하세요", by=AGENT, is_negated=True),), within_s=20)
        talk = call(greeting).at(10, said("여보세요", 1)).at(20 + RECOGNITION_S)
        assert talk.open == ["r0-1"]
        assert talk.at(40, said("안녕하세요", 38, by=AGENT)).open == []
        assert call(greeting).at(10, said("안녕하세요", 5, by=AGENT)).at(99).alerts == {}

    def test_a_persona_stands_in_an_agents_place(self) -> None:
        greeting = Said((words("안녕하세요", by=AGENT, is_negated=True),), within_s=20)
        assert call(greeting).at(10, said("안녕하세요", 5, by=PERSONA)).at(99).alerts == {}
        assert (
            call(Said((words("안녕하세요", by=PERSONA),))).at(10, said("안녕하세요", 5, by=AGENT)).at(99).alerts == {}
        )

    def test_a_call_that_waits_misses_no_greeting(self) -> None:
        talk = call(Said((words("안녕하세요", is_negated=True),), within_s=20), Silence(30))
        talk.live_s = None
        assert talk.at(500).alerts == {}
        talk.live_s = 500.0
        assert talk.at(510).alerts == {}
        assert talk.at(530).open == ["r0-1", "r1-1"]


class TestInsights:
    def test_a_low_sentiment_is_an_alert_when_it_stays(self) -> None:
        talk = call(SentimentBelow(-0.4, for_s=30)).at(1, summary=summed_up(1, -0.8, seen="u1"))
        assert talk.at(30.9).open == []
        assert talk.at(31).open == ["r0-1"]
        assert talk.alerts["r0-1"].utterance_ids == ("u1",)
        talk.at(40, summary=summed_up(40, None))
        assert talk.open == ["r0-1"], "a summary without a sentiment says nothing about it"
        assert talk.at(50, summary=summed_up(50, -0.4)).open == []

    def test_a_sentiment_that_recovers_in_time_is_none(self) -> None:
        talk = call(SentimentBelow(-0.4, for_s=30)).at(1, summary=summed_up(1, -0.8))
        assert talk.at(20, summary=summed_up(20, 0.3)).at(40, summary=summed_up(40, -0.8)).at(60).alerts == {}

    def test_a_risk_marks_the_utterance_that_shows_it(self) -> None:
        talk = call(RiskFlagged("churn"), RiskFlagged(""), RiskFlagged("other"))
        talk.at(3, said("다른 데로 갈래요", 1), said("네", 2, by=AGENT))
        talk.at(5, summary=summed_up(5, risks=(RiskFlag("churn", "갈래요"),), seen="agent-2"))
        assert talk.open == ["r0-1", "r1-1"]
        assert talk.alerts["r0-1"].utterance_ids == ("customer-1",)
        assert talk.at(5 + KEEP_S).open == []


class TestSpeech:
    def test_silence_is_an_alert_until_somebody_speaks_interim_words_included(self) -> None:
        talk = call(Silence(30)).at(2, said("네", 1, 2))
        assert talk.at(31.9).open == []
        assert talk.at(32).open == ["r0-1"]
        assert talk.at(34, said("저", 33, 34, is_final=False)).open == []

    def test_talking_at_the_same_time_marks_both(self) -> None:
        talk = call(TalkOver(3)).at(12, said("가", 1, 10), said("나", 6, 12, by=AGENT))
        assert talk.alerts["r0-1"].utterance_ids == ("customer-1", "agent-6")
        assert call(TalkOver(3)).at(12, said("가", 1, 8), said("나", 6, 12, by=AGENT)).alerts == {}
        assert call(TalkOver(3)).at(12, said("가", 1, 8), said("나", 1, 8, name="again")).alerts == {}

    def test_talk_over_is_noticed_when_the_second_text_comes_later(self) -> None:
        assert call(TalkOver(3)).at(11, said("가", 1, 10)).at(13, said("나", 6, 12, by=AGENT)).open == ["r0-1"]

    def test_a_share_counts_once_the_window_is_full_and_enough_was_said(self) -> None:
        share = SpeakingShare(AGENT, 80, within_s=60)
        talk = call(share).at(40, said("가", 0, 39, by=AGENT))
        assert talk.open == []
        assert talk.at(60).open == ["r0-1"]
        assert talk.at(75, said("나", 60, 75)).open == []
        assert call(share).at(61, said("네", 59, 60, by=AGENT)).alerts == {}


class TestRules:
    def test_what_a_rule_raised_is_cleared_when_the_rule_goes_changes_or_is_switched_off(self) -> None:
        first = rule(Said((words("환불"),)))
        for change in (AlertRules(), AlertRules((replace(first, level=AlertLevel.INFO),)), None):
            talk = call(first).at(2, said("환불", 1))
            if change is None:
                talk.switched_off = frozenset({"r"})
            else:
                talk.rules = change
            assert talk.at(3).open == []
            assert talk.alerts["r-1"].cleared_at_s == 3

    def test_a_rule_that_stays_remembers_when_another_changes(self) -> None:
        both = Said((words("해지"), words("위약금")), within_s=20)
        talk = call(both).at(2, said("해지", 1))
        talk.rules = AlertRules((*talk.rules.rules, rule(Silence(300), "new")))
        assert talk.at(10, said("위약금", 9)).open == ["r0-1"]

    def test_the_end_of_a_call_clears_what_is_open_once(self) -> None:
        talk = call(Said((words("환불"),))).at(2, said("환불", 1))
        (cleared,) = talk.watch.finish(30)
        assert cleared.cleared_at_s == 30
        assert talk.watch.finish(31) == ()

    def test_what_was_open_then_is_carried_on_by_what_becomes_known_later(self) -> None:
        talk = call(RiskFlagged("churn")).at(
            2, said("해지", 1), summary=summed_up(2, risks=(RiskFlag("churn", "해지"),))
        )
        (before,) = talk.watch.finish(30)
        (known,) = talk.alerts.values()
        assert replace(before, cleared_at_s=None) == known
        flags = RiskFlag("churn", "해지"), RiskFlag("churn", "끊을게요")
        talk.at(30, summary=summed_up(30, risks=flags))
        (after,) = talk.watch.finish(30)
        assert (after.id, after.words, after.cleared_at_s) == (before.id, ("해지", "끊을게요"), 30)


TEXTS = ("환불", "해지", "죄송합니다", "네", "refund please")
utterances = st.builds(
    lambda text, start, length, by, n: said(text, start, start + length, by, name=f"u{n}-{start}"),
    st.sampled_from(TEXTS),
    st.floats(0, 300).map(lambda s: round(s, 1)),
    st.floats(0.1, 20).map(lambda s: round(s, 1)),
    st.sampled_from((CUSTOMER, AGENT)),
    st.integers(0, 1_000),
)
ALL = call(
    Said((words("환불"),)),
    Said((words("해지"), words("죄송하다", by=AGENT, is_negated=True)), within_s=30),
    Said((words("네", by=AGENT, is_negated=True),), within_s=20),
    Silence(20),
    TalkOver(2),
    SpeakingShare(AGENT, 70, 60),
    SentimentBelow(0, 10),
    RiskFlagged(""),
).rules


def played(rules: AlertRules, heard: Sequence[Utterance], moments: Iterable[float]) -> Call:
    talk = Call(rules)
    for now_s in moments:
        talk.at(now_s, *(u for u in heard if u.end_s <= now_s and u not in talk.spoken))
    return talk


@pytest.mark.parametrize("step_s", [1, 7])
@given(heard=st.lists(utterances, max_size=12, unique_by=lambda u: u.id))
def test_whatever_is_said_alerts_are_raised_and_cleared_in_order(step_s: int, heard: list[Utterance]) -> None:
    talk = played(ALL, heard, range(0, 340, step_s))
    for alert in talk.alerts.values():
        assert alert.cleared_at_s is None or alert.raised_at_s <= alert.cleared_at_s
        assert set(alert.utterance_ids) <= {u.id for u in heard}
    for each in ALL.rules:
        own = [a for a in talk.alerts.values() if a.rule_id == each.id]
        assert [a.id for a in own] == [f"{each.id}-{n + 1}" for n in range(len(own))]
        assert all(a.cleared_at_s is not None for a in own[:-1]), "a rule has one open alert at a time"


@given(heard=st.lists(utterances, max_size=12, unique_by=lambda u: u.id))
def test_every_utterance_with_the_word_is_marked_and_no_other(heard: list[Utterance]) -> None:
    talk = played(call(Said((words("환불", by=CUSTOMER),))).rules, heard, range(0, 340, 5))
    marked = {name for alert in talk.alerts.values() for name in alert.utterance_ids}
    assert marked == {u.id for u in heard if u.role is CUSTOMER and "환불" in u.text}
