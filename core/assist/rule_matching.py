"""Which conditions of which rules an utterance meets: the part of a rule's judgement that takes time."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from core.assist.alert_rules import AlertRule, AlertRules, Said, SaidCondition, counts_for
from core.assist.said_words import Reading
from core.assist.timed_pattern import TimedPattern
from core.model.errors import AlertPatternSlow
from core.model.utterance import Utterance

logger = logging.getLogger(__name__)

Hits = Mapping[tuple[str, int], tuple[str, ...]]
"""The words that were found, by the rule's id and the condition's place in it."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    rule_id: str
    place: int
    condition: SaidCondition
    words: tuple[Reading, ...]
    pattern: TimedPattern | None


class RuleMatcher:
    """Looks for what a set of rules wants to be said. One thread at a time; may take some milliseconds an utterance.

    A rule whose regular expression takes too long is switched off for as long as this matcher lives.
    """

    def __init__(self, rules: AlertRules) -> None:
        """Blocking: words are taken apart, which may load the analyser."""
        self.rules = rules
        self.switched_off: Mapping[str, AlertPatternSlow] = {}
        """Rules that are of no effect any more, and why. Replaced as a whole; any thread may read it."""
        self._wanted = tuple(each for rule in rules.rules for each in _wanted(rule))

    def hits(self, utterance: Utterance) -> Hits:
        """What an utterance meets."""
        if not self._wanted:
            return {}
        reading = Reading.of(utterance.text)
        found: dict[tuple[str, int], tuple[str, ...]] = {}
        for each in self._wanted:
            if each.rule_id in self.switched_off or not counts_for(utterance.role, each.condition.by):
                continue
            try:
                words = _found(each, reading)
            except AlertPatternSlow as error:
                self.switched_off = {**self.switched_off, each.rule_id: error}
                logger.error("%s", error)
                continue
            if words:
                found[each.rule_id, each.place] = words
        return {place: words for place, words in found.items() if place[0] not in self.switched_off}


def _wanted(rule: AlertRule) -> "list[_Wanted]":
    if not isinstance(rule.condition, Said):
        return []
    return [
        _Wanted(
            rule.id,
            place,
            condition,
            tuple(map(Reading.of, condition.words)),
            TimedPattern(condition.pattern, rule.id) if condition.pattern else None,
        )
        for place, condition in enumerate(rule.condition.conditions)
    ]


def _found(wanted: _Wanted, reading: Reading) -> tuple[str, ...]:
    if wanted.pattern is not None:
        text = wanted.pattern.search(reading.text)
        return () if text is None else (text,)
    return tuple(dict.fromkeys(text for words in wanted.words if (text := reading.find(words)) is not None))
