"""The file of alert rules: what may stand in it, and that whatever is wrong is named with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assist.alert_rules import (
    AlertRule,
    AlertRules,
    RiskFlagged,
    Said,
    SaidCondition,
    SentimentBelow,
    Silence,
    SpeakingShare,
    TalkOver,
)
from core.assist.alert_rules_file import RULES_FORM, SAMPLE
from core.assist.alert_rules_format import parse_alert_rules
from core.model.call import Role
from core.model.errors import AlertRulesInvalid
from core.model.text_alert import AlertLevel

RULE = "- {id: a, name: {ko: 가, en: A}, category: c, level: info, silence: {for_s: 30}}"


def parsed(text: str) -> AlertRules:
    return parse_alert_rules(text, "alerts.yaml")


def the_rule(condition: str) -> AlertRule:
    (rule,) = parsed("rules:\n- {id: a, name: {ko: 가, en: A}, category: c, level: warning, " + condition + "}").rules
    return rule


def test_every_kind_of_condition_is_read() -> None:
    conditions = {
        "sentiment: {below: -0.5, for_s: 30}": SentimentBelow(-0.5, 30),
        "risk: churn": RiskFlagged("churn"),
        "risk: any": RiskFlagged(""),
        "silence: {for_s: 30}": Silence(30),
        "talk_over: {for_s: 2.5}": TalkOver(2.5),
        "speaking_share: {by: agent, above: 80, within_s: 120}": SpeakingShare(Role.AGENT, 80, 120),
        "said: [{words: [no, 007]}]": Said((SaidCondition(("no", "007")),)),
        "said: [{pattern: 'a.b', by: customer}, {words: [x], not: true}], within_s: 20": Said(
            (SaidCondition(pattern="a.b", by=Role.CUSTOMER), SaidCondition(("x",), is_negated=True)), 20
        ),
    }
    assert [the_rule(text).condition for text in conditions] == list(conditions.values())


def test_a_rule_says_what_it_is_called_how_much_it_matters_and_who_is_told() -> None:
    rule = the_rule("silence: {for_s: 30}, keep_s: 60, webhook: true, notify: yes")
    assert (rule.names, rule.category, rule.level) == ({"ko": "가", "en": "A"}, "c", AlertLevel.WARNING)
    assert (rule.keep_s, rule.webhook, rule.notify) == (60, True, True)
    assert not the_rule("silence: {for_s: 30}").webhook


@pytest.mark.parametrize("text", ["", "rules:", "rules: []", "# nothing"])
def test_a_file_without_rules_holds_none(text: str) -> None:
    assert parsed(text).rules == ()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("rules: x", 1, "a list is wanted here"),
        ("rule: []", 1, "“rule” is unknown here"),
        ("rules:\n- {id: a}", 2, "the rule has no name"),
        (f"rules:\n{RULE}\n{RULE}", 3, "“a” is there already, on line 2"),
        ("rules:\n" + RULE.replace("id: a", "id: a b"), 2, "“a b” is no id"),
        ("rules:\n" + RULE.replace("ko: 가, ", ""), 2, "both languages"),
        ("rules:\n" + RULE.replace("info", "urgent"), 2, "what may stand here: critical, warning, info"),
        ("rules:\n" + RULE.replace(", silence: {for_s: 30}", ""), 2, "exactly one of these is wanted"),
        ("rules:\n" + RULE.replace("silence", "risk: x, silence"), 2, "exactly one of these is wanted"),
        ("rules:\n" + RULE.replace("for_s: 30", "for_s: 1"), 2, "a number from 5 to 3600"),
        ("rules:\n" + RULE.replace("for_s: 30", "for_s: nan"), 2, "a number from 5 to 3600"),
        ("rules:\n" + RULE.replace("{for_s: 30}", "{}"), 2, "for_s is missing here"),
        ("rules:\n" + RULE.replace("silence", "within_s: 3, silence"), 2, "within_s belongs to what is said"),
        ("rules:\n" + RULE.replace("silence: {for_s: 30}", "said: []"), 2, "one to 5 conditions"),
        ("rules:\n" + RULE.replace("silence: {for_s: 30}", "said: [{words: []}]"), 2, "one to 200 words"),
        ("rules:\n" + RULE.replace("silence: {for_s: 30}", "said: [{by: agent}]"), 2, "words, pattern"),
        ("rules:\n" + RULE.replace("silence: {for_s: 30}", "said: [\n{pattern: '(a'}]"), 3, "the regular expression"),
        ("rules:\n" + RULE.replace("level", "webhook: maybe, level"), 2, "true or false"),
        ("rules:\n  - [", 2, "it cannot be read as YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(AlertRulesInvalid) as caught:
        parsed(text)
    assert (caught.value.line, caught.value.path) == (line, "alerts.yaml")
    assert reason in str(caught.value)


LINE_ENDS = "\n\r\x85\u2028\u2029"


@given(st.text(max_size=300) | st.text(st.sampled_from("rules: -[]{}\n'\"&*!?|>#aid,"), max_size=80))
def test_any_text_is_rules_or_an_error_with_a_line_that_is_there(text: str) -> None:
    lines = 1 + sum(map(text.count, LINE_ENDS))
    try:
        found = parsed(text)
    except AlertRulesInvalid as error:
        found = None
        line = error.line
    assert found == AlertRules() if found is not None else 1 <= line <= lines


def test_the_rules_that_come_with_earshot_are_in_use_until_there_is_a_file() -> None:
    assert RULES_FORM.without == parsed(SAMPLE.read_text(encoding="utf-8"))
    rules = RULES_FORM.without.rules
    assert len(rules) >= 10
    assert {type(rule.condition) for rule in rules} == {
        Said,
        SentimentBelow,
        RiskFlagged,
        Silence,
        TalkOver,
        SpeakingShare,
    }
