"""Alerts from what is said in one call: raised, carried on and cleared by rules. Pure; there is no clock inside."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from core.assist.alert_evidence import Evidence, Moment, Watch, watch
from core.assist.alert_rules import AlertRule, AlertRules
from core.model.text_alert import TextAlert

MOST_UTTERANCES = 50
"""That one alert marks; later ones count as its going on, and are not marked."""


@dataclass(slots=True)
class _State:
    rule: AlertRule
    watch: Watch
    open: TextAlert | None = None
    last_s: float = 0.0
    """When there was evidence last."""
    told: TextAlert | None = None
    """What was open at the end, as it was cleared."""


class TextAlertWatch:
    """All rules for one call. One thread at a time."""

    def __init__(self) -> None:
        self._states: dict[str, _State] = {}
        self._raised: Counter[str] = Counter()

    def look(self, rules: AlertRules, moment: Moment, switched_off: Collection[str] = ()) -> tuple[TextAlert, ...]:
        """The alerts that are new or have changed at a moment.

        What a rule has seen is forgotten when the rule changes, goes or is switched off, and its alert is cleared.
        """
        wanted = {rule.id: rule for rule in rules.rules if rule.id not in switched_off}
        gone = [state for name, state in self._states.items() if wanted.get(name) != state.rule]
        for state in gone:
            del self._states[state.rule.id]
        for name, rule in wanted.items():
            if name not in self._states:
                self._states[name] = _State(rule, watch(rule))
        changed = [replace(state.open, cleared_at_s=moment.now_s) for state in gone if state.open is not None]
        changed += [alert for name in wanted if (alert := self._judged(self._states[name], moment)) is not None]
        return tuple(changed)

    def finish(self, now_s: float) -> tuple[TextAlert, ...]:
        """The call is over since `now_s`: what is open is cleared. Idempotent.

        A later look, at what became known of that time only afterwards, carries on what was open then; it is to be
        followed by this again.
        """
        cleared = []
        for state in self._states.values():
            if state.open is not None and state.open != state.told:
                state.told = state.open
                cleared.append(replace(state.open, cleared_at_s=max(now_s, state.open.raised_at_s)))
        return tuple(cleared)

    def _judged(self, state: _State, moment: Moment) -> TextAlert | None:
        evidence = state.watch.look(moment)
        if evidence is not None:
            state.last_s = max(state.last_s, evidence.at_s)
            before = state.open
            state.open = self._raise(state.rule, evidence) if before is None else _carried_on(before, evidence)
            return None if state.open == before else state.open
        if state.open is None or not (state.watch.is_lasting or moment.now_s - state.last_s >= state.rule.keep_s):
            return None
        cleared = replace(state.open, cleared_at_s=max(moment.now_s, state.open.raised_at_s))
        state.open = None
        return cleared

    def _raise(self, rule: AlertRule, evidence: Evidence) -> TextAlert:
        self._raised[rule.id] += 1
        return TextAlert(
            id=f"{rule.id}-{self._raised[rule.id]}",
            rule_id=rule.id,
            names=rule.names,
            category=rule.category,
            level=rule.level,
            raised_at_s=evidence.at_s,
            utterance_ids=evidence.utterance_ids[:MOST_UTTERANCES],
            participant_id=evidence.participant_id,
            words=evidence.words,
            notify=rule.notify,
        )


def _carried_on(alert: TextAlert, evidence: Evidence) -> TextAlert:
    utterances = dict.fromkeys((*alert.utterance_ids, *evidence.utterance_ids))
    words = dict.fromkeys((*alert.words, *evidence.words))
    return replace(
        alert,
        utterance_ids=tuple(utterances)[:MOST_UTTERANCES],
        words=tuple(words)[:MOST_UTTERANCES],
        participant_id=alert.participant_id or evidence.participant_id,
    )
