"""A regular expression that explodes stops itself; its rule is switched off and others go on."""

import threading

import pytest

from core.assist.alert_rules import AlertRules
from core.assist.alert_rules_format import parse_alert_rules
from core.assist.rule_matching import RuleMatcher
from core.assist.timed_pattern import TimedPattern
from core.model.errors import AlertPatternInvalid, AlertPatternSlow
from tests.assist.saying import said

CATASTROPHE = r"(a|aa|aaa)+(b|bb)+$"
EVIL = "a" * 60 + "c"


def rules() -> AlertRules:
    return parse_alert_rules(
        """
        rules:
          - {id: slow, name: {ko: 가, en: A}, category: c, level: info, said: [{pattern: '(a+)+$'}]}
          - {id: fine, name: {ko: 가, en: A}, category: c, level: info, said: [{words: [환불]}]}
        """.replace("(a+)+$", CATASTROPHE),
        "alerts.yaml",
    )


def test_a_pattern_finds_what_it_means_whatever_the_case() -> None:
    assert TimedPattern(r"re\s*fund").search("A RE FUND please") == "RE FUND"
    assert TimedPattern("x").search("y") is None


def test_a_bad_pattern_is_refused_with_the_reason() -> None:
    with pytest.raises(AlertPatternInvalid, match="regular expression"):
        TimedPattern("(")


def test_a_catastrophic_pattern_is_stopped_and_other_threads_go_on_meanwhile() -> None:
    pattern, turns, over = TimedPattern(CATASTROPHE, "evil"), 0, threading.Event()

    def search() -> None:
        with pytest.raises(AlertPatternSlow) as caught:
            pattern.search(EVIL, limit_s=0.3)
        assert caught.value.rule == "evil"
        over.set()

    thread = threading.Thread(target=search, name="search")
    thread.start()
    while not over.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 3


def test_a_rule_that_is_too_slow_is_switched_off_and_named_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    matcher = RuleMatcher(rules())
    assert matcher.hits(said("환불해 주세요")) == {("fine", 0): ("환불",)}
    assert matcher.hits(said(f"환불 {EVIL}")) == {("fine", 0): ("환불",)}
    assert set(matcher.switched_off) == {"slow"}
    assert "slow was switched off" in caplog.text
    assert EVIL not in caplog.text
    assert matcher.hits(said("ab")) == {}
