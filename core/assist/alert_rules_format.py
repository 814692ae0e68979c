"""The file of alert rules (YAML): what may stand in it, and on which line something is wrong.

rules:
  - id: cancel                      # unique; letters, digits, - and _
    name: {ko: 해지 요구, en: Wants to cancel}
    category: churn
    level: critical                 # info, warning or critical
    said:                           # exactly one of said, sentiment, risk, silence, talk_over, speaking_share
      - words: [해지, cancel]       # or pattern: a regular expression
        by: customer                # customer, agent (a persona is one, too), supervisor or persona; anybody without it
      - words: [죄송, sorry]
        by: agent
        not: true                   # not within within_s after that
    within_s: 60
    keep_s: 120
    webhook: true
    notify: true
  - {..., sentiment: {below: -0.5, for_s: 30}}
  - {..., risk: churn}              # or any
  - {..., silence: {for_s: 30}}
  - {..., talk_over: {for_s: 3}}
  - {..., speaking_share: {by: agent, above: 80, within_s: 120}}
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from core.assist.alert_rules import (
    KEEP_S,
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
from core.assist.timed_pattern import TimedPattern
from core.language.catalogue import LOCALES
from core.model.call import Role
from core.model.errors import AlertPatternInvalid, AlertRulesInvalid
from core.model.message import Message
from core.model.text_alert import AlertLevel
from core.settings.yaml_reader import Node, YamlReader, is_nothing, is_scalar, line_of, short

MOST_RULES = 200
MOST_CONDITIONS = 5
MOST_WORDS = 200
LONGEST_NAME = 80
LONGEST_WORDS = 100
LONGEST_PATTERN = 500
LONGEST_S = 3_600.0
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KINDS: Final = ("said", "sentiment", "risk", "silence", "talk_over", "speaking_share")
_ABOUT: Final = ("id", "name", "category", "level", "keep_s", "webhook", "notify", "within_s")
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}


def parse_alert_rules(text: str, path: str) -> AlertRules:
    """The rules in a text; one without any entry holds none. `path` is for the error. Any thread; blocking.

    Raises:
        AlertRulesInvalid: with the first line that cannot be used, and why.
    """
    return _Parser(path).parse(text)


class _Parser:
    def __init__(self, path: str) -> None:
        self._yaml = YamlReader(lambda line, reason: AlertRulesInvalid(path=path, line=line, reason=reason))
        self._conditions: Mapping[str, Callable[[Node], Condition]] = {
            "sentiment": self._sentiment,
            "risk": lambda node: RiskFlagged("" if (kind := self._yaml.words(node, LONGEST_NAME)) == "any" else kind),
            "silence": lambda node: Silence(self._seconds(node, least=5.0)),
            "talk_over": lambda node: TalkOver(self._seconds(node, least=0.5)),
            "speaking_share": self._share,
        }

    def parse(self, text: str) -> AlertRules:
        root = self._yaml.compose(text)
        if root is None:
            return AlertRules()
        listed = self._yaml.mapping(root, ("rules",)).get("rules")
        rules: list[AlertRule] = []
        lines: dict[str, int] = {}
        for node in self._yaml.items(listed) if listed is not None else ():
            rule = self._rule(node)
            if rule.id in lines:
                raise self._yaml.twice(node, rule.id, lines[rule.id])
            lines[rule.id] = line_of(node)
            rules.append(rule)
            if len(rules) > MOST_RULES:
                raise self._yaml.invalid(node, Message("there are more than {limit} rules", {"limit": MOST_RULES}))
        return AlertRules(tuple(rules))

    def _rule(self, node: Node) -> AlertRule:
        parts = self._yaml.mapping(node, _ABOUT + _KINDS)
        for name in ("id", "name", "category", "level"):
            if name not in parts:
                raise self._yaml.invalid(node, Message("the rule has no {name}", {"name": name}))
        rule_id = self._yaml.words(parts["id"], LONGEST_NAME)
        if not _ID.fullmatch(rule_id):
            unfit = Message("“{name}” is no id: letters, digits, - and _ only, at most 64", {"name": short(rule_id)})
            raise self._yaml.invalid(parts["id"], unfit)
        names = self._yaml.mapping(parts["name"], LOCALES)
        if set(names) != set(LOCALES):
            raise self._yaml.invalid(parts["name"], Message("the name is wanted in both languages: ko and en"))
        return AlertRule(
            id=rule_id,
            names={locale: self._yaml.words(names[locale], LONGEST_NAME) for locale in LOCALES},
            category=self._yaml.words(parts["category"], LONGEST_NAME),
            level=AlertLevel(self._one_of(parts["level"], tuple(AlertLevel))),
            condition=self._condition(node, parts),
            keep_s=self._number(parts["keep_s"], 1.0, LONGEST_S) if "keep_s" in parts else KEEP_S,
            webhook=self._truth(parts.get("webhook")),
            notify=self._truth(parts.get("notify")),
        )

    def _condition(self, rule: Node, parts: Mapping[str, Node]) -> Condition:
        given = [kind for kind in _KINDS if kind in parts]
        if len(given) != 1:
            wanted = Message("exactly one of these is wanted: {kinds}", {"kinds": ", ".join(_KINDS)})
            raise self._yaml.invalid(parts[given[1]] if given else rule, wanted)
        (kind,) = given
        if kind == "said":
            return self._said(parts["said"], parts.get("within_s"))
        if "within_s" in parts:
            raise self._yaml.invalid(parts["within_s"], Message("within_s belongs to what is said"))
        return self._conditions[kind](parts[kind])

    def _said(self, listed: Node, within: Node | None) -> Said:
        conditions = tuple(map(self._said_condition, self._yaml.items(listed)))
        if not 0 < len(conditions) <= MOST_CONDITIONS:
            reason = Message("one to {limit} conditions are wanted here", {"limit": MOST_CONDITIONS})
            raise self._yaml.invalid(listed, reason)
        return Said(conditions) if within is None else Said(conditions, self._number(within, 1.0, LONGEST_S))

    def _said_condition(self, node: Node) -> SaidCondition:
        parts = self._yaml.mapping(node, ("words", "pattern", "by", "not"))
        if ("words" in parts) == ("pattern" in parts):
            wanted = Message("exactly one of these is wanted: {kinds}", {"kinds": "words, pattern"})
            raise self._yaml.invalid(node, wanted)
        return SaidCondition(
            words=self._words(parts["words"]) if "words" in parts else (),
            pattern=self._pattern(parts["pattern"]) if "pattern" in parts else "",
            by=self._role(parts["by"]) if "by" in parts else None,
            is_negated=self._truth(parts.get("not")),
        )

    def _words(self, listed: Node) -> tuple[str, ...]:
        found = tuple(self._yaml.words(node, LONGEST_WORDS) for node in self._yaml.items(listed))
        if not 0 < len(found) <= MOST_WORDS:
            raise self._yaml.invalid(listed, Message("one to {limit} words are wanted here", {"limit": MOST_WORDS}))
        return found

    def _pattern(self, node: Node) -> str:
        text = self._text(node)
        if len(text) > LONGEST_PATTERN:
            raise self._yaml.too_long(node, text, LONGEST_PATTERN)
        try:
            TimedPattern(text)
        except AlertPatternInvalid as error:
            problem = Message("the regular expression cannot be used ({problem})", {"problem": error.reason})
            raise self._yaml.invalid(node, problem) from error
        return text

    def _sentiment(self, node: Node) -> SentimentBelow:
        parts = self._all_of(node, ("below", "for_s"))
        return SentimentBelow(self._number(parts["below"], -1.0, 1.0), self._number(parts["for_s"], 0.0, LONGEST_S))

    def _share(self, node: Node) -> SpeakingShare:
        parts = self._all_of(node, ("by", "above", "within_s"))
        above = self._number(parts["above"], 1.0, 99.0)
        return SpeakingShare(self._role(parts["by"]), above, self._number(parts["within_s"], 10.0, LONGEST_S))

    def _seconds(self, node: Node, least: float) -> float:
        return self._number(self._all_of(node, ("for_s",))["for_s"], least, LONGEST_S)

    def _all_of(self, node: Node, wanted: tuple[str, ...]) -> dict[str, Node]:
        parts = self._yaml.mapping(node, wanted)
        for name in wanted:
            if name not in parts:
                raise self._yaml.invalid(node, Message("{name} is missing here", {"name": name}))
        return parts

    def _role(self, node: Node) -> Role:
        return Role(self._one_of(node, tuple(Role)))

    def _one_of(self, node: Node, allowed: tuple[str, ...]) -> str:
        text = self._text(node)
        if text not in allowed:
            unknown = Message(
                "“{name}” is unknown here; what may stand here: {allowed}",
                {"name": short(text), "allowed": ", ".join(allowed)},
            )
            raise self._yaml.invalid(node, unknown)
        return text

    def _truth(self, node: Node | None) -> bool:
        if node is None:
            return False
        if (truth := _TRUTH.get(self._text(node).lower())) is None:
            raise self._yaml.invalid(node, Message("true or false is wanted here"))
        return truth

    def _number(self, node: Node, least: float, most: float) -> float:
        try:
            number = float(self._text(node))
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            limits = Message("a number from {least:g} to {most:g} is wanted here", {"least": least, "most": most})
            raise self._yaml.invalid(node, limits)
        return number

    def _text(self, node: Node) -> str:
        if not is_scalar(node):
            raise self._yaml.invalid(node, Message("a text is wanted here"))
        if is_nothing(node):
            raise self._yaml.invalid(node, Message("an entry is empty"))
        return str(node.value)
